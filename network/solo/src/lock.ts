import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SoloError } from './errors.ts';
import { layoutOf } from './material/layout.ts';

/**
 * Keeps a second ledger off the folder: two writers would tear the chain. The lock names the process that holds it;
 * one that is gone, even by SIGKILL, holds nothing. Returns what gives the lock back.
 */
export function lockDirectory(directory: string): () => void {
  const path = layoutOf(directory).lock;
  mkdirSync(dirname(path), { recursive: true });
  const own = describe(process.pid);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      writeFileSync(path, own, { flag: 'wx' });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = readFileSync(path, 'utf8');
      if (isAlive(holder))
        throw new SoloError('DIRECTORY_IN_USE', `process ${holder.split(' ')[0]} uses ${directory} already`);
      rmSync(path, { force: true });
    }
  }
  throw new SoloError('DIRECTORY_IN_USE', `another process starts in ${directory}`);
}

function isAlive(holder: string): boolean {
  const pid = Number(holder.split(' ')[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return describe(pid) === holder;
}

/** Process id with, on Linux, the time it started: ids are used again, above all in containers. */
function describe(pid: number): string {
  if (process.platform !== 'linux') return `${pid}`;
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return `${pid} ${fields[19] ?? ''}`;
  } catch {
    // The process ended between the two looks.
    return `${pid}`;
  }
}
