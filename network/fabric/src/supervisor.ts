import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FabricNetworkError } from './errors.ts';
import { commandOf, endLeftovers, isAlive } from './leftovers.ts';

const lockFile = (directory: string): string => join(directory, 'supervisor.pid');
const script = 'network/fabric/src/main.ts';

/** The process that runs the network in `directory`, if one does. */
export function supervisorOf(directory: string): number | undefined {
  try {
    const pid = Number(readFileSync(lockFile(directory), 'utf8'));
    return isAlive(pid) && commandOf(pid).includes(script) ? pid : undefined;
  } catch {
    return undefined; // no lock, or its process has just ended
  }
}

/** Makes this process the one that runs the network; throws if another does. Returns how to give that up. */
export function becomeSupervisor(directory: string): () => void {
  const other = supervisorOf(directory);
  if (other !== undefined && other !== process.pid) throw runningAlready(directory, other);
  mkdirSync(directory, { recursive: true });
  const file = lockFile(directory);
  rmSync(file, { force: true });
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw runningAlready(directory, supervisorOf(directory)); // two started at the same moment
  }
  return () => rmSync(file, { force: true });
}

function runningAlready(directory: string, pid: number | undefined): FabricNetworkError {
  return new FabricNetworkError(
    'RUNNING_ALREADY',
    `a Fabric network runs in ${directory} already (process ${pid ?? 'unknown'}); stop it with: npm run fabric:down`,
  );
}

/** Throws one line unless a network runs in `directory`. */
export function requireSupervisor(directory: string): void {
  if (supervisorOf(directory) === undefined)
    throw new FabricNetworkError(
      'NOT_RUNNING',
      `no Fabric network runs in ${directory}; start it with: npm run fabric:up`,
    );
}

/** Stops the network from another process, and whatever an earlier run left; resolves to whether there was anything. */
export async function stopNetwork(directory: string, timeoutMs = 30_000): Promise<boolean> {
  const pid = supervisorOf(directory);
  if (pid !== undefined) process.kill(pid, 'SIGTERM');
  const deadline = performance.now() + timeoutMs;
  while (pid !== undefined && isAlive(pid)) {
    if (performance.now() > deadline)
      throw new FabricNetworkError(
        'RUNNING_ALREADY',
        `the network did not stop within ${timeoutMs / 1000} s`,
      );
    await delay(100);
  }
  const left = await endLeftovers(directory);
  rmSync(lockFile(directory), { force: true });
  return pid !== undefined || left.length > 0;
}
