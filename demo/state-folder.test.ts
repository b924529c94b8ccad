import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimStateFolder } from './state-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'medseal-state-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function leave(...names: string[]): void {
  for (const name of names) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, 'file'), '');
  }
}

describe('the folder of the demo', () => {
  it('is made where it is not there, and given back', () => {
    const inner = join(folder, 'a', 'b');

    const release = claimStateFolder(inner, { reset: false });
    expect(readdirSync(inner)).toEqual(['demo.lock']);
    release();
    expect(readdirSync(inner)).toEqual([]);
  });

  it('is used by one demo at a time, also with --reset', () => {
    leave('postgres');
    const release = claimStateFolder(folder, { reset: false });

    for (const reset of [false, true])
      expect(() => claimStateFolder(folder, { reset })).toThrow(
        new RegExp(`process ${process.pid} uses .* already.*Ctrl-C.*--state FOLDER --ports NUMBER`),
      );
    expect(existsSync(join(folder, 'postgres', 'file'))).toBe(true);
    release();
  });

  it('keeps what an earlier run left, and loses it with --reset', () => {
    leave('postgres', 'ledger', 'keys');

    claimStateFolder(folder, { reset: false })();
    expect(readdirSync(folder).sort()).toEqual(['keys', 'ledger', 'postgres']);
    claimStateFolder(folder, { reset: true })();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('with other files is refused, and nothing of it removed', () => {
    leave('keys', 'Documents');

    for (const reset of [false, true])
      expect(() => claimStateFolder(folder, { reset })).toThrow(/holds other files \(Documents\).*--state/);
    expect(readdirSync(folder).sort()).toEqual(['Documents', 'keys']);
  });

  it('keeps a file that somebody put beside an earlier run, also with --reset', () => {
    leave('keys', 'postgres', 'notes');
    writeFileSync(join(folder, 'keys', 'database-password'), 'secret');

    claimStateFolder(folder, { reset: true })();
    expect(readdirSync(folder)).toEqual(['notes']);
  });

  it('that is a file is refused in one line', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');

    expect(() => claimStateFolder(file, { reset: false })).toThrow(/cannot be written.*--state FOLDER/);
  });
});
