import { type BenchBundle, dataFolder, readBundles } from './bundles.ts';
import { type Connection, openConnection, requestBytes, type Target } from './connection.ts';
import { fillDutyRecords } from './duty-records.ts';
import type { Bench, BenchOptions, Measure } from './harness.ts';
import { postBundles } from './ingest.ts';
import { eachOnce, timed } from './load.ts';
import { fillPlainRecords, startBareServer } from './plain-records.ts';
import { cpuSecondsOf, withServing } from './process-memory.ts';
import { openStage, type Stage } from './stage.ts';
import { median, percentile } from './statistics.ts';
import { fhirIdsOf, type StoredPatient } from './stored-patients.ts';

const hospital = 'hospital-a';
const connections = 8;
const pageSize = 50;

type Side = { target: Target; headers: Record<string, string>; pid: number };
type Question = { ours: string; plain: string };
const baselines = { plain: 'express + pg', duty: 'express + pg that opens, signs and commits' };
type Baseline = keyof typeof baselines;
type Sides = Record<'ours' | Baseline, Side>;
type Compared = Partial<Record<keyof Sides, Timing[]>>;
/** `cpu`: processor time of the serving processes for one request. */
type Timing = { perSecond: number; p50: number; p99: number; cpu: number };

async function ask(side: Side, paths: readonly string[]): Promise<Timing> {
  const requests = paths.map((path) => requestBytes({ method: 'GET', path, headers: side.headers }));
  const latencies: number[] = [];
  const before = cpuOf(side);
  const took = await timed(() =>
    eachOnce(requests, connections, {
      open: () => openConnection(side.target),
      close: (connection: Connection) => connection.close(),
      work: async (request, connection, index) => {
        const startedAt = performance.now();
        const { status } = await connection.send(request);
        latencies.push(performance.now() - startedAt);
        if (status !== 200) throw new Error(`${status} for ${paths[index]}`);
      },
    }),
  );
  return {
    perSecond: (paths.length * 1000) / took,
    p50: median(latencies),
    p99: percentile(latencies, 0.99),
    cpu: ((cpuOf(side) - before) * 1000) / paths.length,
  };
}

function cpuOf({ pid }: Side): number {
  return withServing(pid).reduce((seconds, each) => seconds + cpuSecondsOf(each), 0);
}

/** Ours and baselines in turn, `rounds` times, after one that warms all up. */
async function compare(
  sides: Partial<Sides>,
  questions: readonly Question[],
  rounds: number,
): Promise<Compared> {
  const found: Compared = {};
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of ['ours', 'plain', 'duty'] as const) {
      const side = sides[name];
      if (side === undefined) continue;
      const paths = questions.map((question) => (name === 'ours' ? question.ours : question.plain));
      const timing = await ask(side, paths);
      found[name] = [...(found[name] ?? []), ...(round === 0 ? [] : [timing])];
    }
  }
  return found;
}

const units = {
  perSecond: ['', '1/s'],
  p50: [' p50', 'ms'],
  p99: [' p99', 'ms'],
  cpu: [' processor time', 'ms'],
} as const;

function measures(
  name: string,
  compared: Compared,
  wanted: readonly (keyof Timing)[],
  against: Baseline = 'plain',
): Measure[] {
  const [ours = [], others = []] = [compared.ours, compared[against]];
  return wanted.map((key) => ({
    bench: 'read-search',
    measure: name + units[key][0],
    unit: units[key][1],
    values: ours.map((timing) => timing[key]),
    baseline: { name: baselines[against], values: others.map((timing) => timing[key]) },
  }));
}

async function load(
  stage: Stage,
  bundles: BenchBundle[],
): Promise<{ patients: StoredPatient[]; plain: Side; duty: Side }> {
  const answers = await postBundles(stage, bundles);
  const [plain, duty] = [await stage.database('bench_plain'), await stage.database('bench_duty')];
  await fillPlainRecords(plain, bundles);
  await fillDutyRecords(
    duty,
    bundles.filter(({ patient }) => patient !== undefined),
  );
  const start = async (script: 'plain-server' | 'duty-server', database: string): Promise<Side> => {
    const args = ['--database', database];
    const { url, pid } = await startBareServer(stage, {
      name: script,
      script,
      organizationId: hospital,
      args,
    });
    return { target: { url, ca: stage.alliance.ca(hospital) }, headers: {}, pid };
  };
  return {
    patients: bundles.map((bundle, at) => fhirIdsOf(bundle, answers[at] ?? Buffer.of())),
    plain: await start('plain-server', plain),
    duty: await start('duty-server', duty),
  };
}

/** `count` entries of `items`, evenly spread. */
function spread<Item>(items: readonly Item[], count: number): Item[] {
  return Array.from({ length: count }, (_, at) => items[Math.floor((at * items.length) / count)] as Item);
}

function searchOf({ ownId, plainId }: StoredPatient): Question {
  return {
    ours: `/fhir/R4/Observation?patient=${ownId}&_count=${pageSize}`,
    plain: `/search/${plainId}/Observation?count=${pageSize}`,
  };
}

async function run({ rounds, quick, processes }: BenchOptions): Promise<Measure[]> {
  const stage = await openStage(['regulator', hospital], processes);
  try {
    const set = await readBundles(dataFolder({ quick }), 0);
    await postBundles(stage, set.directory);
    const { patients, plain, duty } = await load(stage, set.patients);
    const authorization = `Bearer ${await stage.token(`clinician@${hospital}`)}`;
    const ours = {
      target: { url: stage.alliance.apiUrl(hospital), ca: stage.alliance.ca(hospital) },
      headers: { Authorization: authorization },
      pid: stage.alliance.processes.get(hospital)?.pid ?? 0,
    };
    const sides = { ours, plain };
    const reads = patients
      .flatMap(({ records }) => records)
      .map((record): Question => ({ ours: `/fhir/R4/${record.own}`, plain: `/record/${record.plainId}` }));
    const largest = patients.reduce((a, b) => (b.bytes > a.bytes ? b : a));
    const shuffledReads = spread(spread(reads, quick ? 400 : 4000).sort(byHash), quick ? 400 : 4000);
    const searches = spread(patients, quick ? 100 : 640)
      .map(searchOf)
      .sort(byHash);
    const inLargest = spread([largest], quick ? 50 : 320).map(searchOf);
    const byCode = inLargest.map(({ ours, plain }) => ({
      ours: `${ours}&code=http://loinc.org|8302-2`,
      plain,
    }));
    const read = await compare({ ...sides, duty }, shuffledReads, rounds);
    const size = `${(largest.bytes / 1e6).toFixed(1)} MB`;
    return [
      ...measures('read by id', read, ['perSecond', 'p50', 'p99', 'cpu']),
      ...measures('read by id', read, ['perSecond', 'p50', 'cpu'], 'duty'),
      ...measures('search, any patient', await compare(sides, searches, rounds), [
        'perSecond',
        'p50',
        'p99',
        'cpu',
      ]),
      ...measures(`search, largest patient (${size})`, await compare(sides, inLargest, rounds), [
        'p50',
        'p99',
      ]),
      ...measures('search by code, largest patient', await compare(sides, byCode, rounds), ['p50']),
    ];
  } finally {
    await stage.close();
  }
}

/** An order that has nothing to do with where the records lie, the same in every run over the same set. */
function byHash(a: Question, b: Question): number {
  return a.plain.split('').reverse().join('') < b.plain.split('').reverse().join('') ? -1 : 1;
}

export const bench: Bench = {
  name: 'read-search',
  about: `local reads and searches over HTTPS at ${connections} connections, each decided, audited and logged durably`,
  run,
};
