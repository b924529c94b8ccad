import { join } from 'node:path';
import pg from 'pg';
import type { BenchBundle } from './bundles.ts';
import type { Stage } from './stage.ts';

/** What the plain server answers from: the resource's JSON text as it came, with what the two queries need. */
const table = `create table plain_record (
  seq bigint generated always as identity primary key, id text unique not null, patient text not null, type text not null,
  body text not null);
  create index plain_compartment on plain_record (patient, type, seq desc)`;

/** Fills the plain server's database with the resources of the bundles. */
export async function fillPlainRecords(url: string, bundles: readonly BenchBundle[]): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(table);
    for (const { patient, texts } of bundles) {
      if (patient === undefined) continue;
      const parsed = texts.map((text) => JSON.parse(text) as { id: string; resourceType: string });
      await client.query(
        `insert into plain_record (id, patient, type, body)
         select id, $1, type, body from unnest($2::text[], $3::text[], $4::text[]) as t(id, type, body)`,
        [patient.id, parsed.map(({ id }) => id), parsed.map(({ resourceType }) => resourceType), texts],
      );
    }
    await client.query('analyze plain_record');
  } finally {
    await client.end();
  }
}

/** Starts a baseline's server with a hospital's certificate; its URL and process. */
export async function startBareServer(
  stage: Stage,
  options: { name: string; script: 'plain-server' | 'duty-server'; organizationId: string; args: string[] },
): Promise<{ url: string; pid: number }> {
  const own = join(stage.alliance.folder, 'ledger', 'organizations', options.organizationId, 'node');
  const { ready, pid } = await stage.start(options.name, `bench/${options.script}.ts`, [
    '--certificate',
    join(own, 'cert.pem'),
    '--key',
    join(own, 'key.pem'),
    ...options.args,
  ]);
  return { url: `https://localhost:${ready['port']}`, pid };
}
