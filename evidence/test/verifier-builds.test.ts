import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import npmChromium from '@sparticuz/chromium';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifierPage, verifierScript } from '../../scripts/build-verifier.ts';
import { realProof } from './recorded.ts';
import { packed } from './unpacked.ts';

const folder = mkdtempSync(join(tmpdir(), 'medseal-built-'));
const pathOf = (name: string) => join(folder, name);
const { proof, policy } = realProof();
const bundle = JSON.stringify(packed(proof));

beforeAll(async () => {
  writeFileSync(pathOf('medseal-verify.mjs'), await verifierScript());
  writeFileSync(pathOf('medseal-verify.html'), await verifierPage());
  writeFileSync(pathOf('bundle.json'), bundle);
  writeFileSync(pathOf('forged.json'), bundle.replace('"final"', '"error"'));
  writeFileSync(pathOf('trust.json'), policy);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

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
});
