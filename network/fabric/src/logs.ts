import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { FabricNetworkError } from './errors.ts';
import { logFile } from './leftovers.ts';

const chunkBytes = 256 * 1024;

/** The logs of the network in `directory`, or the one of `name`. */
export function logFilesOf(directory: string, name?: string): { name: string; file: string }[] {
  const folder = join(directory, 'logs');
  const all = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.log')) : [];
  const names = all.map((file) => basename(file, '.log')).sort();
  if (names.length === 0)
    throw new FabricNetworkError(
      'NOT_RUNNING',
      `there are no logs in ${folder}; start a network with: npm run fabric:up`,
    );
  if (name !== undefined && !names.includes(name))
    throw new FabricNetworkError(
      'ARGUMENT_INVALID',
      `there is no log ${name}; there are: ${names.join(', ')}`,
    );
  return (name === undefined ? names : [name]).map((each) => ({
    name: each,
    file: logFile(directory, each),
  }));
}

/** The last lines of a file, and where the file ended then. */
export function lastLines(file: string, count: number): { lines: string[]; end: number } {
  const handle = openSync(file, 'r');
  try {
    const end = fstatSync(handle).size;
    const bytes = Buffer.alloc(Math.min(end, chunkBytes));
    readSync(handle, bytes, 0, bytes.length, end - bytes.length);
    return { lines: bytes.toString('utf8').trimEnd().split('\n').slice(-count), end };
  } finally {
    closeSync(handle);
  }
}

/** Whole lines written after `from`, and where the next ones begin. */
export function linesAfter(file: string, from: number): { lines: string[]; end: number } {
  const handle = openSync(file, 'r');
  try {
    const size = fstatSync(handle).size;
    const start = size < from ? 0 : from; // the file was begun anew
    const bytes = Buffer.alloc(Math.min(size - start, chunkBytes));
    readSync(handle, bytes, 0, bytes.length, start);
    const whole = bytes.lastIndexOf(10) + 1;
    const lines = whole === 0 ? [] : bytes.toString('utf8', 0, whole - 1).split('\n');
    return { lines, end: start + whole };
  } finally {
    closeSync(handle);
  }
}
