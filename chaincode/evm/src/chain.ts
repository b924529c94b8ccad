import { setTimeout as delay } from 'node:timers/promises';
import { type Address, createTestClient, type Hex, http, parseEther, publicActions } from 'viem';
import { openHardhat } from './compile.ts';
import { type Deployment, deployNotary } from './deploy.ts';

// First account of hardhat's public test mnemonic: worth nothing anywhere.
const deployer: Hex = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const patienceMs = 60_000;

export type LocalChainOptions = {
  port: number;
  notaries: readonly Address[];
  threshold: number;
  /** Seconds between blocks, so that confirmations come without traffic; 0 = a block only with a transaction. */
  blockSeconds: number;
};

/**
 * Runs `hardhat node` in this process, for demonstrations: deploys the contract and funds the notaries. The chain is
 * in memory only and ends with the process.
 */
export async function startLocalChain(
  options: LocalChainOptions,
): Promise<Deployment & { ended: Promise<unknown> }> {
  const hardhat = await openHardhat();
  const node = hardhat.tasks.getTask('node').run({ hostname: '127.0.0.1', port: options.port });
  const transport = http(`http://127.0.0.1:${options.port}`);
  const client = createTestClient({ mode: 'hardhat', transport }).extend(publicActions);
  await Promise.race([untilAnswered(() => client.getChainId()), node.then(endedEarly)]);
  for (const address of options.notaries) await client.setBalance({ address, value: parseEther('1000') });
  const deployment = await deployNotary(transport, { privateKey: deployer, ...options });
  if (options.blockSeconds > 0) await client.setIntervalMining({ interval: options.blockSeconds });
  return { ...deployment, ended: node };
}

function endedEarly(): never {
  throw new Error('the chain ended before it answered');
}

async function untilAnswered(ask: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await delay(50);
    }
  }
}
