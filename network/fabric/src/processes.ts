import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { logFile, pidFile } from './leftovers.ts';

export type Program = {
  name: string;
  command: string;
  args: readonly string[];
  env: Record<string, string>;
};

export type Processes = {
  /** Starts a program with its output appended to `logs/<name>.log`; started again whenever it ends by itself. */
  start(program: Program): void;
  /** Names of the programs that are to run. */
  names(): string[];
  pid(name: string): number | undefined;
  /** Kills one that hangs; it is started again like any that ends by itself. */
  kill(name: string): void;
  /** Ends one for good: at once with SIGKILL or in an orderly way with SIGTERM. */
  end(name: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  endAll(): Promise<void>;
  /** Resolves with a sentence when a program ended by itself again and again. */
  gaveUp: Promise<string>;
};

type Kept = { program: Program; child: ChildProcess; asked: boolean; endedAt: number[] };

const restartAfterMs = 1000;
const maxEnds = 5;
const endsWithinMs = 60_000;
const maxLogBytes = 32 * 1024 * 1024;

/** Keeps the processes of one network: started again when one fails, ended by a reaper if this process dies. */
export function keepProcesses(directory: string, report: (text: string) => void): Processes {
  const kept = new Map<string, Kept>();
  const { promise: gaveUp, resolve: giveUp } = Promise.withResolvers<string>();
  const reaper = startReaper(directory);
  mkdirSync(join(directory, 'pids'), { recursive: true });
  mkdirSync(join(directory, 'logs'), { recursive: true });
  const launch = (program: Program, endedAt: number[]): void => {
    const child = spawnLogged(directory, program);
    const entry: Kept = { program, child, asked: false, endedAt };
    kept.set(program.name, entry);
    reaper.watch(child.pid);
    child.once('error', () => undefined); // an exit or the next start tells
    child.once('exit', (code, signal) => {
      reaper.forget(child.pid);
      void rm(pidFile(directory, program.name), { force: true }); // a stale file is recognised as such
      if (entry.asked || kept.get(program.name) !== entry) return;
      const now = performance.now();
      const recent = [...endedAt.filter((at) => now - at < endsWithinMs), now];
      const how = `${program.name} ended (${signal ?? `exit ${code}`})`;
      if (recent.length >= maxEnds)
        return giveUp(`${how} again and again; see ${logFile(directory, program.name)}`);
      report(`${how}; it is started again`);
      setTimeout(() => entry.asked || launch(program, recent), restartAfterMs);
    });
  };
  const end = async (name: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    const entry = kept.get(name);
    if (entry === undefined) return;
    entry.asked = true;
    await endChild(entry.child, signal);
    kept.delete(name);
  };
  return {
    gaveUp,
    start: (program) => launch(program, []),
    names: () => [...kept.keys()],
    pid: (name) => kept.get(name)?.child.pid,
    kill: (name) => void kept.get(name)?.child.kill('SIGKILL'),
    end,
    async endAll() {
      // Whoever depends on another ends first: chaincode servers, then peers, then orderers.
      for (const kind of ['chaincode-', 'peer-', 'orderer-'])
        await Promise.all(
          [...kept.keys()].filter((name) => name.startsWith(kind)).map((name) => end(name, 'SIGTERM')),
        );
      await reaper.release();
    },
  };
}

/** In a process group of its own, so that Ctrl-C at the terminal reaches the supervisor alone. */
function spawnLogged(directory: string, { name, command, args, env }: Program): ChildProcess {
  const file = logFile(directory, name);
  if (existsSync(file) && statSync(file).size > maxLogBytes) renameSync(file, `${file}.1`);
  const log = openSync(file, 'a');
  const child = spawn(command, args, {
    env: { PATH: '/usr/bin:/bin', ...env },
    stdio: ['ignore', log, log],
    cwd: directory,
    detached: true,
  });
  closeSync(log);
  if (child.pid !== undefined) writeFileSync(pidFile(directory, name), `${child.pid} ${basename(command)}`);
  return child;
}

const exited = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

async function endChild(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (exited(child)) return;
  const end = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), 8_000);
  await end;
  clearTimeout(timer);
}

/** A process that outlives this one and then ends what it was told of (reaper.ts). */
function startReaper(directory: string): {
  watch(pid: number | undefined): void;
  forget(pid: number | undefined): void;
  release(): Promise<void>;
} {
  const script = fileURLToPath(new URL('./reaper.ts', import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const tell = (sign: '+' | '-', pid: number | undefined): void => {
    if (pid !== undefined) child.stdin.write(`${sign}${pid}\n`);
  };
  child.stdin.on('error', () => undefined); // killed by hand: the next start ends what is left over
  const end = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    watch: (pid) => tell('+', pid),
    forget: (pid) => tell('-', pid),
    release: () => {
      child.stdin.end();
      return end;
    },
  };
}
