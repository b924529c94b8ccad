import { spawn } from 'node:child_process';
import { chaincodeServer } from './chaincode.ts';
import { FabricNetworkError } from './errors.ts';
import { planNetwork } from './plan.ts';
import { readState } from './state.ts';

/**
 * Runs one organisation's chaincode server in the foreground, as a container does; ends with it, and hands on the signal
 * that asks it to end.
 */
export function serveChaincode(directory: string, organizationId: string): Promise<number> {
  const state = readState(directory);
  const plan = state === undefined ? undefined : planNetwork(directory, state);
  const peer = plan?.peers.find((each) => each.organizationId === organizationId);
  const definition = state?.definitions.at(-1);
  if (plan === undefined || peer === undefined || definition === undefined)
    throw new FabricNetworkError(
      'ARGUMENT_INVALID',
      `there is no organisation ${organizationId} in ${directory}`,
    );
  const { command, args, env } = chaincodeServer(plan, peer, definition);
  const child = spawn(command, args, { env: { PATH: '/usr/bin:/bin', ...env }, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 0));
  });
}
