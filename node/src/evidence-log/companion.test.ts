import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntry } from '../audit/index.ts';
import type { Queryable } from '../lib/sql.ts';
import { createTestNode, type TestNode } from './test/node.ts';

let node: TestNode;
beforeAll(async () => {
  node = await createTestNode();
  await node.database.db.query('create table companion (name text primary key)');
});
afterAll(() => node.close());
beforeEach(() => node.database.db.query('delete from companion'));

const access = (patientId: string): AuditEntry => ({
  interaction: 'read',
  outcome: 'success',
  actor: { kind: 'system', name: 'test' },
  at: '2026-01-02T03:04:05.678Z',
  patientId,
});

let calls = 0;
const write = async (tx: Queryable, names: readonly string[]): Promise<void> => {
  calls += 1;
  await tx.query('insert into companion select unnest($1::text[])', [names]);
};
const named = (entry: string) => ({ entry, write });

const companions = async (): Promise<string[]> => {
  const { rows } = await node.database.db.query<{ name: string }>('select name from companion order by name');
  return rows.map(({ name }) => name);
};
const places = async (patientId: string): Promise<number[]> => {
  const history = await node.log.accessHistory(patientId, { from: 1, count: 100 });
  return history.map(({ content }) => content.patientSeq);
};

describe('what is made durable together with an access', () => {
  it('is there with it, all of a batch in one call', async () => {
    calls = 0;
    const names = ['a', 'b', 'c'];

    await Promise.all(names.map((name) => node.log.accessWriter.write(access('p1'), named(name))));

    expect(await companions()).toEqual(names);
    expect(await places('p1')).toEqual([1, 2, 3]);
    expect(calls).toBe(1);
  });

  it('fails with it: neither is there, and the writer goes on', async () => {
    await node.log.accessWriter.write(access('p2'), named('kept'));

    const refused = node.log.accessWriter.write(access('p2'), named('kept'));
    await expect(refused).rejects.toMatchObject({
      code: 'EVIDENCE_ACCESS_UNAVAILABLE',
      cause: { code: '23505' },
    });
    await node.log.accessWriter.write(access('p2'), named('next'));

    expect(await companions()).toEqual(['kept', 'next']);
    expect(await places('p2')).toEqual([1, 2]);
  });

  it('is written again with it after another process was first', async () => {
    const { accessWriter } = node.restart();
    await accessWriter.write(access('p3'), named('first'));
    await node.log.accessWriter.write(access('p3')); // moves the sequence on

    await accessWriter.write(access('p3'), named('second'));

    expect(await companions()).toEqual(['first', 'second']);
    expect(await places('p3')).toEqual([1, 2, 3]);
  });

  it('slips out of no transaction when the access is refused while it is still at work', async () => {
    const { accessWriter } = node.restart();
    await accessWriter.write(access('p4'));
    await node.log.accessWriter.write(access('p4')); // the first attempt below will be refused
    let attempts = 0;
    const slow = async (tx: Queryable, names: readonly string[]): Promise<void> => {
      attempts += 1;
      await tx.query('select pg_sleep(0.05)');
      await tx.query('insert into companion select unnest($1::text[])', [names]);
    };

    await accessWriter.write(access('p4'), { entry: 'once', write: slow });

    expect(attempts).toBe(2);
    expect(await companions()).toEqual(['once']);
    expect(await places('p4')).toEqual([1, 2, 3]);
  });
});
