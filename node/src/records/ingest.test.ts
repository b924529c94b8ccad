import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Resource } from '../fhir/index.ts';
import { writeBundle } from './bundle.ts';
import { readRecord } from './read.ts';
import { callerOf, createFixture, type Fixture, observation, patient } from './test/fixture.ts';
import { createRecord, deleteRecord, updateRecord } from './write-one.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterAll(() => fixture.database.drop());

const context = () => ({ caller: fixture.clinician, deps: fixture.deps });
const create = (resource: Record<string, unknown>) =>
  createRecord({ resource: resource as Resource }, context());

async function count(table: string): Promise<number> {
  const { rows } = await fixture.database.db.query<{ count: string }>(`select count(*) from ${table}`);
  return Number(rows[0]?.count);
}

type Entry = Record<string, unknown>;
const post = (resource: Record<string, unknown>, more: Entry = {}): Entry => ({
  resource,
  request: { method: 'POST', url: resource['resourceType'] },
  ...more,
});
const bundle = (type: 'transaction' | 'batch', entry: Entry[]): unknown => ({
  resourceType: 'Bundle',
  type,
  entry,
});
const urn = (digit: number): string => `urn:uuid:00000000-0000-4000-8000-00000000000${digit}`;

describe('creating a record', () => {
  it('stores it with an id, a version and a time of the server', async () => {
    const { id: patientId } = await create(patient());
    const { id, resource } = await create({ ...observation(patientId), id: 'chosen-by-client' });

    expect(id).not.toBe('chosen-by-client');
    expect(resource?.meta).toMatchObject({ versionId: '1', lastUpdated: '2026-03-01T08:00:00.000Z' });
    const read = await readRecord({ type: 'Observation', id }, context());
    expect(read.resource).toEqual(resource);
  });

  it('writes state, leaf and audit together', async () => {
    const before = [await count('record_version'), await count('evidence_leaf'), await count('audit_event')];

    await create(patient());

    const after = [await count('record_version'), await count('evidence_leaf'), await count('audit_event')];
    expect(after.map((number, at) => number - (before[at] ?? 0))).toEqual([1, 2, 1]);
  });

  it('refuses a patient nobody knows and one that may not be written for with the same answer', async () => {
    const { id: patientId } = await create(patient());
    const unknown = await create(observation('nobody')).catch((error: unknown) => error);
    fixture.setPolicy(({ action }) => (action === 'write' ? 'deny' : { grants: [] }));
    const forbidden = await create(observation(patientId)).catch((error: unknown) => error);
    fixture.setPolicy(() => ({ grants: [{ types: 'all', labels: 'all', exclusions: [] }] }));

    expect(unknown).toMatchObject({ code: 'RECORDS_PATIENT_UNKNOWN', status: 422 });
    expect(forbidden).toMatchObject({ code: 'RECORDS_PATIENT_UNKNOWN', status: 422 });
  });

  it.each([
    ['a pharmacist', callerOf(['pharmacist'])],
    ['a patient', { actor: { kind: 'patient' as const, patientId: 'p' as never }, purpose: 'PATRQT' }],
  ])('refuses %s', async (_who, caller) => {
    await expect(
      createRecord({ resource: patient() as Resource }, { caller, deps: fixture.deps }),
    ).rejects.toMatchObject({ code: 'RECORDS_WRITE_FORBIDDEN' });
  });

  it('refuses references to another patient’s records and to nothing with the same answer', async () => {
    const { id: one } = await create(patient());
    const { id: other } = await create(patient());
    const { id: foreign } = await create(observation(other));
    const referring = (id: string) =>
      create(observation(one, { hasMember: [{ reference: `Observation/${id}` }] }));

    await expect(referring(foreign)).rejects.toMatchObject({ code: 'RECORDS_REFERENCE_UNKNOWN' });
    await expect(referring('nothing')).rejects.toMatchObject({ code: 'RECORDS_REFERENCE_UNKNOWN' });
    const { id: own } = await create(observation(one));
    await expect(referring(own)).resolves.toMatchObject({ status: 201 });
  });

  it('takes a person in once, also when two try at the same moment', async () => {
    const identifier = [{ system: 'urn:oid:2.16.156.10011.1.3', value: '11010519491231002X' }];

    const results = await Promise.allSettled([1, 2, 3].map(() => create(patient({ identifier }))));

    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected')
        expect(result.reason).toMatchObject({ code: 'RECORDS_PATIENT_EXISTS' });
    }
  });

  it('refuses a national id whose check character is wrong', async () => {
    const identifier = [{ system: 'urn:oid:2.16.156.10011.1.3', value: '110105194912310021' }];

    await expect(create(patient({ identifier }))).rejects.toMatchObject({
      code: 'IDENTITY_NATIONAL_ID_INVALID',
    });
  });

  it('takes a person in once, however the check character is written', async () => {
    const person = (value: string) =>
      patient({ identifier: [{ system: 'urn:oid:2.16.156.10011.1.3', value }] });
    await create(person('53010219200508011x'));

    await expect(create(person('53010219200508011X'))).rejects.toMatchObject({
      code: 'RECORDS_PATIENT_EXISTS',
    });
  });

  it('refuses two people in one Patient, and a second number that is none', async () => {
    for (const second of ['34052419800101001X', '34052419800101001']) {
      const identifier = ['440524188001010014', second].map((value) => ({
        system: 'urn:oid:2.16.156.10011.1.3',
        value,
      }));

      await expect(create(patient({ identifier }))).rejects.toMatchObject({
        code: 'IDENTITY_NATIONAL_ID_INVALID',
      });
    }
  });

  it('finds instead of creating where the condition matches, also when many create at the same moment', async () => {
    const identifier = { system: 'https://a.example/npi', value: '42' };
    const practitioner = { resourceType: 'Practitioner', identifier: [identifier] };
    const attempt = () => createRecord({ resource: practitioner, ifNoneExist: identifier }, context());

    const results = await Promise.all([attempt(), attempt(), attempt(), attempt()]);

    expect(results.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set(results.map(({ id }) => id)).size).toBe(1);
  });
});

describe('a condition that finds a patient', () => {
  it('is on that patient’s record of accesses', async () => {
    const identifier = { system: 'https://a.example/mrn', value: 'probe' };
    await create(patient({ identifier: [identifier] }));
    const accesses = async (): Promise<number> => {
      const { rows } = await fixture.database.db.query<{ last: string }>(
        'select sum(last) as last from access_sequence',
      );
      return Number(rows[0]?.last);
    };
    const before = await accesses();

    await createRecord({ resource: patient() as Resource, ifNoneExist: identifier }, context());

    expect(await accesses()).toBe(before + 1);
  });
});

describe('updating a record', () => {
  async function created() {
    const { id: patientId } = await create(patient());
    const { id } = await create(observation(patientId));
    return { patientId, id };
  }
  const update = (patientId: string, id: string, ifMatch: string | undefined) =>
    updateRecord({ resource: { ...observation(patientId), id } as Resource, id, ifMatch }, context());

  it('makes the next version and keeps the last one readable', async () => {
    const { patientId, id } = await created();

    await expect(update(patientId, id, '1')).resolves.toMatchObject({ status: 200, version: 2 });

    expect((await readRecord({ type: 'Observation', id }, context())).version).toBe(2);
    expect((await readRecord({ type: 'Observation', id, version: 1 }, context())).version).toBe(1);
  });

  it('needs to know the version it replaces', async () => {
    const { patientId, id } = await created();

    await expect(update(patientId, id, undefined)).rejects.toMatchObject({ status: 428 });
    await expect(update(patientId, id, '7')).rejects.toMatchObject({ status: 412 });
    await expect(update(patientId, 'absent', '1')).rejects.toMatchObject({ status: 404 });
  });

  it('lets exactly one of many writers of the same version win', async () => {
    const { patientId, id } = await created();

    const results = await Promise.allSettled(Array.from({ length: 8 }, () => update(patientId, id, '1')));

    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected')
        expect(result.reason).toMatchObject({ code: 'RECORDS_VERSION_CONFLICT' });
    }
    expect((await readRecord({ type: 'Observation', id }, context())).version).toBe(2);
  });

  it('never moves a record to another patient', async () => {
    const { id } = await created();
    const { id: other } = await create(patient());

    await expect(update(other, id, '1')).rejects.toMatchObject({ code: 'RECORDS_OWNER_CHANGED' });
  });

  it('answers for a hidden record as for an absent one, whatever the version', async () => {
    const { patientId, id } = await created();
    fixture.setPolicy(() => 'deny');

    const hidden = await update(patientId, id, '7').catch((error: unknown) => error);
    const absent = await update(patientId, 'absent', '7').catch((error: unknown) => error);
    fixture.setPolicy(() => ({ grants: [{ types: 'all', labels: 'all', exclusions: [] }] }));

    expect(hidden).toMatchObject({ code: 'RECORDS_NOT_FOUND', message: 'RECORDS_NOT_FOUND' });
    expect(absent).toMatchObject({ code: 'RECORDS_NOT_FOUND', message: 'RECORDS_NOT_FOUND' });
  });
});

describe('deleting a record', () => {
  it('leaves a last version that says so, and earlier ones', async () => {
    const { id: patientId } = await create(patient());
    const { id } = await create(observation(patientId));

    await expect(deleteRecord({ type: 'Observation', id, ifMatch: '9' }, context())).rejects.toMatchObject({
      status: 412,
    });
    await deleteRecord({ type: 'Observation', id, ifMatch: '1' }, context());

    await expect(readRecord({ type: 'Observation', id }, context())).rejects.toMatchObject({ status: 410 });
    expect((await readRecord({ type: 'Observation', id, version: 1 }, context())).version).toBe(1);
    await expect(
      deleteRecord({ type: 'Observation', id, ifMatch: undefined }, context()),
    ).rejects.toMatchObject({
      status: 404,
    });
  });

  it('refuses a patient on whom records hang', async () => {
    const { id } = await create(patient());
    const { id: observationId } = await create(observation(id));
    const remove = () => deleteRecord({ type: 'Patient', id, ifMatch: undefined }, context());

    await expect(remove()).rejects.toMatchObject({ code: 'RECORDS_PATIENT_IN_USE' });
    await deleteRecord({ type: 'Observation', id: observationId, ifMatch: undefined }, context());
    await expect(remove()).resolves.toMatchObject({ status: 204 });
  });
});

describe('a transaction Bundle', () => {
  it('resolves urn and conditional references and creates the patient', async () => {
    const identifier = { system: 'https://a.example/npi', value: '77' };
    await create({ resourceType: 'Practitioner', identifier: [identifier] });
    const performer = [{ reference: 'Practitioner?identifier=https://a.example/npi|77' }];
    const { results } = await writeBundle(
      bundle('transaction', [
        post({ ...observation('x'), subject: { reference: urn(1) }, performer }, { fullUrl: urn(2) }),
        post(patient(), { fullUrl: urn(1) }),
      ]),
      context(),
    );

    expect(results.map(({ status }) => status)).toEqual(['201 Created', '201 Created']);
    const [, id = ''] = results[0]?.location?.split('/') ?? [];
    const { resource } = await readRecord({ type: 'Observation', id }, context());
    expect(resource['subject']).toEqual({ reference: results[1]?.location?.split('/_history')[0] });
    expect(JSON.stringify(resource['performer'])).toMatch(/"Practitioner\/[0-9a-f-]{36}"/);
  });

  it('puts a medication that only this patient uses into the patient’s compartment', async () => {
    const { results } = await writeBundle(
      bundle('transaction', [
        post(patient(), { fullUrl: urn(1) }),
        post({ resourceType: 'Medication', code: { text: 'Aspirin' } }, { fullUrl: urn(2) }),
        post({
          resourceType: 'MedicationRequest',
          status: 'active',
          intent: 'order',
          subject: { reference: urn(1) },
          medicationReference: { reference: urn(2) },
        }),
      ]),
      context(),
    );
    const [, id = ''] = results[1]?.location?.split('/') ?? [];

    fixture.asked.length = 0;
    await readRecord({ type: 'Medication', id }, context());

    expect(fixture.asked[0]?.patient).toBe(results[0]?.location?.split('/')[1]);
  });

  it('writes nothing when its last entry fails, however it fails', async () => {
    const tables = [
      'record_version',
      'record_identifier',
      'patient_key',
      'patient_identity',
      'evidence_leaf',
      'evidence_pending',
      'audit_event',
    ];
    const before = await Promise.all(tables.map(count));
    const good = Array.from({ length: 450 }, () =>
      post({ ...observation('x'), subject: { reference: urn(1) } }),
    );
    const bad: Entry[] = [
      post({ resourceType: 'Observation', status: 'final', code: {} }),
      post(observation('nobody')),
      post({
        ...observation('x'),
        subject: { reference: urn(1) },
        encounter: { reference: 'Encounter/none' },
      }),
      {
        resource: { ...observation('x'), id: 'none' },
        request: { method: 'PUT', url: 'Observation/none', ifMatch: 'W/"1"' },
      },
      post({
        ...observation('x'),
        performer: [{ reference: 'Practitioner?identifier=https://none.example|1' }],
      }),
      { request: { method: 'GET', url: 'Patient/1' } },
    ];

    for (const last of bad) {
      const entries = [post(patient(), { fullUrl: urn(1) }), ...good, last];
      await expect(writeBundle(bundle('transaction', entries), context())).rejects.toThrow();
    }

    // Four of them are refused because of what is stored: that they were tried is on record, and nothing else.
    const traces = ['evidence_leaf', 'evidence_pending', 'audit_event'];
    const expected = before.map((rows, at) => rows + (traces.includes(tables[at] ?? '') ? 4 : 0));
    expect(await Promise.all(tables.map(count))).toEqual(expected);
  });

  it('writes nothing when the log refuses a later chunk', async () => {
    const before = await Promise.all(['record_version', 'evidence_leaf', 'patient_key'].map(count));
    let calls = 0;
    const append: typeof fixture.deps.log.append = (tx, leaves) => {
      calls += 1;
      return calls === 2 ? Promise.reject(new Error('the log is away')) : fixture.deps.log.append(tx, leaves);
    };
    const deps = { ...fixture.deps, log: { append } };
    const entries = Array.from({ length: 500 }, () =>
      post({ ...observation('x'), subject: { reference: urn(1) } }),
    );

    await expect(
      writeBundle(bundle('transaction', [post(patient(), { fullUrl: urn(1) }), ...entries]), {
        caller: fixture.clinician,
        deps,
      }),
    ).rejects.toThrow('the log is away');

    expect(await Promise.all(['record_version', 'evidence_leaf', 'patient_key'].map(count))).toEqual(before);
  });
});

describe('a batch Bundle', () => {
  it('carries out each entry by itself', async () => {
    const { id: patientId } = await create(patient());
    const { id } = await create(observation(patientId));
    const { results } = await writeBundle(
      bundle('batch', [
        post(observation(patientId)),
        post(observation('nobody')),
        { request: { method: 'GET', url: `Observation/${id}` } },
        { request: { method: 'GET', url: 'Observation/absent' } },
        { request: { method: 'GET', url: `Observation?patient=${patientId}&_summary=count` } },
        { request: { method: 'DELETE', url: `Observation/${id}` } },
      ]),
      context(),
    );

    expect(results.map(({ status }) => status)).toEqual([
      '201 Created',
      '422',
      '410', // deletions come first
      '404',
      '200 OK',
      '204 No Content',
    ]);
    expect(results[4]?.resource).toMatchObject({ total: 1 });
  });

  it('creates what does not depend on each other in one go, once for each condition', async () => {
    const one = { system: 'https://a.example/site', value: '1' };
    const entry = (value: string) =>
      post(
        { resourceType: 'Location', identifier: [{ ...one, value }] },
        { request: { method: 'POST', url: 'Location', ifNoneExist: `identifier=${one.system}|${value}` } },
      );

    const first = await writeBundle(bundle('batch', [entry('1'), entry('2'), entry('1')]), context());
    const second = await writeBundle(bundle('batch', [entry('1'), entry('2')]), context());

    expect(first.results.map(({ status }) => status)).toEqual(['201 Created', '201 Created', '200 OK']);
    expect(second.results.map(({ status }) => status)).toEqual(['200 OK', '200 OK']);
  });
});
