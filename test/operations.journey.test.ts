import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../demo/client.ts';
import { type LedgerProcess, layoutOf, spawnLedger } from '../network/solo/src/index.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { root, stateFolder } from './journey/alliance.ts';
import { freePort } from './journey/ports.ts';

const text = readFileSync(join(root, 'docs', 'operations.md'), 'utf8');
const folder = stateFolder();
/** What docs/operations.md calls /etc/medseal. */
const etc = join(folder, 'etc');
const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
let ledger: LedgerProcess;
let database: TestDatabase;
let apiPort: number;
let here: Record<string, string>;
const running = new Set<ChildProcess>();

/** The block of the page with these words in it. */
function blockWith(words: string): string {
  const found = blocks.find((block) => block.includes(words));
  if (found === undefined) throw new Error(`docs/operations.md has no command with ${words}`);
  return found.replaceAll('/etc/medseal', etc);
}

/** As a shell reads the file of settings. */
function documentedSettings(): Record<string, string> {
  const lines = blockWith('MEDSEAL_ORGANIZATION_ID=').split('\n');
  const pairs = lines.flatMap((line) => {
    const [, name, value] = /^\s*(MEDSEAL_\w+)=(.*)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value.replaceAll('"', '')] as const];
  });
  return Object.fromEntries(pairs);
}

beforeAll(async () => {
  const network = join(folder, 'network');
  ledger = await spawnLedger({ directory: network });
  database = await createTestDatabase();
  apiPort = await freePort();
  const files = layoutOf(network);
  mkdirSync(join(etc, 'tls'), { recursive: true });
  mkdirSync(join(etc, 'ledger'));
  const { node, client } = files.organization('hospital-a');
  for (const [from, to] of [
    [node.certificate, 'tls/cert.pem'],
    [node.key, 'tls/key.pem'],
    [files.tlsRoot, 'ledger/tls-ca.pem'],
    [client.certificate, 'ledger/cert.pem'],
    [client.key, 'ledger/key.pem'],
    [files.genesis, 'ledger/genesis.block'],
  ] as const)
    cpSync(from, join(etc, to));
  here = {
    MEDSEAL_DATABASE_URL: database.url,
    MEDSEAL_HOST: '127.0.0.1',
    MEDSEAL_API_PORT: String(apiPort),
    MEDSEAL_PEER_PORT: String(await freePort()),
    MEDSEAL_LEDGER_ENDPOINT: `localhost:${ledger.port}`,
    MEDSEAL_LEDGER_GENESIS_HASH: ledger.genesisHash,
  };
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await ledger.close();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

type Started = { event: string; code?: string; message?: string; where?: string };

function spawnNode(settings: Record<string, string>, preload: string[] = []): ChildProcess {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', ...preload, join(root, 'node/src/main.ts')],
    { env: { PATH: process.env['PATH'] ?? '', ...settings }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  running.add(child);
  return child;
}

async function ready({ stdout, stderr }: ChildProcess): Promise<Started> {
  if (stdout === null) throw new Error('the node has no output');
  stderr?.resume();
  for await (const line of createInterface({ input: stdout })) {
    const { event, ...rest } = JSON.parse(line) as Started;
    if (event === 'ready' || event === 'failed') return { event, ...rest };
  }
  throw new Error('the node ended without a word');
}

/** Starts a node with exactly these settings; resolves to the line that says whether it runs. */
function startNode(settings: Record<string, string>): Promise<Started> {
  return ready(spawnNode(settings));
}

/** All that a node writes until it ends, and how it ended. */
async function outputOf(child: ChildProcess): Promise<{ text: string; code: number | null }> {
  const parts: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => parts.push(String(part)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { text: parts.join(''), code };
}

describe('docs/operations.md', () => {
  it('makes the keys by the command it prints', () => {
    const [, args = ''] = /npm run keys -- (.*)/.exec(blockWith('npm run keys')) ?? [];

    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(root, 'scripts/keys.ts'), ...args.split(' ')],
      { encoding: 'utf8' },
    );

    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ logKey: expect.stringMatching(/^[0-9a-f]{64}$/) });
    for (const secret of ['node.key', 'passphrase'])
      expect(stdout).not.toContain(readFileSync(join(etc, secret), 'utf8').trim());
  });

  it('starts a node outside the demonstration with the settings it prints', async () => {
    const settings = { ...documentedSettings(), ...here };
    expect(settings).not.toHaveProperty('MEDSEAL_DEMO');

    expect(await startNode(settings)).toMatchObject({ event: 'ready' });
    const ca = readFileSync(layoutOf(join(folder, 'network')).organization('hospital-a').root, 'utf8');
    expect(new X509Certificate(ca).ca).toBe(true);
    const client = createClient(`https://localhost:${apiPort}`, ca);
    const { status, body } = await client.call('GET', '/readyz');
    const staff = await client.call('GET', '/readyz/staff');
    const told = await client.call<{ certificate: { endsAt: string } }>('GET', '/status');
    client.close();
    expect([status, body['status'], staff.status]).toEqual([200, 'ready', 200]);
    const { validTo } = new X509Certificate(readFileSync(join(etc, 'tls', 'cert.pem')));
    expect(Date.parse(told.body.certificate.endsAt)).toBe(Date.parse(validTo));
  });

  it('is true of SIGTERM: the request under way is answered, and the node ends with 0', async () => {
    const unused = await createTestDatabase();
    const port = await freePort();
    const own = {
      MEDSEAL_DATABASE_URL: unused.url,
      MEDSEAL_API_PORT: String(port),
      MEDSEAL_PEER_PORT: String(await freePort()),
    };
    const child = spawnNode({ ...documentedSettings(), ...here, ...own });
    const ended = once(child, 'exit');
    expect(await ready(child)).toMatchObject({ event: 'ready' });

    const ca = readFileSync(layoutOf(join(folder, 'network')).organization('hospital-a').root, 'utf8');
    const body = JSON.stringify({ response: {} });
    const call = request(`https://localhost:${port}/passkeys/login`, {
      ...{ ca, method: 'POST', agent: false },
      headers: { 'content-type': 'application/json', 'content-length': body.length },
    });
    const answered = once(call, 'response') as Promise<[IncomingMessage]>;
    call.write(body.slice(0, 5));
    // The first half is there before the signal is.
    await delay(500);
    child.kill('SIGTERM');
    await delay(500);
    call.end(body.slice(5));

    const [{ statusCode }] = await answered;
    expect(statusCode).toBe(400);
    expect(await ended).toEqual([0, null]);
    await unused.drop();
  });

  it('is pointed to, with the names, when settings are missing, unknown or fit for a demonstration only', async () => {
    const { MEDSEAL_KEY_FILE: _, ...without } = documentedSettings();
    const wrong = await startNode({ ...without, MEDSEAL_LEDGER_ENDPIONT: 'x', MEDSEAL_API_PORT: 'http' });
    const unsafe = await startNode({ ...documentedSettings(), MEDSEAL_WEBAUTHN_RP_ID: 'localhost' });

    expect(wrong).toMatchObject({ event: 'failed', code: 'CONFIG_INVALID' });
    expect(wrong.message).toContain('missing settings: MEDSEAL_KEY_FILE;');
    expect(wrong.message).toContain('unknown settings: MEDSEAL_LEDGER_ENDPIONT;');
    expect(wrong.message).toContain('MEDSEAL_API_PORT cannot be used');
    expect(wrong.message).toContain('docs/operations.md');
    expect(unsafe).toMatchObject({ event: 'failed', code: 'CONFIG_UNSAFE' });
  });

  it('is not needed to see which setting is wrong: one line with its name, exit 1, and nothing else', async () => {
    const settings = { ...documentedSettings(), ...here };
    const { node: other } = layoutOf(join(folder, 'network')).organization('hospital-b');
    const unused = await createTestDatabase();
    const taken = { MEDSEAL_PEER_PORT: String(await freePort()) };
    const wrong: [Record<string, string>, string, string][] = [
      [taken, 'PORT_UNUSABLE', 'MEDSEAL_API_PORT'],
      [{ MEDSEAL_LEDGER_CHANNEL: 'nowhere' }, 'CONFIG_INVALID', 'MEDSEAL_LEDGER_CHANNEL'],
      [{ MEDSEAL_LEDGER_GENESIS_HASH: '0'.repeat(64) }, 'CONFIG_FILE', 'MEDSEAL_LEDGER_GENESIS'],
      [{ MEDSEAL_PSEUDONYM_PUBLIC_KEY: 'f'.repeat(64) }, 'CONFIG_INVALID', 'MEDSEAL_PSEUDONYM_PUBLIC_KEY'],
      [
        {
          MEDSEAL_DATABASE_URL: unused.url,
          MEDSEAL_TLS_CERTIFICATE: other.certificate,
          MEDSEAL_TLS_KEY: other.key,
        },
        ...(['CERTIFICATE_FOREIGN', 'MEDSEAL_TLS_CERTIFICATE'] as const),
      ],
    ];

    for (const [change, code, setting] of wrong) {
      const { text: output, code: exit } = await outputOf(spawnNode({ ...settings, ...change }));
      const said = output.split('\n').filter((line) => line.includes('"event"'));
      expect(said.map((line) => JSON.parse(line) as Started)).toEqual([
        { event: 'failed', code, message: expect.stringContaining(setting) },
      ]);
      expect([exit, /\n\s+at /.test(output)]).toEqual([1, false]);
    }
    await unused.drop();
  });

  it('is not needed when a node dies of a fault of its own: one line with the place, and nothing of the error’s text', async () => {
    const fault = join(folder, 'fault.mjs');
    writeFileSync(fault, 'setTimeout(() => { throw new RangeError("张三 8-A") }, 1)');
    const { text: output, code } = await outputOf(
      spawnNode({ ...documentedSettings(), ...here }, ['--import', fault]),
    );

    expect(code).toBe(1);
    expect(JSON.parse(output)).toMatchObject({
      event: 'crashed',
      code: 'UNEXPECTED',
      message: 'RangeError: unexpected',
    });
    expect(output).not.toMatch(/张三|8-A/);
  });

  it('names every setting that a node knows', () => {
    const source = readFileSync(join(root, 'node/src/config.ts'), 'utf8');
    const known = new Set([...source.matchAll(/^ {2}(MEDSEAL_[A-Z_]+):/gm)].map(([, name = '']) => name));

    expect(known.size).toBeGreaterThan(30);
    const unnamed = [...known].filter(
      (name) => !text.includes(`\`${name.replace(/^MEDSEAL/, '')}`) && !text.includes(name),
    );
    expect(unnamed).toEqual([]);
  });
});
