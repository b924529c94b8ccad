import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSearch, type Resource } from '../fhir/index.ts';
import { erasePatient, withdrawErasure } from './erase.ts';
import { readRecord } from './read.ts';
import { openForRelease } from './release.ts';
import { searchset } from './searchset.ts';
import {
  asPatientId,
  createFixture,
  eraseByTwo,
  type Fixture,
  keyStore,
  observation,
  officer,
  patient,
} from './test/fixture.ts';
import { idToken } from './tokens.ts';
import { createRecord, deleteRecord, updateRecord } from './write-one.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterAll(() => fixture.database.drop());

const context = () => ({ caller: fixture.clinician, deps: fixture.deps });
const create = async (resource: Record<string, unknown>): Promise<string> =>
  (await createRecord({ resource: resource as Resource }, context())).id;
const token = (id: string, type = 'Observation'): Uint8Array => idToken(keyStore, type, id);
const observations = async (patientId: string): Promise<object> => {
  const parameters = new URLSearchParams({ patient: patientId });
  const query = parseSearch('Observation', parameters);
  return JSON.parse(await searchset({ query, parameters }, context())) as object;
};
const refused = { name: 'CryptoError', code: 'SEAL_REFUSED', message: 'SEAL_REFUSED' };

/** Every value of every row of every table as PostgreSQL prints it, bytes also decoded. */
async function dump(): Promise<string> {
  const { db } = fixture.database;
  const { rows: tables } = await db.query<{ name: string }>(
    `select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
  );
  const parts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await db.query<Record<string, unknown>>(`select * from "${name}"`);
    for (const value of rows.flatMap((row) => Object.values(row))) {
      parts.push(value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : JSON.stringify(value));
    }
  }
  return parts.join('\n');
}

describe('records at rest', () => {
  it('show nothing of what was planted in them, whatever was done with them', async () => {
    const canary = (place: string): string => `canary-${place}-7f3a`;
    const identifier = [{ system: canary('system'), value: canary('value') }];
    const name = [{ family: canary('family'), given: [canary('given')] }];
    const patientId = await create(patient({ identifier, name, birthDate: '1931-07-19' }));
    const resource = observation(patientId, {
      identifier,
      code: { coding: [{ system: 'http://loinc.org', code: canary('code'), display: canary('display') }] },
      note: [{ text: canary('note') }],
      valueQuantity: undefined,
      valueString: canary('valueString').repeat(200),
    });
    const id = await create(JSON.parse(JSON.stringify(resource)));
    const changed = { ...JSON.parse(JSON.stringify(resource)), id, comment: undefined } as Resource;
    await updateRecord({ resource: JSON.parse(JSON.stringify(changed)), id, ifMatch: '1' }, context());
    await readRecord(
      { type: 'Observation', id },
      { ...context(), caller: { ...fixture.clinician, query: canary('query') } },
    );
    await deleteRecord({ type: 'Observation', id, ifMatch: undefined }, context());

    const everything = await dump();

    expect(everything.length).toBeGreaterThan(1000);
    for (const clear of ['canary', '7f3a', '1931-07-19', patientId, id, 'Observation', 'Patient', 'loinc']) {
      expect(everything.includes(clear), clear).toBe(false);
      expect(everything.includes(Buffer.from(clear).toString('hex')), clear).toBe(false);
    }
  });

  it.each(['wrapped_key', 'index_sealed', 'body_sealed'])(
    'are refused with one error when a bit of %s is flipped',
    async (column) => {
      const { db } = fixture.database;
      const patientId = await create(patient());
      const id = await create(observation(patientId));
      const { rows } = await db.query<{ bytes: Buffer }>(
        `select ${column} as bytes from record_version where id_token = $1`,
        [token(id)],
      );
      const original = rows[0]?.bytes ?? Buffer.alloc(0);

      for (const at of [0, 5, 11, 12, 20, original.length >> 1, original.length - 17, original.length - 1]) {
        const flipped = Buffer.from(original);
        flipped[at] = (flipped[at] ?? 0) ^ 0x10;
        await db.query(`update record_version set ${column} = $2 where id_token = $1`, [token(id), flipped]);
        await expect(readRecord({ type: 'Observation', id }, context())).rejects.toMatchObject(refused);
        await expect(observations(patientId)).rejects.toMatchObject(refused);
      }
    },
  );

  it('are refused with the same error when a bit of the patient’s key is flipped', async () => {
    const patientId = await create(patient());
    const id = await create(observation(patientId));
    await fixture.database.db.query(
      'update patient_key set wrapped_key = set_bit(wrapped_key, 100, 1 - get_bit(wrapped_key, 100))',
    );

    await expect(readRecord({ type: 'Observation', id }, context())).rejects.toMatchObject(refused);
    await fixture.database.db.query(
      'update patient_key set wrapped_key = set_bit(wrapped_key, 100, 1 - get_bit(wrapped_key, 100))',
    );
    await expect(readRecord({ type: 'Observation', id }, context())).resolves.toMatchObject({ version: 1 });
  });

  it('are refused in the place of another record, of another version and of another patient', async () => {
    const { db } = fixture.database;
    const [patientId, otherPatient] = [await create(patient()), await create(patient())];
    const [one, two] = [await create(observation(patientId)), await create(observation(patientId))];
    const foreign = await create(observation(otherPatient));
    await updateRecord(
      { resource: { ...observation(patientId), id: one } as Resource, id: one, ifMatch: '1' },
      context(),
    );
    const copy = (
      columns: string,
      from: { id: string; version: number },
      to: { id: string; version: number },
    ) => {
      const values = columns.split(', ').map((column) => `${column} = source.${column}`);
      return db.query(
        `update record_version target set ${values.join(', ')} from record_version source
         where source.id_token = $1 and source.version = $2 and target.id_token = $3 and target.version = $4`,
        [token(from.id), from.version, token(to.id), to.version],
      );
    };
    const sealed = 'wrapped_key, index_sealed, body_sealed';
    const bodies = 'wrapped_key, body_sealed';

    for (const columns of [sealed, bodies, 'index_sealed', 'body_sealed', 'wrapped_key']) {
      for (const from of [
        { id: one, version: 1 },
        { id: foreign, version: 1 },
        { id: one, version: 2 },
      ]) {
        const id = await create(observation(patientId));
        await copy(columns, from, { id, version: 1 });
        await expect(readRecord({ type: 'Observation', id }, context())).rejects.toMatchObject(refused);
      }
    }
    await copy(sealed, { id: one, version: 1 }, { id: one, version: 2 });
    await expect(readRecord({ type: 'Observation', id: one }, context())).rejects.toMatchObject(refused);
    await expect(readRecord({ type: 'Observation', id: two }, context())).resolves.toMatchObject({
      version: 1,
    });
  });

  it('are refused when a flag or a compartment in the row is changed', async () => {
    const { db } = fixture.database;
    const patientId = await create(patient());
    const id = await create(observation(patientId));
    const condition = await create({
      resourceType: 'Condition',
      subject: { reference: `Patient/${patientId}` },
      code: { text: 'a condition' },
    });
    await db.query('update record_version set deleted = true where id_token = $1', [token(id)]);
    await expect(readRecord({ type: 'Observation', id }, context())).rejects.toMatchObject(refused);
    await db.query('update record_version set deleted = false where id_token = $1', [token(id)]);
    await db.query(
      `update record_version set compartment_token =
         (select compartment_token from record_version where id_token = $1) where id_token = $2`,
      [token(id), token(condition, 'Condition')],
    );
    await expect(observations(patientId)).rejects.toMatchObject(refused);
  });

  it('are refused to another organisation that got hold of database and keys', async () => {
    const patientId = await create(patient());
    const id = await create(observation(patientId));
    const deps = { ...fixture.deps, tenant: 'hospital-b' as never };

    await expect(readRecord({ type: 'Observation', id }, { ...context(), deps })).rejects.toMatchObject(
      refused,
    );
  });
});

describe('erasing a patient', () => {
  it('makes everything of the patient unreadable at once, for good, and leaves the log as it was', async () => {
    const { db } = fixture.database;
    const identifier = [{ system: 'https://a.example/mrn', value: 'erased' }];
    const patientId = await create(patient({ identifier }));
    const id = await create(observation(patientId));
    const { rows: kept } = await db.query<Record<string, unknown>>(
      'select * from record_version where id_token = $1',
      [token(id)],
    );
    const leaves = async () =>
      (await db.query('select leaf_id, digest from evidence_leaf order by leaf_id')).rows;
    const before = await leaves();

    await eraseByTwo(asPatientId(patientId), fixture.deps);

    const notFound = { code: 'RECORDS_NOT_FOUND', status: 404 };
    await expect(readRecord({ type: 'Observation', id }, context())).rejects.toMatchObject(notFound);
    await expect(readRecord({ type: 'Patient', id: patientId }, context())).rejects.toMatchObject(notFound);
    expect(await observations(patientId)).toMatchObject({ total: 0 });
    await expect(create(observation(patientId))).rejects.toMatchObject({ code: 'RECORDS_PATIENT_UNKNOWN' });
    expect((await leaves()).slice(0, before.length)).toEqual(before);
    const { rows } = await db.query('select from record_identifier where patient_token = $1', [
      kept[0]?.['patient_token'],
    ]);
    expect(rows).toHaveLength(0);

    // Somebody who kept a copy of the row puts it back.
    const columns = Object.keys(kept[0] ?? {});
    await db.query(
      `insert into record_version (${columns.join(', ')}) overriding system value
       values (${columns.map((_, at) => `$${at + 1}`).join(', ')})`,
      Object.values(kept[0] ?? {}),
    );
    await expect(readRecord({ type: 'Observation', id }, context())).rejects.toMatchObject(notFound);
  });

  it('answers for an unknown, an erased and a forbidden patient alike', async () => {
    const patientId = asPatientId(await create(patient()));
    const asking = { deps: fixture.deps, caller: officer() };
    const notFound = { code: 'RECORDS_NOT_FOUND', message: 'RECORDS_NOT_FOUND' };
    fixture.setPolicy(({ action }) =>
      action === 'erase' ? 'deny' : { grants: [{ types: 'all', labels: 'all', exclusions: [] }] },
    );
    await expect(erasePatient(patientId, asking)).rejects.toMatchObject(notFound);
    await expect(withdrawErasure(patientId, asking)).rejects.toMatchObject(notFound);
    fixture.setPolicy(() => ({ grants: [{ types: 'all', labels: 'all', exclusions: [] }] }));

    await expect(erasePatient(asPatientId('nobody'), asking)).rejects.toMatchObject(notFound);
    await expect(withdrawErasure(patientId, asking)).rejects.toMatchObject(notFound);
    await eraseByTwo(patientId, fixture.deps);
    await expect(erasePatient(patientId, asking)).rejects.toMatchObject(notFound);
    await expect(withdrawErasure(patientId, asking)).rejects.toMatchObject(notFound);
  });

  it('is nothing that one officer does alone, however often', async () => {
    const patientId = asPatientId(await create(patient()));
    const by = (staffId: string) => ({ caller: officer(staffId), deps: fixture.deps });
    const until = new Date(fixture.clock.now().getTime() + 7 * 86_400_000).toISOString();

    expect(await erasePatient(patientId, by('one'))).toEqual({ state: 'asked', until });
    expect(await erasePatient(patientId, by('one'))).toEqual({ state: 'asked', until });
    await expect(readRecord({ type: 'Patient', id: patientId }, context())).resolves.toMatchObject({
      version: 1,
    });
    expect(await erasePatient(patientId, by('two'))).toEqual({ state: 'erased' });
  });

  it('takes two again after it was withdrawn, or when the first request is a week old', async () => {
    const patientId = asPatientId(await create(patient()));
    const by = (staffId: string) => ({ caller: officer(staffId), deps: fixture.deps });
    await erasePatient(patientId, by('one'));
    await withdrawErasure(patientId, by('two'));

    expect(await erasePatient(patientId, by('two'))).toMatchObject({ state: 'asked' });
    fixture.clock.advance(7 * 86_400_000 + 1);
    expect(await erasePatient(patientId, by('one'))).toMatchObject({ state: 'asked' });
    fixture.clock.advance(7 * 86_400_000 + 1);
    await expect(withdrawErasure(patientId, by('one'))).rejects.toMatchObject({ code: 'RECORDS_NOT_FOUND' });
    await eraseByTwo(patientId, fixture.deps);
  });

  it('is done once when two officers ask at the same moment', async () => {
    const patientId = asPatientId(await create(patient()));
    const both = ['one', 'two'].map((staffId) =>
      erasePatient(patientId, { caller: officer(staffId), deps: fixture.deps }),
    );

    expect((await Promise.all(both)).map(({ state }) => state).sort()).toEqual(['asked', 'erased']);
  });

  it('waits for a write that has begun, and takes its records along', async () => {
    const patientId = asPatientId(await create(patient()));
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    let begun = (): void => {};
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const append: typeof fixture.deps.log.append = async (tx, leaves) => {
      begun();
      await gate;
      return fixture.deps.log.append(tx, leaves);
    };
    const deps = { ...fixture.deps, log: { append } };
    const resource = observation(patientId) as Resource;

    const writing = createRecord({ resource }, { caller: fixture.clinician, deps });
    await hasBegun;
    let isErased = false;
    const erasing = eraseByTwo(patientId, fixture.deps).then(() => {
      isErased = true;
    });
    const waiting = async (): Promise<boolean> => {
      const { rows } = await fixture.database.db.query(
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      return rows.length > 0;
    };
    while (!(await waiting())) expect(isErased).toBe(false);
    open();

    const { id } = await writing;
    await erasing;
    await expect(readRecord({ type: 'Observation', id }, context())).rejects.toMatchObject({ status: 404 });
    const { rows } = await fixture.database.db.query('select from record_version where id_token = $1', [
      token(id),
    ]);
    expect(rows).toHaveLength(0);
  });

  it('takes along what other modules keep, or nothing at all', async () => {
    const patientId = asPatientId(await create(patient()));
    await erasePatient(patientId, { caller: officer('first'), deps: fixture.deps });
    const failing = { ...fixture.deps, forget: [() => Promise.reject(new Error('not now'))] };

    await expect(erasePatient(patientId, { caller: officer(), deps: failing })).rejects.toThrow('not now');

    await expect(readRecord({ type: 'Patient', id: patientId }, context())).resolves.toMatchObject({
      version: 1,
    });
  });
});

describe('opening records for an exchange', () => {
  const grant = { types: 'all' as const, labels: [], exclusions: [] };
  const permit = (types: string[] | 'all' = 'all') =>
    ({
      permit: true,
      grants: [{ ...grant, types }],
      redactions: ['note'],
      obligations: [],
      receipt: {},
    }) as never;

  it('gives what the decision releases, whole, with what proves it', async () => {
    const { commitRecord } = await import('@medseal/evidence');
    const patientId = asPatientId(await create(patient()));
    await create(observation(patientId, { note: [{ text: 'whole' }] }));
    const hiv = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'HIV' }];
    await create(observation(patientId, { meta: { security: hiv } }));

    const { records } = await openForRelease(
      { patientId, types: ['Observation', 'Patient'], decision: permit(), count: 10 },
      fixture.deps,
    );

    expect(records.map(({ resource }) => resource.resourceType)).toEqual(['Observation', 'Patient']);
    expect(JSON.stringify(records[0]?.resource)).toContain('whole');
    for (const { resource, contentSalt, leafId } of records) {
      const { rows } = await fixture.database.db.query<{ digest: Buffer }>(
        'select digest from evidence_leaf where leaf_id = $1',
        [leafId],
      );
      expect(Buffer.from(commitRecord(resource, contentSalt))).toEqual(rows[0]?.digest);
    }
  });

  it('gives at most what was asked for, and nothing without a permit or a patient', async () => {
    const patientId = asPatientId(await create(patient()));
    for (let at = 0; at < 4; at += 1) await create(observation(patientId));
    const open = async (request: Partial<Parameters<typeof openForRelease>[0]>) => {
      const whole = { patientId, types: 'all', decision: permit(), count: 10, ...request };
      return (await openForRelease(whole as never, fixture.deps)).records;
    };

    expect(await open({ count: 2 })).toHaveLength(2);
    expect(await open({ types: ['Patient'] })).toHaveLength(1);
    expect(await open({ decision: permit(['Condition']) })).toEqual([]);
    expect(await open({ decision: { permit: false } as never })).toEqual([]);
    expect(await open({ patientId: asPatientId('nobody') })).toEqual([]);
  });
});
