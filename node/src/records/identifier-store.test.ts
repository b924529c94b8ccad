import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Resource } from '../fhir/index.ts';
import type { Queryable } from '../lib/sql.ts';
import { findByIdentifiers } from './identifier-store.ts';
import { createFixture, type Fixture, patient } from './test/fixture.ts';
import { identifierToken } from './tokens.ts';
import { createRecord, deleteRecord, updateRecord } from './write-one.ts';

const system = 'urn:test:number';
let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterAll(() => fixture.database.drop());

const withNumber = (value: string): Resource => patient({ identifier: [{ system, value }] }) as Resource;
const tokenOf = (value: string): Uint8Array =>
  identifierToken(fixture.deps.keyStore, 'Patient', { system, value });
const context = () => ({ caller: fixture.clinician, deps: fixture.deps });

async function scans(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ scans: string }>(
    "select seq_scan::text as scans from pg_stat_xact_user_tables where relname = 'record_version'",
  );
  return Number(rows[0]?.scans);
}

it('finds the current version of each record that carries an identifier, and none that is deleted', async () => {
  const [kept, changed, deleted] = [withNumber('1'), withNumber('2'), withNumber('3')];
  const first = await createRecord({ resource: kept }, context());
  const second = await createRecord({ resource: changed }, context());
  const third = await createRecord({ resource: deleted }, context());
  const resource = { ...changed, id: second.id, active: false };
  await updateRecord({ resource, id: second.id, ifMatch: '1' }, context());
  await deleteRecord({ type: 'Patient', id: third.id, ifMatch: undefined }, context());

  const rows = await findByIdentifiers(fixture.deps.db, ['1', '2', '3', '4'].map(tokenOf));

  expect(first.version).toBe(1);
  expect(rows.map(({ version, is_current, deleted }) => [version, is_current, deleted]).sort()).toEqual([
    [1, true, false],
    [2, true, false],
  ]);
});

it('does not read all records to find a few, although nothing tells the database how many there are', async () => {
  await createRecord({ resource: withNumber('5') }, context());

  await fixture.deps.db.transaction(async (tx) => {
    const before = await scans(tx);
    // The plan of a prepared statement is made once more for any value at its sixth use.
    for (let use = 0; use < 10; use += 1) expect(await findByIdentifiers(tx, [tokenOf('5')])).toHaveLength(1);

    expect(await scans(tx)).toBe(before);
  });
});
