import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/database.ts';
import {
  type AccessRow,
  claimAndInsert,
  findByPatient,
  insertAccesses,
  lockSequences,
  readSequences,
} from './access-store.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

function row(change: Partial<AccessRow> = {}): AccessRow {
  return {
    eventId: randomUUID(),
    recordedAt: '2026-01-02T03:04:05.678Z',
    patientToken: undefined,
    patientSequence: undefined,
    digest: randomBytes(32),
    sealed: Buffer.from('sealed'),
    ...change,
  };
}

async function count(table: string): Promise<number> {
  const { rows } = await database.db.query<{ count: string }>(`select count(*) from ${table}`);
  return Number(rows[0]?.count);
}

describe('the table of accesses', () => {
  it('gives back what was recorded, a patient in order of the sequence, with the leaf of each', async () => {
    const token = randomBytes(16);
    const rows = [3, 1, 2].map((patientSequence) => row({ patientToken: token, patientSequence }));
    const other = row();
    await insertAccesses(database.db, [...rows, other]);

    const found = await findByPatient(database.db, token, { from: 2, count: 5 });
    expect(found.map(({ eventId }) => eventId)).toEqual([rows[2]?.eventId, rows[0]?.eventId]);
    expect(await findByPatient(database.db, token, { from: 1, count: 1 })).toHaveLength(1);
    const { rows: leaves } = await database.db.query<{ digest: Uint8Array; pending: boolean }>(
      `select leaf.digest, exists (select from evidence_pending p where p.leaf_id = leaf.leaf_id) as pending
       from audit_event join evidence_leaf leaf using (leaf_id) where event_id = $1`,
      [other.eventId],
    );
    expect(leaves).toEqual([{ digest: other.digest, pending: true }]);
  });

  it.each([['update audit_event set leaf_id = 0'], ['delete from audit_event'], ['truncate audit_event']])(
    'refuses: %s',
    async (statement) => {
      await insertAccesses(database.db, [row()]);

      await expect(database.db.query(statement)).rejects.toThrow('append-only');
    },
  );

  it('refuses a second entry at the same place of a sequence', async () => {
    const taken = { patientToken: randomBytes(16), patientSequence: 9 };
    await insertAccesses(database.db, [row(taken)]);

    await expect(insertAccesses(database.db, [row(taken)])).rejects.toThrow('unique');
  });
});

describe('claiming places', () => {
  it('moves the sequences on and writes the rows in one statement', async () => {
    const [one, two] = [randomBytes(16), randomBytes(16)];
    await claimAndInsert(
      database.db,
      [
        row({ patientToken: one, patientSequence: 1 }),
        row({ patientToken: one, patientSequence: 2 }),
        row({ patientToken: two, patientSequence: 1 }),
      ],
      [
        { token: one, last: 0, added: 2 },
        { token: two, last: 0, added: 1 },
      ],
    );
    await claimAndInsert(
      database.db,
      [row({ patientToken: one, patientSequence: 3 })],
      [{ token: one, last: 2, added: 1 }],
    );

    expect(await readSequences(database.db, [one, two, randomBytes(16)])).toEqual(
      new Map([
        [one.toString('hex'), 3],
        [two.toString('hex'), 1],
      ]),
    );
  });

  it.each([[4], [6], [0]])('writes nothing at all when a sequence of 5 is claimed after %i', async (last) => {
    const [fresh, moved] = [randomBytes(16), randomBytes(16)];
    await lockSequences(database.db, [{ token: moved, added: 5 }]);
    const before = [
      await count('audit_event'),
      await count('evidence_leaf'),
      await count('evidence_pending'),
    ];

    const claim = claimAndInsert(
      database.db,
      [
        row({ patientToken: fresh, patientSequence: 1 }),
        row({ patientToken: moved, patientSequence: last + 1 }),
      ],
      [
        { token: fresh, last: 0, added: 1 },
        { token: moved, last, added: 1 },
      ],
    );

    await expect(claim).rejects.toMatchObject({ code: '40001' });
    expect([
      await count('audit_event'),
      await count('evidence_leaf'),
      await count('evidence_pending'),
    ]).toEqual(before);
    expect(await readSequences(database.db, [fresh, moved])).toEqual(new Map([[moved.toString('hex'), 5]]));
  });

  it('by locking says where each sequence ended', async () => {
    const [one, two] = [randomBytes(16), randomBytes(16)];
    await lockSequences(database.db, [{ token: two, added: 2 }]);

    expect(
      await lockSequences(database.db, [
        { token: one, added: 3 },
        { token: two, added: 1 },
      ]),
    ).toEqual([
      { token: one, added: 3, last: 0 },
      { token: two, added: 1, last: 2 },
    ]);
  });
});
