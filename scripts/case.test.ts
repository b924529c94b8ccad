import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNetwork, layoutOf } from '../network/solo/src/index.ts';
import { freePort } from '../test/journey/ports.ts';

const folder = mkdtempSync(join(tmpdir(), 'medseal-case-'));
const network = layoutOf(join(folder, 'network'));
const token = join(folder, 'token');
const expired = join(folder, 'expired');
const id = '0'.repeat(32);
let server: Server;
let node: string;

beforeAll(async () => {
  const organizations = ['hospital-a', 'hospital-b'].map((organizationId, at) => ({
    organizationId,
    mspId: `Hospital${at}MSP`,
    name: organizationId,
  }));
  await createNetwork({ directory: join(folder, 'network'), organizations });
  writeFileSync(token, 'a-token\n');
  writeFileSync(expired, 'an-old-token');
  const { certificate, key } = network.organization('hospital-a').node;
  server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
    const status = request.headers.authorization === 'Bearer a-token' ? 404 : 401;
    const code = status === 404 ? 'DISPUTE_NOT_FOUND' : 'IDENTITY_TOKEN_INVALID';
    response.writeHead(status, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify({ status, code, detail: 'What the node says.' }));
  });
  const port = await freePort();
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  node = `https://localhost:${port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [new URL('case.ts', import.meta.url).pathname, ...args]);
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
}

const access = (): string[] => [
  '--node',
  node,
  '--ca',
  network.organization('hospital-a').root,
  '--token',
  token,
];

describe('npm run case', () => {
  it('says in one line what is wrong with a command', async () => {
    const cases: [args: string[], words: string][] = [
      [['list'], '--node, --ca and --token are needed'],
      [['opne', ...access()], 'no command opne here'],
      [['show', '6f0c', ...access()], 'takes the id of a case'],
      [['show', id, 'x', ...access()], 'one thing too many: x'],
      [['list', ...access(), '--overdue'], "Unknown option '--overdue'"],
      [['list', ...access(), '--token', join(folder, 'absent')], '--token'],
      [['list', ...access(), '--token', network.organization('hospital-a').root], 'holds no token'],
      [['list', ...access(), '--node', 'localhost:1'], '--node takes a URL with https'],
      [['file', id, ...access(), '--evidence', token], 'is no JSON'],
    ];
    for (const [args, words] of cases) {
      const { code, out, err } = await run(...args);
      expect([code, out, err.trim().split('\n').length, err.includes(words)], `${words}: ${err}`).toEqual([
        2,
        '',
        1,
        true,
      ]);
      expect(err).toContain('npm run case -- --help');
    }
  });

  it('says why it did not reach the node, or what the node refused', async () => {
    const cases: [args: string[], words: string][] = [
      [['list', ...access(), '--node', 'https://localhost:1'], 'does not answer (ECONNREFUSED)'],
      [
        ['list', ...access(), '--ca', network.organization('hospital-b').root],
        "the node's certificate is not of the CA",
      ],
      [['show', id, ...access()], '404 DISPUTE_NOT_FOUND: What the node says.'],
      [['show', id, ...access(), '--token', expired], 'Sign in again'],
    ];
    for (const [args, words] of cases) {
      const { code, out, err } = await run(...args);
      expect([code, out, err.includes(words)], `${words}: ${err}`).toEqual([1, '', true]);
      expect(err).not.toMatch(/\bat \S+ \(|node:internal/);
    }
    const json = await run('show', id, ...access(), '--json');
    expect(JSON.parse(json.err)).toMatchObject({ code: 'DISPUTE_NOT_FOUND' });
  });

  it('explains itself', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, err: '' });
    expect(await run()).toMatchObject({ code: 2, out: '' });
  });
});
