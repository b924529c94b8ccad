import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase, type PostgresDatabase } from '../adapters/postgres/pool.ts';
import { createDecisions } from '../consent/index.ts';
import { type ConsentFixture, createConsentFixture, staff, tenant } from '../consent/test/fixture.ts';
import { silentLogger } from '../lib/logger.ts';
import { createOpenedVersions, createRecords, type Records } from './index.ts';
import { sealHere } from './sealing.ts';
import { observation, patient } from './test/fixture.ts';

const connections = 4;
const caller = { actor: staff(['clinician']), purpose: 'TREAT' };

let fixture: ConsentFixture;
let narrow: PostgresDatabase;
let records: Records;

/** Records with few connections, decided upon by the real consent module. */
beforeAll(async () => {
  fixture = await createConsentFixture();
  const { keyStore, clock, log, members, policy, view, url } = fixture;
  narrow = openDatabase(url, { maxConnections: connections });
  const decisions = await createDecisions({
    ...{
      db: narrow,
      journal: fixture.db,
      keyStore,
      clock,
      tenant,
      policy,
      evidence: log,
      logger: silentLogger,
    },
    members: { get: async (id) => members.get(id) },
    ledgerView: { freshUntil: () => view.freshUntil },
  });
  records = createRecords(
    {
      ...{ db: narrow, keyStore, clock, tenant, log, consent: decisions },
      access: { record: log.recordAccess, write: log.accessWriter.write },
      baseUrl: 'https://a.example/fhir/R4',
      seal: sealHere,
      opened: createOpenedVersions(clock),
      forget: [],
    },
    { proofsFor: log.proofsFor, blocks: () => Promise.reject(new Error('no blocks here')) },
  );
});
afterAll(async () => {
  await narrow.close();
  await fixture.drop();
});

async function create(resource: Record<string, unknown>): Promise<string> {
  const entry = [{ resource, request: { method: 'POST', url: resource['resourceType'] } }];
  const { results } = await records.writeBundle(
    { resourceType: 'Bundle', type: 'transaction', entry },
    caller,
  );
  return results[0]?.location?.split('/')[1] ?? '';
}

it('more writers than connections, each of whom is decided upon, do not wait for each other for ever', async () => {
  const patients: string[] = [];
  for (let count = 0; count < connections * 3; count += 1) patients.push(await create(patient()));

  const written = await Promise.allSettled(patients.map((id) => create(observation(id))));

  expect(written.map(({ status }) => status)).toEqual(patients.map(() => 'fulfilled'));
}, 30_000);
