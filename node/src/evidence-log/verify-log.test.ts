import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendLeaves, createTestNode, type TestNode } from './test/node.ts';

let node: TestNode;
let leafIds: bigint[];
beforeEach(async () => {
  node = await createTestNode();
});
afterEach(() => node.close());

async function anchored(count: number): Promise<void> {
  leafIds = await appendLeaves(node.database.db, node.log, count);
  await node.log.anchorNow();
  await node.ledger.deliver(node.log, node.database.db);
}

/** What an administrator of the database can do. */
async function tamper(...statements: [text: string, ...values: unknown[]][]): Promise<void> {
  await node.database.db.transaction(async (tx) => {
    await tx.query("set local session_replication_role = 'replica'");
    for (const [text, ...values] of statements) await tx.query(text, values);
  });
}

describe('the check of the whole log', () => {
  it('passes an untouched log and names its head', async () => {
    await anchored(5_000);
    expect(await node.log.verifyOwnLog()).toMatchObject({ ok: true, treeSize: 5_000 });
  });

  it('passes a log that has grown past its anchor', async () => {
    await anchored(300);
    await appendLeaves(node.database.db, node.log, 10);

    expect(await node.log.verifyOwnLog()).toMatchObject({ ok: true, treeSize: 300 });
  });

  it('passes an empty log that was never anchored', async () => {
    const empty = await createTestNode();
    try {
      expect(await empty.log.verifyOwnLog()).toMatchObject({ ok: true, treeSize: 0 });
    } finally {
      await empty.close();
    }
  });

  it('finds a leaf that was deleted', async () => {
    await anchored(5_000);
    await tamper(['delete from evidence_leaf where leaf_id = $1', leafIds[4_500]]);

    expect(await node.log.verifyOwnLog()).toEqual({ ok: false, problem: 'leaf-missing', leafIndex: 4_500 });
  });

  it('finds a place that was deleted with its leaf', async () => {
    await anchored(300);
    await tamper(
      ['delete from evidence_leaf where leaf_id = $1', leafIds[7]],
      ['delete from evidence_index where leaf_index = 7'],
    );

    expect(await node.log.verifyOwnLog()).toEqual({ ok: false, problem: 'leaf-missing', leafIndex: 7 });
  });

  it.each([
    ['digest = $2', randomBytes(32)],
    ["at = at + interval '1 millisecond' * $2::int", 1],
    ['kind = $2', 2],
  ])('finds a leaf that was changed (%s)', async (change, value) => {
    await anchored(5_000);
    await tamper([`update evidence_leaf set ${change} where leaf_id = $1`, leafIds[4_099], value]);

    expect(await node.log.verifyOwnLog()).toEqual({ ok: false, problem: 'leaf-changed', leafIndex: 4_099 });
  });

  it('finds two leaves that were swapped', async () => {
    await anchored(300);
    await tamper(
      ['delete from evidence_index where leaf_index in (10, 11)'],
      ['insert into evidence_index values (10, $1), (11, $2)', leafIds[11], leafIds[10]],
    );

    expect(await node.log.verifyOwnLog()).toEqual({ ok: false, problem: 'leaf-changed', leafIndex: 10 });
  });

  it('finds a committed leaf that was taken out of the queue', async () => {
    await anchored(300);
    await appendLeaves(node.database.db, node.log, 1);
    await tamper(['delete from evidence_pending']);

    expect(await node.log.verifyOwnLog()).toMatchObject({ ok: false, problem: 'leaf-lost' });
  });

  it('finds that the end was cut off', async () => {
    await anchored(5_000);
    await tamper(['delete from evidence_index where leaf_index >= 4990']);

    expect(await node.log.verifyOwnLog()).toEqual({ ok: false, problem: 'log-cut', leafIndex: 4_990 });
  });

  it('finds a leaf changed together with all tiles, by the root on the ledger', async () => {
    await anchored(300);
    const { rows } = await node.database.db.query<{ hashes: Uint8Array }>(
      'select hashes from evidence_tile where level = 0 and tile_index = 0',
    );
    const other = await createTestNode();
    try {
      await appendLeaves(other.database.db, other.log, 300);
      await other.log.anchorNow();
      const tiles = await other.database.db.query<{ level: number; tile_index: string; hashes: Uint8Array }>(
        'select * from evidence_tile',
      );
      const leaves = await other.database.db.query<{ leaf_id: string; digest: Uint8Array; at: Date }>(
        'select leaf_id, digest, at from evidence_leaf',
      );
      await tamper(
        ['delete from evidence_tile'],
        ...tiles.rows.map((row): [string, ...unknown[]] => [
          'insert into evidence_tile values ($1, $2, $3)',
          row.level,
          row.tile_index,
          row.hashes,
        ]),
        [
          `update evidence_leaf leaf set digest = t.digest, at = t.at
           from unnest($1::bigint[], $2::bytea[], $3::timestamptz[]) as t(leaf_id, digest, at)
           where leaf.leaf_id = t.leaf_id`,
          leaves.rows.map((row) => row.leaf_id),
          leaves.rows.map((row) => row.digest),
          leaves.rows.map((row) => row.at),
        ],
      );
    } finally {
      await other.close();
    }

    expect(rows.length).toBe(1);
    expect(await node.log.verifyOwnLog()).toMatchObject({ ok: false, problem: 'root-differs' });
  });

  it.each([
    ['update evidence_leaf set kind = 2'],
    ['delete from evidence_leaf'],
    ['truncate evidence_leaf'],
    ['delete from evidence_index'],
    ['update evidence_index set leaf_id = 0'],
    ['truncate evidence_index'],
  ])('is not even needed for: %s', async (statement) => {
    await anchored(3);

    await expect(node.database.db.query(statement)).rejects.toThrow('append-only');
  });
});
