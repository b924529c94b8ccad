import { dirname } from 'node:path';
import { createHardhatRuntimeEnvironment } from 'hardhat/hre';
import type { HardhatRuntimeEnvironment } from 'hardhat/types/hre';
import config from '../hardhat.config.ts';

export type CompiledContract = { abi: unknown[]; bytecode: string; deployedBytecode: string };

/** Hardhat over this folder, without its telemetry. */
export function openHardhat(): Promise<HardhatRuntimeEnvironment> {
  return createHardhatRuntimeEnvironment(config, {}, dirname(import.meta.dirname));
}

/** Compiles the contract with the npm package solc; nothing is downloaded. */
export async function compile(): Promise<CompiledContract> {
  const hardhat = await openHardhat();
  await hardhat.tasks.getTask('build').run({ quiet: true, force: true });
  const { abi, bytecode, deployedBytecode } = await hardhat.artifacts.readArtifact('CheckpointNotary');
  return { abi: [...abi], bytecode, deployedBytecode };
}
