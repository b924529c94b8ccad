import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { bftChannel, singleChannel } from '../test/alliance.ts';
import { createLog, makeProof, policyOf } from '../test/proof.ts';
import { packed } from '../test/unpacked.ts';
import { forkProof } from './fork-proof.ts';

const cli = fileURLToPath(new URL('cli.ts', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'medseal-verify-'));
afterAll(() => rmSync(directory, { recursive: true }));

const channel = bftChannel();
const log = createLog();
const proof = packed(makeProof(channel, log, { withheld: ['status'] }));
const policy = file('policy.json', policyOf(channel, log));
const valid = file('valid.json', proof);

function file(name: string, content: unknown): string {
  const path = join(directory, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

describe('medseal-verify', () => {
  test('exits 0 for a valid proof and reports under the four headings in both languages', async () => {
    const { code, out } = await run(valid, '--policy', policy);

    expect(code).toBe(0);
    for (const heading of ['谁 · Who', '上链前', '上链后一致性', '平台中立性'])
      expect(out).toContain(heading);
    expect(out).toContain('有效 · VALID');
    expect(out).toContain('This does not prove that the content is true');
    expect(out.match(/[✗○] .*?:/g)).toEqual(['○ release:', '○ consent:', '○ witnesses:', '○ notary:']);
  });

  test('prints no content of the record unless asked to', async () => {
    const plain = await run(valid, '--policy', policy);
    const json = await run(valid, '--policy', policy, '--json');
    const shown = await run(valid, '--policy', policy, '--json', '--show');

    for (const { out } of [plain, json]) expect(out).not.toMatch(/mmHg|服药|observation-5|123\.5/);
    expect(JSON.parse(json.out)).toMatchObject({ verdict: 'valid', ledger: 'fabric' });
    expect(JSON.parse(shown.out).record).toMatchObject({
      withheld: ['status'],
      resource: { resourceType: 'Observation' },
    });
  });

  test('exits 1 for a tampered proof and names the check that failed, without the content even if asked', async () => {
    const tampered = file('tampered.json', JSON.stringify(proof).replace('123.5', '113.5'));

    const { code, out } = await run(tampered, '--policy', policy, '--show');

    expect(code).toBe(1);
    expect(out).toContain('✗ content [LEAF_DIGEST]');
    expect(out).toContain('被改动 · TAMPERED');
    expect(out).not.toContain('mmHg');
  });

  test('says of a solo ledger that its evidence binds nobody', async () => {
    const solo = singleChannel({ consensus: 'solo' });
    const soloProof = file('solo.json', packed(makeProof(solo, log, { confirmation: 'none' })));
    const soloPolicy = file('solo-policy.json', policyOf(solo, log, { ledger: 'solo' }));

    const { code, out } = await run(soloProof, '--policy', soloPolicy);

    expect(code).toBe(0);
    expect(out).toContain('全部密钥在同一台机器上');
    expect(out).toContain('binds nobody');
  });

  test('exits 2 when it cannot decide', async () => {
    const duplicate = file('duplicate.json', '{"format":"medseal/bundle/v1","format":"medseal/bundle/v1"}');
    const huge = file('huge.json', '');
    truncateSync(huge, 65 * 1024 * 1024);
    const cases: [args: string[], text: string][] = [
      [[duplicate, '--policy', policy], `存证文件 ${duplicate} 中同一名称出现两次`],
      [[duplicate, '--policy', policy], '[JSON_DUPLICATE_KEY]'],
      [[huge, '--policy', policy], '[PROOF_TOO_LARGE]'],
      [
        [file('empty.json', ''), '--policy', policy],
        'empty, cut short, or another file. Get the file again.',
      ],
      [[process.execPath, '--policy', policy], '[PROOF_TOO_LARGE]'],
      [[file('other.json', '{}'), '--policy', policy], 'CANNOT DECIDE'],
      [
        [join(directory, 'absent.json'), '--policy', policy],
        'cannot be read. Check the path and your permissions.',
      ],
      [[directory, '--policy', policy], '[UNREADABLE]'],
      [[valid, '--policy', join(directory, 'absent.json')], '信任策略'],
      [[valid, '--policy', valid], 'the trust policy'],
      [[valid, '--policy', valid], 'its format is not medseal/trust-policy/v1'],
      [[valid, '--policy', duplicate], '[JSON_DUPLICATE_KEY]'],
    ];
    for (const [args, text] of cases) {
      const { code, out, err } = await run(...args);
      expect([code, (out + err).includes(text)], `${text} in ${out}${err}`).toEqual([2, true]);
    }
    const { code, out } = await run(duplicate, '--policy', policy, '--json');
    expect([code, JSON.parse(out)]).toEqual([
      2,
      {
        format: 'medseal/report/v1',
        verdict: 'undecided',
        subject: 'file',
        code: 'JSON_DUPLICATE_KEY',
        message: expect.any(String),
      },
    ]);
  });

  test('says what is wrong with a command line, and how to use it', async () => {
    const cases: [args: string[], text: string][] = [
      [[], 'no file to verify is given'],
      [[valid], '--policy (the trust policy) is missing'],
      [[valid, valid, '--policy', policy], 'one file at a time'],
      [[valid, '--policy', policy, '--unknown'], "Unknown option '--unknown'"],
      [[valid, '--policy'], 'argument missing'],
    ];
    for (const [args, text] of cases) {
      const { code, out, err } = await run(...args);

      expect([code, out], text).toEqual([2, '']);
      expect(err.split('\n')[0]).toContain(text);
      expect(err).toContain('medseal-verify FILE --policy TRUST.json');
      expect(err).not.toContain('CANNOT DECIDE');
    }
    for (const flag of ['-h', '--help']) {
      const { code, out, err } = await run(flag);

      expect([code, err]).toEqual([0, '']);
      expect(out).toContain('medseal-verify FILE --policy TRUST.json');
    }
  });

  test('says of an older Node what is needed', () => {
    const bin = readFileSync(new URL('../bin/medseal-verify.mjs', import.meta.url), 'utf8');
    const before = `Object.defineProperty(process.versions, 'node', { value: '20.1.0' });`;
    const file = join(directory, 'old.mjs');
    writeFileSync(file, `${before}\n${bin.replace('#!/usr/bin/env node', '')}`);

    const { status, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });

    expect(status).toBe(2);
    expect(stderr).toContain('needs Node 24 or newer');
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('judges a fork proof by the same policy', async () => {
    const fork = file('fork.json', forkProof([log.checkpoint(9), log.checkpoint(9, log.root(8))]));
    const none = file('none.json', forkProof([log.checkpoint(9), log.checkpoint(9)]));
    const strange = file('strange.json', policyOf(channel, createLog(), { logs: [] }));

    const proved = await run(fork, '--policy', policy);
    expect(proved.code).toBe(0);
    expect(proved.out).toContain('分叉成立 · FORK PROVED');
    expect(proved.out).toContain('hospital-a: medseal.org/log/hospital-a 9 / 9 (same-size)');
    expect(await run(none, '--policy', policy)).toMatchObject({ code: 1 });
    expect(await run(fork, '--policy', strange)).toMatchObject({ code: 2 });
    expect(JSON.parse((await run(fork, '--policy', policy, '--json')).out)).toMatchObject({
      verdict: 'fork',
    });
  });
});
