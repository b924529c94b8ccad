import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AuditEntry } from '../audit/index.ts';
import type { Database, Queryable } from '../lib/sql.ts';
import { createTestNode, type TestNode } from './test/node.ts';

let node: TestNode;
beforeAll(async () => {
  node = await createTestNode();
});
afterAll(() => node.close());

const entry: AuditEntry = {
  interaction: 'read',
  outcome: 'success',
  actor: { kind: 'system', name: 'test' },
  at: '2026-01-02T03:04:05.678Z',
  patientId: 'p1',
};

/** Passes everything on and notes the id under which each event is sealed. */
function noting(db: Database, ids: string[]): Database {
  const note = (values: readonly unknown[] | undefined): void => {
    const [first] = values ?? [];
    if (Array.isArray(first) && typeof first[0] === 'string') ids.push(...(first as string[]));
  };
  const passing = (inner: Queryable): Queryable => ({
    query: (text, values) => {
      if (text.includes('insert into audit_event')) note(values);
      return inner.query(text, values);
    },
    select: inner.select,
  });
  return {
    ...passing(db),
    transaction: (work) => db.transaction((tx) => work(passing(tx))),
  };
}

it('an event that is sealed again, after another process was first, is sealed under another content key', async () => {
  const ids: string[] = [];
  const { accessWriter } = node.restart({ db: noting(node.database.db, ids) });
  await accessWriter.write(entry);
  await node.database.db.transaction((tx) => node.log.recordAccess(tx, [entry])); // moves the sequence on

  await accessWriter.write(entry);

  // The content key derives from the event id, and its IV is constant: an id that is sealed twice would be a nonce reused.
  expect(ids).toHaveLength(3);
  expect(new Set(ids).size).toBe(3);
});
