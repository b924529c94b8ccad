import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Processes = {
  /** Starts a program with its output appended to `logs/<name>.log`. */
  start(name: string, command: string, args: readonly string[], env: Record<string, string>): ChildProcess;
  pid(name: string): number | undefined;
  /** Ends one process, at once with SIGKILL or in an orderly way with SIGTERM. */
  end(name: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  endAll(): Promise<void>;
  /** Resolves with a sentence as soon as a process ends that nobody asked to end. */
  unexpectedEnd: Promise<string>;
};

const exited = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

async function endChild(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (exited(child)) return;
  const end = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await end;
  clearTimeout(timer);
}

/** Keeps the processes of one network: ended in reverse order, by the reaper if this process dies. */
export function keepProcesses(directory: string): Processes {
  const children = new Map<string, ChildProcess>();
  const asked = new Set<ChildProcess>();
  const { promise: unexpectedEnd, resolve: report } = Promise.withResolvers<string>();
  const reaper = spawn(process.execPath, [fileURLToPath(new URL('./reaper.ts', import.meta.url))], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const pidFolder = join(directory, 'pids');
  mkdirSync(pidFolder, { recursive: true });
  const end = async (name: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    const child = children.get(name);
    if (child === undefined) return;
    asked.add(child);
    await endChild(child, signal);
    children.delete(name);
  };
  return {
    unexpectedEnd,
    pid: (name) => children.get(name)?.pid,
    end,
    start(name, command, args, env) {
      mkdirSync(join(directory, 'logs'), { recursive: true });
      const log = openSync(join(directory, 'logs', `${name}.log`), 'a');
      const child = spawn(command, args, {
        env: { PATH: '/usr/bin:/bin', ...env },
        stdio: ['ignore', log, log],
        cwd: directory,
      });
      closeSync(log);
      children.set(name, child);
      if (child.pid !== undefined) {
        reaper.stdin?.write(`+${child.pid}\n`);
        writeFileSync(join(pidFolder, `${name}.pid`), `${child.pid} ${basename(command)}`);
      }
      child.once('exit', (code, signal) => {
        reaper.stdin?.write(`-${child.pid}\n`);
        rmSync(join(pidFolder, `${name}.pid`), { force: true });
        if (!asked.has(child))
          report(
            `${name} ended (${signal ?? `exit ${code}`}); see ${join(directory, 'logs', `${name}.log`)}`,
          );
      });
      return child;
    },
    async endAll() {
      for (const name of [...children.keys()].reverse()) await end(name, 'SIGTERM');
      reaper.stdin?.end();
    },
  };
}

/** Programs of an earlier run that are still there: a pid counts only while it runs the program that was written down. */
export function leftovers(directory: string): { name: string; pid: number }[] {
  const folder = join(directory, 'pids');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((file) => {
    const [pidText = '', program = ''] = readFileSync(join(folder, file), 'utf8').split(' ');
    return runs(Number(pidText), program) ? [{ name: basename(file, '.pid'), pid: Number(pidText) }] : [];
  });
}

function runs(pid: number, program: string): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || basename(readlinkSync(`/proc/${pid}/exe`)).startsWith(program);
  } catch {
    return false;
  }
}

/** Ends what an earlier run left, and waits until it has gone: a second program on the same port would not start. */
export async function endLeftovers(directory: string): Promise<string[]> {
  const found = leftovers(directory);
  for (const { pid } of found) process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + 10_000;
  while (leftovers(directory).length > 0) {
    if (Date.now() > deadline) for (const { pid } of leftovers(directory)) process.kill(pid, 'SIGKILL');
    await new Promise((wake) => setTimeout(wake, 100));
  }
  rmSync(join(directory, 'pids'), { recursive: true, force: true });
  return found.map(({ name }) => name);
}

export const repositoryRoot = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
