import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lockDirectory, SoloError } from '../network/solo/src/index.ts';

const lockName = 'demo.lock';
/** What the demo puts into its folder. Nothing else is ever removed from it. */
const ownNames = new Set([
  lockName,
  'bundle-forged.json',
  'bundle-redirected.json',
  'bundle.json',
  'ca.pem',
  'compile-cache',
  'demo.json',
  'identity-provider',
  'keys',
  'ledger',
  'logs',
  'notary',
  'postgres',
  'taken-in.json',
  'token',
  'trust.json',
]);

/**
 * Makes the demo's folder, or takes over the one of an earlier run, emptied where `reset`. A folder that another demo uses
 * is refused, for starting PostgreSQL again would stop that demo's; so is one that holds somebody's other files.
 * Returns what gives the folder back.
 */
export function claimStateFolder(folder: string, { reset }: { reset: boolean }): () => void {
  assertWritable(folder);
  assertOwn(folder);
  const release = lock(folder);
  if (reset)
    for (const name of readdirSync(folder))
      if (name !== lockName && ownNames.has(name))
        rmSync(join(folder, name), { recursive: true, force: true });
  return release;
}

/** One level after the other: where nothing can be made, as in /proc, Node's recursive way never comes back. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}

function assertWritable(folder: string): void {
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK);
    readdirSync(folder);
  } catch {
    throw new Error(
      `${folder} 不可写 · ${folder} cannot be written. 换一个文件夹 · Choose another folder: npm run demo -- --state FOLDER`,
    );
  }
}

/** A home folder given by mistake is not filled with keys and databases, and surely not cleared. */
function assertOwn(folder: string): void {
  const foreign = readdirSync(folder).filter((name) => !ownNames.has(name));
  if (foreign.length === 0 || existsSync(join(folder, 'keys', 'database-password'))) return;
  throw new Error(
    `${folder} 中有其他文件 · ${folder} holds other files (${foreign.slice(0, 3).join(', ')}). 换一个空文件夹 · Choose an empty folder: npm run demo -- --state FOLDER`,
  );
}

function lock(folder: string): () => void {
  try {
    return lockDirectory(folder, join(folder, lockName));
  } catch (error) {
    if (!(error instanceof SoloError)) throw error;
    throw new Error(
      `另一个演示正在使用该文件夹 · ${error.message}. 先用 Ctrl-C 停止它，或另选文件夹和端口 · Stop that demo with Ctrl-C, or choose another folder and ports: npm run demo -- --state FOLDER --ports NUMBER`,
    );
  }
}
