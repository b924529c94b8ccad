import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { findByPatient, findEvent, record } from './store.ts';
import type { AuditRow } from './types.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const patient = Buffer.alloc(16, 1);

function row(change: Partial<AuditRow> = {}): AuditRow {
  return {
    eventId: randomUUID(),
    recordedAt: '2026-01-02T03:04:05.678Z',
    patientToken: undefined,
    patientSequence: undefined,
    leafId: 7n,
    sealed: Buffer.from('sealed'),
    ...change,
  };
}

describe('the audit table', () => {
  it('gives back what was recorded, a patient in order of the sequence', async () => {
    const rows = [3, 1, 2].map((patientSequence) => row({ patientToken: patient, patientSequence }));
    const other = row();
    await record(database.db, [...rows, other]);

    expect(await findByPatient(database.db, patient, { from: 2, count: 5 })).toEqual([rows[2], rows[0]]);
    expect(await findByPatient(database.db, patient, { from: 1, count: 1 })).toEqual([rows[1]]);
    expect(await findEvent(database.db, other.eventId)).toEqual(other);
    expect(await findEvent(database.db, randomUUID())).toBeUndefined();
  });

  it.each([['update audit_event set leaf_id = 0'], ['delete from audit_event'], ['truncate audit_event']])(
    'refuses: %s',
    async (statement) => {
      await record(database.db, [row()]);

      await expect(database.db.query(statement)).rejects.toThrow('append-only');
    },
  );

  it('refuses a second entry at the same place of a sequence', async () => {
    await record(database.db, [row({ patientToken: patient, patientSequence: 9 })]);

    await expect(record(database.db, [row({ patientToken: patient, patientSequence: 9 })])).rejects.toThrow(
      'unique',
    );
  });
});
