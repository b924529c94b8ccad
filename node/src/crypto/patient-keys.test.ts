import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { keyStoreOf } from '../adapters/keys/key-store.ts';
import type { PatientId } from '../lib/brand.ts';
import {
  createKeys,
  destroyKey,
  directoryToken,
  findPatientKey,
  type PatientKey,
  patientToken,
  requireOwnKeys,
} from './patient-keys.ts';
import { openRecord, sealRecord } from './seal.ts';

const seed = (byte: string): string => byte.repeat(32);
const keyStore = keyStoreOf({
  masterKey: seed('01'),
  tokenKey: seed('02'),
  logSeed: seed('03'),
  messageSeed: seed('04'),
  receiptSeed: seed('05'),
  agreementSeed: seed('06'),
});
const at = new Date('2026-01-01T00:00:00.000Z');
const address = { tenant: 'hospital-a', type: 'Observation', id: 'o1', version: 1 };

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

describe('a database', () => {
  it('takes any keys while it is empty, and then only those it was filled with', async () => {
    const clean = await createTestDatabase();
    const others = keyStoreOf({
      ...{ masterKey: seed('01'), tokenKey: seed('12'), logSeed: seed('03'), messageSeed: seed('04') },
      ...{ receiptSeed: seed('05'), agreementSeed: seed('06') },
    });
    await requireOwnKeys(clean.db, others);
    await clean.db.transaction((tx) => createKeys(tx, [directoryToken(keyStore)], { keyStore, at }));

    await requireOwnKeys(clean.db, keyStore);
    await expect(requireOwnKeys(clean.db, others)).rejects.toMatchObject({ code: 'KEY_FILE_FOREIGN' });
    await clean.drop();
  });
});

async function create(patientId: string): Promise<PatientKey> {
  const token = patientToken(keyStore, patientId as PatientId);
  const keys = await database.db.transaction((tx) => createKeys(tx, [token], { keyStore, at }));
  const key = keys.get(Buffer.from(token).toString('hex'));
  if (key === undefined) throw new Error('no key');
  return key;
}

describe('patient keys', () => {
  it('are created once, even by two writers at the same moment', async () => {
    const [first, second] = await Promise.all([create('p1'), create('p1')]);

    const { sealed } = sealRecord('{}', { key: first, address });
    expect(openRecord(sealed, { key: second, address }).text).toBe('{}');
  });

  it('do not open what was sealed under the key of another patient', async () => {
    const [mine, other] = await Promise.all([create('p2'), create('p3')]);
    const { sealed } = sealRecord('{}', { key: mine, address });

    expect(() => openRecord(sealed, { key: other, address })).toThrow('SEAL_REFUSED');
  });

  it('are unusable in the row of another patient', async () => {
    await create('p4');
    await create('p5');
    const [from, to] = ['p4', 'p5'].map((id) => patientToken(keyStore, id as PatientId));
    await database.db.query(
      `update patient_key set wrapped_key = (select wrapped_key from patient_key where patient_token = $1)
       where patient_token = $2`,
      [from, to],
    );

    await expect(findPatientKey(database.db, 'p5' as PatientId, { keyStore })).rejects.toThrow(
      'SEAL_REFUSED',
    );
  });

  it('are gone at once when destroyed and never come back', async () => {
    await create('p6');
    const token = patientToken(keyStore, 'p6' as PatientId);

    expect(await destroyKey(database.db, token, at)).toBe(true);

    expect(await findPatientKey(database.db, 'p6' as PatientId, { keyStore })).toBeUndefined();
    expect(await destroyKey(database.db, token, at)).toBe(false);
    await expect(create('p6')).rejects.toMatchObject({ code: 'PATIENT_KEY_DESTROYED' });
    await expect(
      database.db.query(
        'update patient_key set wrapped_key = $2, destroyed_at = null where patient_token = $1',
        [token, Buffer.alloc(60)],
      ),
    ).rejects.toThrow('never comes back');
    await expect(
      database.db.query('delete from patient_key where patient_token = $1', [token]),
    ).rejects.toThrow('never comes back');
  });

  it('are absent for a patient nobody created', async () => {
    expect(await findPatientKey(database.db, 'nobody' as PatientId, { keyStore })).toBeUndefined();
  });

  it('have tokens that no other domain shares', () => {
    expect(patientToken(keyStore, '' as PatientId)).not.toEqual(directoryToken(keyStore));
  });
});
