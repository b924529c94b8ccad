import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

export type RunningProcess = {
  name: string;
  pid: number;
  /** The fields of the line `{"event":"ready", …}` that the process printed. */
  ready: Record<string, unknown>;
  /** Resolves with a sentence when the process ends without having been asked to. */
  unexpectedEnd: Promise<string>;
  stop(): Promise<void>;
  kill(): Promise<void>;
};

export type ProcessOptions = {
  name: string;
  script: string;
  args?: readonly string[];
  env?: Record<string, string>;
  logFile: string;
  timeoutMs?: number;
};

/** Of what Node prints when it dies of an error: not the stack, the rest of an object, or the version. */
const isSaid = (text: string): boolean => /^[^\s}]/.test(text) && !/^Node\.js v\d/.test(text);
const preload = new URL('./exit-with-parent.ts', import.meta.url).href;

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** SIGTERM, and SIGKILL to a process that has not ended 10 s later. */
async function stopChild(child: ChildProcess): Promise<void> {
  const end = ended(child);
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await end;
  clearTimeout(timer);
}

/** What the child may see of our environment: nothing of ours but what it needs to run. */
function cleanEnvironment(extra: Record<string, string>): Record<string, string> {
  const kept = ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR', 'SystemRoot', 'TEMP'].flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]] as const],
  );
  return { ...Object.fromEntries(kept), ...extra };
}

/**
 * Starts a script on this Node and waits until it prints `{"event":"ready"}`. The child's standard input is a pipe that
 * nobody writes to: it closes when this process dies, however it dies, and the child then ends itself.
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = createWriteStream(options.logFile, { flags: 'a' });
  // A full disk takes the lines, not the alliance.
  log.on('error', () => undefined);
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--import', preload, options.script, ...(options.args ?? [])],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: cleanEnvironment({
        // Compiled code and stripped types are kept beside the logs: halves the start of every later process.
        NODE_COMPILE_CACHE: join(dirname(options.logFile), '..', 'compile-cache'),
        ...options.env,
      }),
    },
  );
  const lastLines: string[] = [];
  const keep = (line: string): void => {
    log.write(`${line}\n`);
    lastLines.push(line);
    if (lastLines.length > 50) lastLines.shift();
  };
  createInterface({ input: child.stderr }).on('line', keep);
  let stopping = false;
  const { promise: unexpectedEnd, resolve: reportEnd } = Promise.withResolvers<string>();
  const {
    promise: ready,
    resolve: becomeReady,
    reject: failToStart,
  } = Promise.withResolvers<Record<string, unknown>>();
  const timer = setTimeout(
    () => failToStart(new Error(`${options.name} was not ready in time; see ${options.logFile}`)),
    options.timeoutMs ?? 60_000,
  );
  createInterface({ input: child.stdout }).on('line', (line) => {
    keep(line);
    const message = readyLine(line);
    if (message !== undefined) becomeReady(message);
  });
  child.once('error', failToStart);
  child.once('exit', (code, signal) => {
    log.end();
    const how = signal ?? `exit ${code}`;
    failToStart(
      new Error(
        `${options.name} ended (${how}) before it was ready: ${lastLines.findLast(isSaid) ?? 'no output'}`,
      ),
    );
    if (!stopping) reportEnd(`${options.name} ended unexpectedly (${how}); see ${options.logFile}`);
  });
  try {
    const fields = await ready;
    return {
      name: options.name,
      pid: child.pid ?? -1,
      ready: fields,
      unexpectedEnd,
      stop: () => {
        stopping = true;
        return stopChild(child);
      },
      kill: () => {
        stopping = true;
        child.kill('SIGKILL');
        return ended(child);
      },
    };
  } catch (error) {
    stopping = true;
    await stopChild(child);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function readyLine(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{') || !line.includes('"ready"')) return undefined;
  try {
    const message = JSON.parse(line) as Record<string, unknown>;
    return message['event'] === 'ready' ? message : undefined;
  } catch {
    return undefined;
  }
}
