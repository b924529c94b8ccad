import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SoloError } from './errors.ts';
import { layoutOf } from './material/layout.ts';

/**
 * Keeps a second ledger off the folder: two writers would tear the chain. The lock names the process that holds it;
 * one that is gone, even by SIGKILL, holds nothing. Returns what gives the lock back.
 */
export function lockDirectory(directory: string, path: string = layoutOf(directory).lock): () => void {
  mkdirSync(dirname(path), { recursive: true });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    if (create(path)) return () => rmSync(path, { force: true });
    const holder = readHolder(path);
    if (holder !== undefined && isAlive(holder))
      throw new SoloError('DIRECTORY_IN_USE', `process ${holder.split(' ')[0]} uses ${directory} already`);
    if (holder !== undefined) takeAway(path, holder);
  }
  throw new SoloError('DIRECTORY_IN_USE', `another process starts in ${directory}`);
}

function create(path: string): boolean {
  try {
    writeFileSync(path, describe(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes the lock of a dead process, but not one that somebody else has put in its place meanwhile. */
function takeAway(path: string, holder: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readFileSync(aside, 'utf8') === holder) rmSync(aside);
  else renameSync(aside, path);
}

function isAlive(holder: string): boolean {
  const pid = Number(holder.split(' ')[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return describe(pid) === holder && !isZombie(pid);
}

/** A process that has ended, but whose parent has not asked for its end yet (proc(5), state), holds nothing. */
function isZombie(pid: number): boolean {
  return process.platform === 'linux' && ['Z', 'X'].includes(statOf(pid)[0] ?? 'X');
}

/** Process id with, on Linux, the time it started: ids are used again, above all in containers. */
function describe(pid: number): string {
  return process.platform === 'linux' ? `${pid} ${statOf(pid)[19] ?? ''}`.trimEnd() : `${pid}`;
}

/** Fields of /proc/PID/stat after the name; none when the process ended between two looks. */
function statOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  } catch {
    return [];
  }
}
