import { spawn } from 'node:child_process';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { openPolicy } from '../node/src/adapters/opa/policy.ts';
import { findOpa } from '../scripts/opa.ts';
import { freePort } from '../test/journey/ports.ts';
import type { Bench, BenchOptions, Measure } from './harness.ts';
import { timed } from './load.ts';
import { root } from './stage.ts';
import { percentile } from './statistics.ts';

const now = 1_795_000_000;

/** A partner's request against `count` consents, of which the last one permits. */
function inputOf(count: number): object {
  const consents = Array.from({ length: count }, (_, place) => ({
    id: place.toString(16).padStart(32, '0'),
    version: 1,
    patient: 'p1',
    custodian: 'hospital-a',
    status: 'active',
    ledger: 'active',
    signedAt: now - 3_600,
    recipients: ['hospital-b'],
    purposes: [place === count - 1 ? 'TREAT' : 'HPAYMT'],
    start: now - 3_600,
    end: now + 86_400,
    types: ['Observation', 'MedicationRequest'],
    labels: [],
    instances: 'all',
    dataPeriod: null,
    exclusions: [],
  }));
  return {
    now,
    organization: 'hospital-a',
    actor: {
      kind: 'peer',
      organization: 'hospital-b',
      memberState: 'registered',
      roles: ['clinician'],
      patient: null,
    },
    request: { purpose: 'TREAT', action: 'search', types: ['Observation'] },
    patient: 'p1',
    ledger: { freshUntil: now + 30 },
    consents,
  };
}

type OpaServer = { decide(input: object): Promise<unknown>; stop(): Promise<void> };

/** `opa run --server` with our policy, asked over one kept-alive connection. */
async function startOpa(opa: string): Promise<OpaServer> {
  const port = await freePort();
  const policies = join(root, 'policies', 'consent');
  const server = spawn(
    opa,
    ['run', '--server', '--addr', `127.0.0.1:${port}`, '--log-level', 'error', policies],
    { stdio: 'ignore' },
  );
  process.once('exit', () => server.kill('SIGKILL'));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const decide = (input: object): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const body = Buffer.from(JSON.stringify({ input }));
      const asked = request(
        {
          agent,
          port,
          host: '127.0.0.1',
          method: 'POST',
          path: '/v1/data/medseal/consent/decision',
          headers: { 'content-type': 'application/json', 'content-length': body.length },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('end', () =>
            resolve((JSON.parse(Buffer.concat(chunks).toString()) as { result: unknown }).result),
          );
        },
      );
      asked.once('error', reject);
      asked.end(body);
    });
  for (let attempt = 0; ; attempt += 1) {
    try {
      await decide(inputOf(1));
      break;
    } catch (error) {
      if (attempt > 200) throw error;
      await new Promise((wake) => setTimeout(wake, 50));
    }
  }
  return {
    decide,
    stop: async () => {
      agent.destroy();
      const end = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM');
      await end;
    },
  };
}

async function latenciesOf(count: number, decide: () => unknown): Promise<number[]> {
  const latencies: number[] = [];
  for (let turn = 0; turn < count; turn += 1) latencies.push(await timed(decide));
  return latencies;
}

const rate = (latencies: readonly number[]): number =>
  (latencies.length * 1000) / latencies.reduce((sum, each) => sum + each, 0);

async function measureInput(
  consents: number,
  options: BenchOptions,
  server: OpaServer | undefined,
): Promise<Measure[]> {
  const policy = openPolicy();
  const input = inputOf(consents);
  if ((policy.evaluate(input) as { permit?: unknown }).permit !== true)
    throw new Error('the policy does not permit the benched request');
  const turns = options.quick ? 200 : 1_000;
  const ours: number[][] = [];
  const theirs: number[][] = [];
  for (let round = 0; round <= options.rounds; round += 1) {
    const own = await latenciesOf(turns, () => policy.evaluate(input));
    const other = server === undefined ? [] : await latenciesOf(turns / 5, () => server.decide(input));
    if (round > 0) ours.push(own);
    if (round > 0 && server !== undefined) theirs.push(other);
  }
  const baseline =
    server === undefined
      ? {}
      : { baseline: { name: 'opa run --server, one connection', values: theirs.map(rate) } };
  return [
    {
      bench: 'policy',
      measure: `decisions over ${consents} consents`,
      unit: '1/s',
      values: ours.map(rate),
      ...baseline,
    },
    {
      bench: 'policy',
      measure: `decision over ${consents} consents, p99`,
      unit: 'ms',
      values: ours.map((all) => percentile(all, 0.99)),
    },
  ];
}

async function run(options: BenchOptions): Promise<Measure[]> {
  const opa = findOpa();
  if (opa === undefined)
    console.error('SKIPPED: the baseline of policy, since no opa is on PATH or named by MEDSEAL_OPA');
  const server = opa === undefined ? undefined : await startOpa(opa);
  try {
    return [...(await measureInput(1, options, server)), ...(await measureInput(20, options, server))];
  } finally {
    await server?.stop();
  }
}

export const bench: Bench = { name: 'policy', about: 'one decision of the policy in process', run };
