import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../test/connect.ts';
import { lockDirectory } from './lock.ts';
import { layoutOf } from './material/layout.ts';

let directory: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

const lockFile = (): string => layoutOf(directory.path).lock;
function leaveBehind(text: string): void {
  mkdirSync(layoutOf(directory.path).ledger, { recursive: true });
  writeFileSync(lockFile(), text);
}

describe('the lock of a folder', () => {
  it('keeps a second ledger out until it is given back', () => {
    const unlock = lockDirectory(directory.path);

    expect(() => lockDirectory(directory.path)).toThrow(
      expect.objectContaining({ code: 'DIRECTORY_IN_USE' }),
    );
    unlock();
    expect(existsSync(lockFile())).toBe(false);
    lockDirectory(directory.path)();
  });

  it('of a process that is gone holds nothing', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    const { pid } = child;
    await new Promise((resolve) => child.once('exit', resolve));
    for (const text of [`${pid}`, `${pid} 12345`, '', 'nonsense', '-1']) {
      leaveBehind(text);

      const unlock = lockDirectory(directory.path);
      expect(readFileSync(lockFile(), 'utf8')).toContain(String(process.pid));
      unlock();
    }
  });

  it.runIf(process.platform === 'linux')('of a process whose id was given out again holds nothing', () => {
    leaveBehind(`${process.pid} 1`);

    expect(() => lockDirectory(directory.path)()).not.toThrow();
  });
});
