import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import npmChromium from '@sparticuz/chromium';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifierPage, verifierScript } from '../../scripts/build-verifier.ts';
import { verifierKey } from '../src/checkpoint.ts';
import { forkProof } from '../src/fork-proof.ts';

import { orderers, singleChannel } from './alliance.ts';
import { organizationsOf } from './configuration.ts';
import { createOrganization, type Holder, type TestOrganization } from './organizations.ts';
import { createLog, makeProof, policyOf } from './proof.ts';
import { realProof } from './recorded.ts';
import { packed } from './unpacked.ts';

const folder = mkdtempSync(join(tmpdir(), 'medseal-built-'));
// Of the same name as the policy's log, but with another key.
const strange = createLog();
const pathOf = (name: string) => join(folder, name);
const { proof, policy } = realProof();
const bundle = JSON.stringify(packed(proof));
const cases = JSON.parse(
  readFileSync(new URL('./vectors/case-solo.json', import.meta.url), 'utf8'),
) as Record<string, unknown>;

beforeAll(async () => {
  writeFileSync(pathOf('medseal-verify.mjs'), await verifierScript());
  writeFileSync(pathOf('medseal-verify.html'), await verifierPage());
  writeFileSync(pathOf('bundle.json'), bundle);
  writeFileSync(pathOf('forged.json'), bundle.replace('"final"', '"error"'));
  writeFileSync(pathOf('trust.json'), policy);
  writeFileSync(pathOf('empty.json'), '');
  writeFileSync(
    pathOf('strange-fork.json'),
    JSON.stringify(forkProof([strange.checkpoint(9), strange.checkpoint(9, strange.root(8))])),
  );
  writeFileSync(pathOf('elsewhere.json'), policyOfAnotherLog());
  for (const [name, text] of Object.entries(ofEveryKind())) writeFileSync(pathOf(name), text);
  writeFileSync(pathOf('case.json'), JSON.stringify(cases['undelivered']));
  writeFileSync(pathOf('case-trust.json'), JSON.stringify(cases['policy']));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** A bundle whose client, endorsers, orderer and authorities have keys of different kinds, and one that was endorsed by nobody. */
function ofEveryKind(): Record<string, string> {
  const log = createLog();
  const [rsa, p521, ed25519] = (['rsa', 'P-521', 'ed25519'] as const).map((kind, at) =>
    createOrganization(['HospitalAMSP', 'HospitalBMSP', 'RegulatorMSP'][at] ?? '', { kind }),
  ) as [TestOrganization, TestOrganization, TestOrganization];
  const orderer = orderers[0]!.organization.issue({ role: 'orderer', kind: 'P-224' });
  const applications = organizationsOf(rsa, p521, ed25519);
  const channel = {
    ...singleChannel({ capabilities: ['V3_0'], applications }),
    signer: { kind: 'single' as const, orderer },
  };
  const client = rsa.issue({ role: 'client', kind: 'P-384' });
  const peers = [
    p521.issue({ role: 'peer', kind: 'ed25519' }),
    ed25519.issue({ role: 'peer', kind: 'P-521' }),
  ];
  const made = (endorsers: Holder[]) => {
    const transaction = { creator: client, endorsers };
    return JSON.stringify(packed(makeProof(channel, log, { transaction, confirmation: transaction })));
  };
  const forged = peers.map((peer) => ({ ...peer, key: client.key }));
  return {
    'kinds.json': made(peers),
    'kinds-forged.json': made(forged),
    'kinds-trust.json': JSON.stringify(policyOf(channel, log)),
  };
}

/** The same policy for an alliance whose one log has another name. */
function policyOfAnotherLog(): string {
  const trusted = JSON.parse(policy) as { logs: { verifierKeys: string[] }[] };
  const key = Buffer.from(strange.vkey.split('+').slice(2).join('+'), 'base64').subarray(1);
  const logs = trusted.logs.map((log) => ({
    ...log,
    verifierKeys: [verifierKey('elsewhere.example/log', key)],
  }));
  return JSON.stringify({ ...trusted, logs });
}

function run(file: string, ...options: string[]): Promise<{ code: unknown; out: string }> {
  const args = ['medseal-verify.mjs', file, '--policy', 'trust.json', ...options];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder }, (error, out) =>
      resolve({ code: error?.code ?? 0, out }),
    );
  });
}

describe('the verifier as one file', () => {
  test('judges like its source, with nothing installed beside it', async () => {
    expect(await run('bundle.json')).toMatchObject({ code: 0, out: expect.stringContaining('有效 · VALID') });
    const { code, out } = await run('forged.json', '--json');
    const failed = JSON.parse(out).checks.filter((check: { status: string }) => check.status === 'failed');
    expect(code).toBe(1);
    expect(failed.map((check: { code: string }) => check.code)).toEqual(['BUNDLE_DIGEST', 'LEAF_DIGEST']);
  });

  test('asks the platform for files and arithmetic, never for a connection', async () => {
    const script = await verifierScript();
    const asked = [
      ...script.matchAll(/(?:from|import\(|require\(|getBuiltinModule\?*\.*\()\s*["']([^"']+)["']/g),
    ];

    const names = [...new Set(asked.map(([, name]) => name))];
    expect(names).toContain('node:fs');
    for (const forbidden of ['net', 'http', 'http2', 'https', 'tls', 'dgram', 'dns', 'child_process'])
      for (const name of [forbidden, `node:${forbidden}`]) expect(names).not.toContain(name);
    expect(script).not.toMatch(/\bfetch\(|WebSocket|XMLHttpRequest/);
  });
});

/** A Chromium of this machine, or the one from npm, which runs on Linux alone. */
async function startBrowser(): Promise<Browser> {
  const installed = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);
  if (installed !== undefined) return chromium.launch({ executablePath: installed, args: ['--no-sandbox'] });
  // One process and no zygote are for functions in a cloud: pages opened later crash.
  const args = npmChromium.args.filter((flag) => !/^--(?:single-process|no-zygote)/.test(flag));
  return chromium.launch({ executablePath: await npmChromium.executablePath(), args });
}

// On a busy machine a start may fail that works the next time.
const browser = await startBrowser()
  .catch(startBrowser)
  .catch((error: unknown) => {
    console.warn(`SKIPPED, the page is not opened: no Chromium starts on this machine: ${String(error)}`);
    return undefined;
  });
afterAll(() => browser?.close());

describe('the verifier as one page', () => {
  test('lets in its own script and style alone, and no connection', async () => {
    const page = await verifierPage();
    const [, policyText = ''] = /Content-Security-Policy" content="([^"]+)"/.exec(page) ?? [];

    expect(policyText).toMatch(/^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+';/);
    expect(page).not.toMatch(/<script src|<link|@import|SCRIPT-HASH/);
    expect(page.match(/<script/g)).toHaveLength(1);
  });

  test.skipIf(browser === undefined)('judges in a real browser without any request', async () => {
    const page = await browser?.newPage();
    const requests: string[] = [];
    page?.on('request', (request) => requests.push(request.url()));
    await page?.goto(`file://${pathOf('medseal-verify.html')}`);
    await page?.setInputFiles('#policy', pathOf('trust.json'));
    await page?.setInputFiles('#bundle', pathOf('bundle.json'));
    await page?.waitForSelector('#result[data-verdict="valid"]');
    await page?.setInputFiles('#bundle', pathOf('forged.json'));
    await page?.waitForSelector('#result[data-verdict="tampered"]');

    expect(await page?.textContent('#result')).toContain('LEAF_DIGEST');
    expect(requests).toHaveLength(1);
  });

  test.skipIf(browser === undefined)(
    'judges members with keys of every kind, and none that did not sign',
    async () => {
      const page = await browser?.newPage();
      await page?.goto(`file://${pathOf('medseal-verify.html')}`);
      await page?.setInputFiles('#policy', pathOf('kinds-trust.json'));
      await page?.setInputFiles('#bundle', pathOf('kinds.json'));
      await page?.waitForSelector('#result[data-verdict="valid"]');
      await page?.setInputFiles('#bundle', pathOf('kinds-forged.json'));
      await page?.waitForSelector('#result[data-verdict="tampered"]');

      expect(await page?.textContent('#result')).toContain('ENDORSEMENT_SIGNATURE');
    },
  );

  test.skipIf(browser === undefined)(
    'says what is missing, and which of the files cannot be used',
    async () => {
      const page = await browser?.newPage();
      await page?.goto(`file://${pathOf('medseal-verify.html')}`);
      const shows = async (verdict: string, words: string) => {
        await page?.waitForSelector(`#result[data-verdict="${verdict}"]:has-text("${words}")`);
      };
      await page?.setInputFiles('#bundle', pathOf('bundle.json'));
      await shows('waiting', '您自己的信任策略');
      await page?.setInputFiles('#policy', pathOf('bundle.json'));
      await shows('undecided', 'the trust policy bundle.json is no trust policy');
      await page?.setInputFiles('#policy', pathOf('trust.json'));
      await shows('valid', 'VALID');
      await page?.setInputFiles('#bundle', pathOf('empty.json'));
      await shows('undecided', 'the evidence file empty.json is no whole JSON');
      await page?.setInputFiles('#bundle', pathOf('bundle.json'));
      await shows('valid', 'VALID');
      await page?.setInputFiles('#bundle', pathOf('strange-fork.json'));
      await shows('tampered', 'NO FORK PROVED');
      await page?.setInputFiles('#policy', pathOf('elsewhere.json'));
      await shows('undecided', 'CANNOT DECIDE');
    },
  );

  test.skipIf(browser === undefined)('fits a telephone, and is used without a mouse', async () => {
    const page = await browser?.newPage({ viewport: { width: 320, height: 640 } });
    await page?.goto(`file://${pathOf('medseal-verify.html')}`);
    const focused: unknown[] = [];
    for (let stop = 0; stop < 3; stop += 1) {
      await page?.keyboard.press('Tab');
      focused.push(await page?.evaluate('document.activeElement.id'));
    }
    await page?.setInputFiles('#policy', pathOf('trust.json'));
    await page?.setInputFiles('#bundle', pathOf('bundle.json'));
    await page?.waitForSelector('#result[data-verdict="valid"]');
    await page?.keyboard.press('Space');
    await page?.waitForSelector('pre:has-text("Observation")');

    expect(focused).toEqual(['bundle', 'policy', 'show']);
    expect(await page?.evaluate('document.documentElement.scrollWidth')).toBe(320);
  });

  test.skipIf(browser === undefined)(
    'tells what was found in a case, and who withheld its filing',
    async () => {
      const page = await browser?.newPage();
      await page?.goto(`file://${pathOf('medseal-verify.html')}`);
      await page?.setInputFiles('#policy', pathOf('case-trust.json'));
      await page?.setInputFiles('#bundle', pathOf('case.json'));
      await page?.waitForSelector('#result[data-verdict="valid"]');

      const text = await page?.textContent('#result');
      expect(text).toContain('未将材料交付监管方');
      expect(text).toMatch(
        /✗ 访问记录 · the record of the access \(hospital-a\): 扣留未交 · WITHHELD – hospital-a/,
      );
      expect(text).toMatch(/✓ 访问记录 · the record of the access \(hospital-b\): 一致 · match/);
    },
  );
});
