import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export const pidFile = (directory: string, name: string): string => join(directory, 'pids', `${name}.pid`);
export const logFile = (directory: string, name: string): string => join(directory, 'logs', `${name}.log`);

export type RunningProgram = { name: string; pid: number };

/** Programs of the network in `directory` that run now, whoever started them. */
export function runningPrograms(directory: string): RunningProgram[] {
  const folder = join(directory, 'pids');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((file) => {
    const [pidText = '', program = ''] = readFileSync(join(folder, file), 'utf8').split(' ');
    const pid = Number(pidText);
    return runs(pid, program, directory) ? [{ name: basename(file, '.pid'), pid }] : [];
  });
}

/** Ids are used again: one counts only while it runs the program that was written down, in the network's own folder. */
function runs(pid: number, program: string, directory: string): boolean {
  if (!isAlive(pid)) return false;
  try {
    if (process.platform !== 'linux') return basename(commandOf(pid).split(' ')[0] ?? '') === program;
    return (
      basename(readlinkSync(`/proc/${pid}/exe`)).startsWith(program) &&
      readlinkSync(`/proc/${pid}/cwd`) === realpathSync(directory)
    );
  } catch {
    return false; // it ended in between
  }
}

/**
 * Orderers, peers and chaincode servers that work in `directory` whether or not their id was written down: a supervisor
 * that is killed between starting one and saying so leaves it nameless. Empty where the system has no /proc.
 */
export function strays(directory: string): number[] {
  if (!existsSync('/proc/self/cwd')) return [];
  const folder = realpathSync(directory);
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        if (readlinkSync(`/proc/${pid}/cwd`) !== folder) return false;
        const program = basename(readlinkSync(`/proc/${pid}/exe`));
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return program === 'orderer' || program === 'peer' || line.includes('fabric-shim/cli.js');
      } catch {
        return false; // no process, another user's, or one that has just ended
      }
    });
}

export function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Command line of a process; throws when there is none. */
export function commandOf(pid: number): string {
  return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).trim();
}

/** Ends what an earlier run left, and waits until it has gone: a second program on the same port would not start. */
export async function endLeftovers(directory: string): Promise<string[]> {
  const running = (): RunningProgram[] => {
    const named = runningPrograms(directory);
    const others = existsSync(directory) ? strays(directory) : [];
    const unnamed = others.filter((pid) => named.every((program) => program.pid !== pid));
    return [...named, ...unnamed.map((pid) => ({ name: `process ${pid}`, pid }))];
  };
  const found = running();
  for (const { pid } of found) signal(pid, 'SIGTERM');
  const deadline = performance.now() + 8_000;
  for (let left = found; left.length > 0; left = running()) {
    if (performance.now() > deadline) for (const { pid } of left) signal(pid, 'SIGKILL');
    await delay(100);
  }
  rmSync(join(directory, 'pids'), { recursive: true, force: true });
  return found.map(({ name }) => name);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended in between.
  }
}
