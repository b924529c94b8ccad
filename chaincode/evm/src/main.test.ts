import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'medseal-notary-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const key = join(folder, 'notary.key');

function run(...args: string[]) {
  const script = new URL('main.ts', import.meta.url).pathname;
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('npm run notary', () => {
  it('makes a key once and never replaces it', () => {
    const { status, stdout } = run('key', '--file', key);
    const before = readFileSync(key, 'utf8');

    expect([status, JSON.parse(stdout)]).toEqual([
      0,
      { event: 'key', address: expect.stringMatching(/^0x/) },
    ]);
    expect(run('key', '--file', key).stderr).toContain('never replaced');
    expect(readFileSync(key, 'utf8')).toBe(before);
  });

  it('says in one line what is wrong, and shows no stack', () => {
    const notaries = ['--notaries', '0x5fbdb2315678afecb367f032d93f642f64180aa3'];
    const deploy = ['deploy', '--rpc', 'http://127.0.0.1:1', '--key-file', key];
    for (const [args, words] of [
      [[], 'no command is given'],
      [['key'], '--file is missing'],
      [['key', '--fiel', key], "Unknown option '--fiel'"],
      [[...deploy, '--notaries', '0x1', '--threshold', '1'], 'Address "0x1" is invalid'],
      [[...deploy, ...notaries, '--threshold', '2'], '--threshold takes'],
      [[...deploy, ...notaries, '--threshold', '1'], 'HTTP request failed. fetch failed'],
    ] as const) {
      const { status, stderr } = run(...args);

      expect([status, stderr.trim().split('\n').length, stderr.includes(words)], stderr).toEqual([
        1,
        1,
        true,
      ]);
    }
    expect(run('--help')).toMatchObject({ status: 0, stderr: '' });
  });
});
