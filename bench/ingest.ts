import pg from 'pg';
import { anchored } from '../demo/steps/take-in.ts';
import { sealingKeyOf } from '../node/src/crypto/seal.ts';
import { byteaArray } from '../node/src/lib/bytea-array.ts';
import { columnsOf, sealVersion, type VersionToSeal } from '../node/src/records/seal-version.ts';
import { type BenchBundle, type BundleSet, dataFolder, readBundles } from './bundles.ts';
import { openConnection, requestBytes } from './connection.ts';
import type { Bench, BenchOptions, Measure } from './harness.ts';
import { eachOnce, timed } from './load.ts';
import { memoryOf } from './process-memory.ts';
import { openStage, type Stage } from './stage.ts';

const hospital = 'hospital-a';
/** Bundles on their way at a time. */
const connections = 4;
/** Rows a statement; what the node itself takes. */
const rowsAtOnce = 200;
const mebibyte = 1_048_576;

/** Posts bundles over kept-alive connections; each must be taken. */
export async function postBundles(stage: Stage, bundles: readonly BenchBundle[]): Promise<Buffer[]> {
  const { alliance } = stage;
  const target = { url: alliance.apiUrl(hospital), ca: alliance.ca(hospital) };
  const authorization = `Bearer ${await stage.token(`registrar@${hospital}`)}`;
  const headers = { Authorization: authorization, 'Content-Type': 'application/fhir+json' };
  return eachOnce(bundles, connections, {
    open: () => openConnection(target),
    close: (connection) => connection.close(),
    work: async ({ name, body }, connection) => {
      const request = requestBytes({ method: 'POST', path: '/fhir/R4', headers, body });
      const answer = await connection.send(request);
      if (answer.status !== 200) throw new Error(`${name}: ${answer.status} ${answer.body.subarray(0, 400)}`);
      return answer.body;
    },
  });
}

type InsertRows = (client: pg.PoolClient, texts: readonly string[]) => Promise<unknown>;

/** Each bundle's resources in one transaction, as many at a time as the node is sent. */
async function insertAll(pool: pg.Pool, bundles: readonly BenchBundle[], insert: InsertRows): Promise<void> {
  await eachOnce(bundles, connections, {
    open: () => pool.connect(),
    close: (client) => client.release(),
    work: async ({ texts }, client) => {
      await client.query('begin');
      for (let start = 0; start < texts.length; start += rowsAtOnce)
        await insert(client, texts.slice(start, start + rowsAtOnce));
      await client.query('commit');
    },
  });
}

/** The baseline: resources inserted as text. */
const insertRaw: InsertRows = (client, texts) =>
  client.query('insert into raw_record (body) select unnest($1::text[])', [texts]);

const sealingKey = sealingKeyOf(Buffer.alloc(32, 7));

/** What the node seals of one resource, with an index of the usual length. */
function toSeal(text: string): VersionToSeal {
  const { resourceType: type, id } = JSON.parse(text) as { resourceType: string; id: string };
  const [idToken, index] = ['0123456789abcdef', JSON.stringify({ type, id, values: 'x'.repeat(250) })];
  return { tenant: hospital, type, id, version: 1, idToken, key: sealingKey, text, index } as VersionToSeal;
}

/** The least that keeps a record as it must be: each is committed to and sealed, with its index, in this one thread. */
const insertSealed: InsertRows = (client, texts) => {
  const sealed = texts.map((text) => sealVersion(toSeal(text)));
  const { wrappedKeys, indices, bodies } = columnsOf(sealed);
  return client.query(
    `insert into sealed_record (wrapped_key, index, body, digest)
     select * from unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bytea[])`,
    [wrappedKeys, indices, bodies, byteaArray(sealed.map(({ digest }) => digest))],
  );
};

async function databaseBytes(url: string): Promise<number> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query('vacuum');
    const { rows } = await client.query('select pg_database_size(current_database())::text as bytes');
    return Number(rows[0].bytes);
  } finally {
    await client.end();
  }
}

type Rounds = {
  ours: number[];
  raw: number[];
  sealed: number[];
  peaks: number[];
  ownBytes: number;
  rawBytes: number;
};

async function measure(stage: Stage, options: BenchOptions): Promise<Rounds & { set: BundleSet }> {
  const folder = dataFolder(options);
  const ownUrl = stage.alliance.cluster.url(hospital.replace('-', '_'));
  const rawUrl = await stage.database('bench_raw');
  const pool = new pg.Pool({ connectionString: rawUrl, max: connections });
  await pool.query(
    'create table raw_record (seq bigint generated always as identity primary key, body text)',
  );
  const sealedPool = new pg.Pool({
    connectionString: await stage.database('bench_sealed'),
    max: connections,
  });
  await sealedPool.query(
    `create table sealed_record (seq bigint generated always as identity primary key,
       wrapped_key bytea, index bytea, body bytea, digest bytea)`,
  );
  const pid = stage.alliance.processes.get(hospital)?.pid ?? -1;
  let set = await readBundles(folder, 0);
  await postBundles(stage, set.directory);
  const before = { own: await databaseBytes(ownUrl), raw: await databaseBytes(rawUrl) };
  const found: Rounds = { ours: [], raw: [], sealed: [], peaks: [], ownBytes: 0, rawBytes: 0 };
  let taken = 0;
  for (let round = 0; round < options.rounds; round += 1) {
    set = await readBundles(folder, round);
    const count = set.patients.reduce((sum, { texts }) => sum + texts.length, 0);
    const { patients } = set;
    found.ours.push((count * 1000) / (await timed(() => postBundles(stage, patients))));
    found.raw.push((count * 1000) / (await timed(() => insertAll(pool, patients, insertRaw))));
    found.sealed.push((count * 1000) / (await timed(() => insertAll(sealedPool, patients, insertSealed))));
    found.peaks.push(memoryOf(pid).peak / mebibyte);
    taken += patients.reduce((sum, { texts }) => sum + Buffer.byteLength(texts.join('')), 0);
  }
  await anchored(stage.story);
  found.ownBytes = ((await databaseBytes(ownUrl)) - before.own) / taken;
  found.rawBytes = ((await databaseBytes(rawUrl)) - before.raw) / taken;
  await Promise.all([pool.end(), sealedPool.end()]);
  return { ...found, set };
}

export const bench: Bench = {
  name: 'ingest',
  about: 'transaction bundles over HTTPS: validated, sealed, indexed, logged, audited; 4 at a time',
  run: async (options) => {
    const stage = await openStage(['regulator', hospital]);
    try {
      const { ours, raw, sealed, peaks, ownBytes, rawBytes, set } = await measure(stage, options);
      const about = `${set.resources} resources, ${(set.bytes / 1e6).toFixed(1)} MB a round`;
      const measures: Omit<Measure, 'bench'>[] = [
        {
          measure: 'taken in',
          unit: 'resources/s',
          values: ours,
          baseline: { name: 'raw pg insert', values: raw },
          note: about,
        },
        {
          measure: 'taken in',
          unit: 'resources/s',
          values: ours,
          baseline: { name: 'raw pg insert of what is committed to and sealed first', values: sealed },
        },
        {
          measure: 'peak memory of the node',
          unit: 'MiB',
          values: peaks,
          note: `after the first round ${peaks[0]?.toFixed(0)}, after the last ${peaks.at(-1)?.toFixed(0)}`,
        },
        {
          measure: 'database bytes a byte of JSON',
          unit: 'bytes',
          values: [ownBytes],
          baseline: { name: 'raw table', values: [rawBytes] },
          note: 'over all rounds, vacuumed, with index, log and audit',
        },
      ];
      return measures.map((one) => ({ bench: 'ingest', ...one }));
    } finally {
      await stage.close();
    }
  },
};
