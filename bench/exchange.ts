import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectStatus } from '../demo/client.ts';
import type { AskedRecord, SourceAnswer } from '../demo/steps/ask.ts';
import { enrolPatient, sign } from '../demo/steps/grant.ts';
import { anchored } from '../demo/steps/take-in.ts';
import { clientOf, eventually, must } from '../demo/story.ts';
import { dataFolder, readBundles } from './bundles.ts';
import { type Connection, openConnection, requestBytes, type Target } from './connection.ts';
import { fillDutyRecords } from './duty-records.ts';
import type { Bench, BenchOptions, Measure } from './harness.ts';
import { postBundles } from './ingest.ts';
import { fillPlainRecords, startBareServer } from './plain-records.ts';
import { openStage, type Stage } from './stage.ts';
import { median, percentile } from './statistics.ts';
import { fhirIdsOf } from './stored-patients.ts';

const source = 'hospital-a';
const requester = 'hospital-b';
const records = 20;
/** The demonstration's patient: has more observations than are asked for. */
const patientFile = 'p043';

const sideNames = ['ours', 'direct', 'relayed', 'duty'] as const;
type SideName = (typeof sideNames)[number];
const baselines = {
  direct: 'bare express + pg, mTLS',
  relayed: 'two bare nodes, mTLS between',
  duty: 'two bare nodes that sign, open, seal, check and commit',
};

type Call = (connection: Connection) => Promise<Buffer>;
type Side = { target: Target; call: Call };
type Latency = { p50: number; p99: number };

async function askOf(stage: Stage, nationalId: string): Promise<Call> {
  const authorization = `Bearer ${await stage.token(`clinician@${requester}`)}`;
  const inquiry = { nationalId, sources: [source], types: ['Observation'], purpose: 'TREAT', count: records };
  const request = requestBytes({
    method: 'POST',
    path: '/exchange/requests',
    headers: { Authorization: authorization, 'Content-Type': 'application/json' },
    body: Buffer.from(JSON.stringify(inquiry)),
  });
  return async (connection) => {
    const { status, body } = await connection.send(request);
    if (status !== 200) throw new Error(`${status} ${body.subarray(0, 300)}`);
    return body;
  };
}

/** The records that came; anything but a complete, verified release throws. */
function released(body: Buffer): AskedRecord[] {
  const { sources } = JSON.parse(body.toString('utf8')) as { sources: SourceAnswer[] };
  const [answer] = sources;
  if (answer?.outcome !== 'permitted') throw new Error(`${answer?.outcome} ${answer?.code ?? ''}`);
  return answer.records ?? [];
}

async function searchOf(path: string): Promise<Call> {
  const request = requestBytes({ method: 'GET', path });
  return async (connection) => {
    const { status, body } = await connection.send(request);
    if (status !== 200) throw new Error(`${status} ${body.subarray(0, 300)}`);
    return body;
  };
}

/** A patient of hospital A who consents to what hospital B asks for; their ids, and where the baselines have them. */
async function consentingPatient(
  stage: Stage,
  options: BenchOptions,
): Promise<{ nationalId: string; plainId: string; plain: string; duty: string }> {
  const { story } = stage;
  const set = await readBundles(dataFolder(options), 0);
  await postBundles(stage, set.directory);
  const bundle = must(
    set.patients.find(({ name }) => name.startsWith(patientFile)) ?? set.patients[0],
    'a patient in the set',
  );
  const [answer] = await postBundles(stage, [bundle]);
  const { ownId, plainId } = fhirIdsOf(bundle, answer ?? Buffer.of());
  const nationalId = bundle.nationalId ?? '';
  story.patient = { file: bundle.name, id: plainId, patientId: ownId, nationalId, name: '', birthDate: '' };
  await enrolPatient(story);
  const client = clientOf(story, source);
  const bearer = must(story.patientBearer, 'the session');
  const terms = { recipients: [requester], purposes: ['TREAT'], types: ['Observation'] };
  const draft = expectStatus(
    await client.call<{ consent: object; challenge: string }>('POST', '/consents/drafts', {
      bearer,
      body: { terms },
    }),
    200,
  );
  const body = { consent: draft.consent, assertion: sign(story, draft.challenge) };
  expectStatus(await client.call('POST', '/consents', { bearer, body }), 201);
  await anchored(story);
  const [plain, duty] = [await stage.database('bench_plain'), await stage.database('bench_duty')];
  await fillPlainRecords(plain, [bundle]);
  await fillDutyRecords(duty, [bundle]);
  return { nationalId, plainId, plain, duty };
}

/** A baseline's endpoint at hospital A, and hospital B's half that asks it. */
async function startBare(
  stage: Stage,
  script: 'plain-server' | 'duty-server',
  database: string,
): Promise<{ direct: string; relayed: string }> {
  const ca = (organizationId: string): string =>
    join(stage.alliance.folder, 'ledger', 'organizations', organizationId, 'msp', 'ca.pem');
  const { url: direct } = await startBareServer(stage, {
    name: `${script}-a`,
    script,
    organizationId: source,
    args: ['--database', database, '--ca', ca(requester)],
  });
  const { url: relayed } = await startBareServer(stage, {
    name: `${script}-b`,
    script,
    organizationId: requester,
    args: ['--database', database, '--upstream', direct, '--upstream-ca', ca(source)],
  });
  return { direct, relayed };
}

async function measureSide({ target, call }: Side, count: number): Promise<Latency> {
  const connection = await openConnection(target);
  const latencies: number[] = [];
  try {
    for (let asked = 0; asked < count; asked += 1) {
      const startedAt = performance.now();
      await call(connection);
      latencies.push(performance.now() - startedAt);
    }
  } finally {
    connection.close();
  }
  return { p50: median(latencies), p99: percentile(latencies, 0.99) };
}

async function sidesOf(stage: Stage, options: BenchOptions): Promise<Record<SideName, Side>> {
  const { nationalId, plainId, ...databases } = await consentingPatient(stage, options);
  const plain = await startBare(stage, 'plain-server', databases.plain);
  const duty = await startBare(stage, 'duty-server', databases.duty);
  const { alliance } = stage;
  const own = join(alliance.folder, 'ledger', 'organizations', requester, 'node');
  const mutual = {
    cert: readFileSync(join(own, 'cert.pem'), 'utf8'),
    key: readFileSync(join(own, 'key.pem'), 'utf8'),
  };
  const search = await searchOf(`/search/${plainId}/Observation?count=${records}`);
  const ask = await askOf(stage, nationalId);
  const ours = { target: { url: alliance.apiUrl(requester), ca: alliance.ca(requester) }, call: ask };
  const connection = await openConnection(ours.target);
  const first = await eventually('the first release', async () => {
    try {
      return released(await ask(connection));
    } catch {
      return undefined; // the pseudonym or the consent is still on its way over the ledger
    }
  });
  connection.close();
  if (first.length !== records) throw new Error(`${first.length} records were released, not ${records}`);
  return {
    ours,
    direct: { target: { url: plain.direct, ca: alliance.ca(source), ...mutual }, call: search },
    relayed: { target: { url: plain.relayed, ca: alliance.ca(requester) }, call: search },
    duty: { target: { url: duty.relayed, ca: alliance.ca(requester) }, call: search },
  };
}

async function run(options: BenchOptions): Promise<Measure[]> {
  const stage = await openStage(['regulator', source, requester]);
  try {
    const sides = await sidesOf(stage, options);
    const count = options.quick ? 30 : 150;
    const found: Record<SideName, Latency[]> = { ours: [], direct: [], relayed: [], duty: [] };
    for (let round = 0; round <= options.rounds; round += 1) {
      for (const name of sideNames) {
        const latency = await measureSide(sides[name], count);
        if (round > 0) found[name].push(latency);
      }
    }
    return (['direct', 'relayed', 'duty'] as const).flatMap((against) =>
      (['p50', 'p99'] as const).map((at) => ({
        bench: 'exchange',
        measure: `consented query of ${records} records, ${at}`,
        unit: 'ms',
        values: found.ours.map((latency) => latency[at]),
        baseline: { name: baselines[against], values: found[against].map((latency) => latency[at]) },
      })),
    );
  } finally {
    await stage.close();
  }
}

export const bench: Bench = {
  name: 'exchange',
  about:
    'from the asking clinician through hospital B to hospital A and back: policy on both sides, opening, redaction, proofs, sealing, signatures, leaf and audit',
  run,
};
