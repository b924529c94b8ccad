import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'medseal-keys-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'node.key');
const passphrase = join(folder, 'passphrase');
const files = ['--file', file, '--passphrase-file', passphrase];

function run(...args: string[]) {
  const script = new URL('keys.ts', import.meta.url).pathname;
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('npm run keys', () => {
  it('makes key file and passphrase for their owner alone, and shows the same public keys again', () => {
    const made = run('create', ...files, '--identity-service');

    expect(made.status, made.stderr).toBe(0);
    for (const each of [file, passphrase]) expect(statSync(each).mode & 0o777).toBe(0o600);
    expect(run('show', ...files).stdout).toBe(made.stdout);
    expect(JSON.parse(made.stdout)).toEqual({
      file,
      logKey: expect.stringMatching(/^[0-9a-f]{64}$/),
      messageKey: expect.stringMatching(/^[0-9a-f]{64}$/),
      pseudonymPublicKey: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('never replaces a key file', () => {
    const before = readFileSync(file, 'utf8');

    const again = run('create', ...files);

    expect([again.status, readFileSync(file, 'utf8')]).toEqual([1, before]);
    expect(again.stderr).toContain('exists already');
  });

  it('refuses a passphrase that others may read, a wrong and a short one', () => {
    const weak = join(folder, 'weak');
    writeFileSync(weak, 'short', { mode: 0o600 });
    const other = join(folder, 'other.key');

    expect(run('create', '--file', other, '--passphrase-file', weak).stderr).toContain(
      'at least 12 characters',
    );
    expect(existsSync(other)).toBe(false);
    writeFileSync(weak, 'another passphrase');
    expect(run('show', '--file', file, '--passphrase-file', weak).status).toBe(1);
    chmodSync(weak, 0o644);
    expect(run('show', '--file', file, '--passphrase-file', weak).stderr).toContain('chmod 600');
  });

  it('says what is wrong with a command line', () => {
    for (const [args, words] of [
      [[], 'create or show'],
      [['create'], '--file is missing'],
      [['create', '--file', file], '--passphrase-file is missing'],
      [['create', ...files, '--force'], "Unknown option '--force'"],
    ] as const) {
      const { status, stderr } = run(...args);
      expect([status, stderr.includes(words)], words).toEqual([2, true]);
    }
    expect(run('--help')).toMatchObject({ status: 0, stderr: '' });
  });
});
