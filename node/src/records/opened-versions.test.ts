import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openPresence } from '../adapters/postgres/presence.ts';
import { parseSearch, type Resource } from '../fhir/index.ts';
import { manualClock } from '../lib/clock.ts';
import { silentLogger } from '../lib/logger.ts';
import { announcedErasure, erasureChannel } from './erasure-store.ts';
import { createOpenedVersions, type OpenedVersion } from './opened-versions.ts';
import { readRecord } from './read.ts';
import type { RecordsDeps } from './records-deps.ts';
import { searchset } from './searchset.ts';
import {
  asPatientId,
  createFixture,
  eraseByTwo,
  type Fixture,
  keyStore,
  observation,
  patient,
} from './test/fixture.ts';
import { compartmentToken, idToken } from './tokens.ts';
import { createRecord, deleteRecord, updateRecord } from './write-one.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterAll(() => fixture.database.drop());
const everything = { types: 'all' as const, labels: 'all' as const, exclusions: [] };
beforeEach(() => fixture.setPolicy(() => ({ grants: [everything] })));

/** Another process over the same database, which knows nothing of what this one has opened. */
const elsewhere = (): RecordsDeps => ({ ...fixture.deps, opened: createOpenedVersions(fixture.deps) });
const context = (deps = fixture.deps) => ({ caller: fixture.clinician, deps });
const create = async (resource: Record<string, unknown>): Promise<string> =>
  (await createRecord({ resource: resource as Resource }, context())).id;

async function search(patientId: string, more = ''): Promise<Resource[]> {
  const parameters = new URLSearchParams(`patient=${patientId}${more}`);
  const query = parseSearch('Observation', parameters);
  const found = JSON.parse(await searchset({ query, parameters }, context())) as {
    entry?: { resource: Resource }[];
  };
  return (found.entry ?? []).map(({ resource }) => resource);
}

const read = async (id: string): Promise<Resource> =>
  (await readRecord({ type: 'Observation', id }, context())).resource;

async function positionOf(id: string): Promise<string> {
  const { rows } = await fixture.database.db.query<{ version_seq: string }>(
    'select version_seq from record_version where id_token = $1',
    [idToken(fixture.deps.keyStore, 'Observation', id)],
  );
  return rows[0]?.version_seq ?? '';
}

/** A patient whose one observation was read and searched for, with and without a criterion, and so is in memory. */
async function searched(more: object = {}): Promise<{ patientId: string; id: string; resource: Resource }> {
  const patientId = await create(patient());
  const id = await create(observation(patientId, { note: [{ text: 'first' }], ...more }));
  const [resource] = await search(patientId);
  expect(await search(patientId, '&_sort=_id')).toEqual([resource]);
  expect(await search(patientId)).toEqual([resource]);
  expect([await read(id), await read(id)]).toEqual([resource, resource]);
  return { patientId, id, resource: resource as Resource };
}

describe('what was opened before', () => {
  it('is not shown once it is superseded, whoever wrote', async () => {
    const { patientId, id, resource } = await searched();
    const changed = { ...resource, note: [{ text: 'second' }] };

    await updateRecord({ id, resource: changed, ifMatch: '1' }, context(elsewhere()));

    expect(await search(patientId)).toMatchObject([{ note: [{ text: 'second' }], meta: { versionId: '2' } }]);
    expect(await search(patientId, '&_sort=_id')).toMatchObject([{ meta: { versionId: '2' } }]);
    expect(await read(id)).toMatchObject({ note: [{ text: 'second' }], meta: { versionId: '2' } });
  });

  it('is not shown once it is deleted, whoever deleted', async () => {
    const { patientId, id } = await searched();

    await deleteRecord({ type: 'Observation', id, ifMatch: undefined }, context(elsewhere()));

    expect(await search(patientId)).toEqual([]);
    await expect(read(id)).rejects.toMatchObject({ code: 'RECORDS_DELETED' });
  });

  it.each(['here', 'elsewhere'] as const)('is not shown once the patient was erased %s', async (place) => {
    const { patientId, id } = await searched();

    const deps = place === 'here' ? fixture.deps : elsewhere();
    await eraseByTwo(asPatientId(patientId), deps);

    expect(await search(patientId)).toEqual([]);
    expect(await search(patientId, '&_sort=_id')).toEqual([]);
    await expect(read(id)).rejects.toMatchObject({ code: 'RECORDS_NOT_FOUND' });
  });

  it('is not in memory once the patient was erased', async () => {
    const { patientId, id } = await searched();
    const position = await positionOf(id);
    expect(fixture.deps.opened.get(position)?.body?.text).toContain('first');

    await eraseByTwo(asPatientId(patientId), fixture.deps);

    expect(fixture.deps.opened.get(position)).toBeUndefined();
  });

  it('is soon in no other process’s memory either once the patient was erased', async () => {
    const { patientId, id } = await searched();
    const there = elsewhere();
    const presence = await openPresence({
      ...{ url: fixture.database.url, registration: 'one', channel: erasureChannel, logger: silentLogger },
      onNotice: (payload) => {
        const token = announcedErasure(payload);
        if (token !== undefined) there.opened.forget(token);
      },
      onLost: there.opened.suspend,
      onHeard: there.opened.resume,
    });
    const position = await positionOf(id);
    await readRecord({ type: 'Observation', id }, context(there));
    expect(there.opened.get(position)?.body?.text).toContain('first');

    await eraseByTwo(asPatientId(patientId), fixture.deps);

    await vi.waitFor(() => expect(there.opened.get(position)).toBeUndefined());
    await presence.close();
  });

  it('is not kept by a read that was under way when the patient was erased', async () => {
    const { patientId, id } = await searched();
    const position = await positionOf(id);
    const version = fixture.deps.opened.get(position) as OpenedVersion;
    await eraseByTwo(asPatientId(patientId), fixture.deps);

    fixture.deps.opened.keep(position, version);

    expect(fixture.deps.opened.get(position)).toBeUndefined();
  });

  it('is not kept while erasures by others are not heard of', async () => {
    const { id } = await searched();
    const position = await positionOf(id);
    const there = elsewhere();
    const opens = async (): Promise<boolean> => {
      expect(await readRecord({ type: 'Observation', id }, context(there))).toBeDefined();
      return there.opened.get(position) !== undefined;
    };
    expect(await opens()).toBe(true);

    there.opened.suspend();

    expect(there.opened.get(position)).toBeUndefined();
    expect(await opens()).toBe(false);
    there.opened.resume();
    expect(await opens()).toBe(true);
  });

  it('is not read again where it was passed over', async () => {
    const patientId = await create(patient());
    for (let at = 0; at < 3; at += 1) await create(observation(patientId));
    const texts: string[] = [];
    const db: RecordsDeps['db'] = {
      ...fixture.deps.db,
      select: (text, values) => {
        texts.push(text);
        return fixture.deps.db.select(text, values);
      },
    };
    const deps = { ...elsewhere(), db };
    fixture.setPolicy(() => ({ grants: [{ ...everything, instances: ['Observation/another'] }] }));
    const parameters = new URLSearchParams(`patient=${patientId}`);
    const find = () =>
      searchset({ query: parseSearch('Observation', parameters), parameters }, context(deps));
    await find();
    expect(texts.some((text) => text.includes('index_sealed'))).toBe(true);

    texts.length = 0;
    await find();

    expect(texts.filter((text) => text.includes('index_sealed'))).toEqual([]);
  });

  it('is withheld, redacted or denied as the decision of each request says', async () => {
    const { patientId, id } = await searched();

    fixture.setPolicy(() => ({ grants: [everything], redactions: ['note'] }));
    expect((await search(patientId))[0]).not.toHaveProperty('note');
    expect(await read(id)).not.toHaveProperty('note');
    fixture.setPolicy(() => ({ grants: [{ ...everything, types: ['Condition'] }] }));
    expect(await search(patientId)).toEqual([]);
    await expect(read(id)).rejects.toMatchObject({ code: 'RECORDS_NOT_FOUND' });
    fixture.setPolicy(() => 'deny');
    expect(await search(patientId)).toEqual([]);
    await expect(read(id)).rejects.toMatchObject({ code: 'RECORDS_NOT_FOUND' });
    fixture.setPolicy(() => ({ grants: [everything] }));
    expect((await search(patientId))[0]).toHaveProperty('note');
    expect(await read(id)).toHaveProperty('note');
  });

  it.each(['version = 7', 'deleted = true'])('is refused where its row says %s', async (change) => {
    const { id } = await searched();

    await fixture.database.db.query(`update record_version set ${change} where id_token = $1`, [
      idToken(fixture.deps.keyStore, 'Observation', id),
    ]);

    await expect(read(id)).rejects.toMatchObject({ code: 'SEAL_REFUSED' });
  });

  it('is refused where its row was moved to another patient', async () => {
    const { id } = await searched();
    const other = await create(patient());
    const { keyStore } = fixture.deps;

    await fixture.database.db.query('update record_version set compartment_token = $2 where id_token = $1', [
      idToken(keyStore, 'Observation', id),
      compartmentToken(keyStore, asPatientId(other), 'Observation'),
    ]);

    await expect(search(other)).rejects.toMatchObject({ code: 'SEAL_REFUSED' });
    await expect(search(other, '&_sort=_id')).rejects.toMatchObject({ code: 'SEAL_REFUSED' });
  });
});

describe('the memory of what was opened', () => {
  const version = (owner: string, text: string): OpenedVersion => ({
    index: { type: 'Observation', id: 'o', owner: asPatientId(owner), labels: [], values: {} as never },
    version: 1,
    leafId: '1',
    body: { text, contentSalt: () => new Uint8Array(32) },
  });

  it('keeps what is used and lets go of the rest when it is full', () => {
    const opened = createOpenedVersions({ clock: manualClock('2026-03-01T08:00:00.000Z'), keyStore });
    const large = 'x'.repeat(60_000);

    for (let at = 0; at < 1_000; at += 1) {
      opened.keep(`${at}`, version('p', large));
      opened.get('0');
    }

    const kept = Array.from({ length: 1_000 }, (_, at) => opened.get(`${at}`)).filter((found) => found);
    expect(kept.length).toBeLessThan(425);
    expect(kept.length).toBeGreaterThan(400);
    expect(opened.get('0')).toBeDefined();
    expect(opened.get('1')).toBeUndefined();
  });

  it('keeps nothing that is too large', () => {
    const opened = createOpenedVersions({ clock: manualClock('2026-03-01T08:00:00.000Z'), keyStore });
    opened.keep('1', version('p', 'x'.repeat(70_000)));
    expect(opened.get('1')).toBeUndefined();
  });

  it('lets go of what nobody needed for five minutes', () => {
    const clock = manualClock('2026-03-01T08:00:00.000Z');
    const opened = createOpenedVersions({ clock, keyStore });
    opened.keep('1', version('p', 'one'));
    clock.advance(5 * 60_000);
    opened.keep('2', version('p', 'two'));

    expect(opened.get('1')).toBeUndefined();
    expect(opened.get('2')).toBeDefined();
  });
});
