import { randomBytes } from 'node:crypto';
import { formatCheckpoint, noteSigner, signNote, verifierKey } from '@medseal/evidence';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Queryable } from '../lib/sql.ts';
import type { EvidenceLog } from './evidence-log.ts';
import { appendLeaves, createTestNode, organizationId, type TestNode, testKeyStore } from './test/node.ts';

let node: TestNode;
beforeEach(async () => {
  node = await createTestNode();
});
afterEach(() => node.close());

function deliver(log: EvidenceLog = node.log): Promise<void> {
  return node.ledger.deliver(log, node.database.db);
}

async function unlocked(statement: string, values: unknown[] = []): Promise<void> {
  await node.database.db.transaction(async (tx) => {
    await tx.query("set local session_replication_role = 'replica'");
    await tx.query(statement, values);
  });
}

describe('a log that contradicts the ledger', () => {
  const diverged = expect.objectContaining({ code: 'EVIDENCE_LOG_DIVERGED' });

  async function anchored(count: number): Promise<void> {
    await appendLeaves(node.database.db, node.log, count);
    await node.log.anchorNow();
    await deliver();
  }

  it('is not anchored when the database is an older state', async () => {
    await anchored(5);
    await unlocked('delete from evidence_index where leaf_index >= 3');
    await unlocked('delete from evidence_checkpoint');
    await unlocked('delete from evidence_anchor');

    await expect(node.restart().anchorNow()).rejects.toEqual(diverged);
    expect(node.ledger.submissions.length).toBe(1);
  });

  it('gives out no index twice when indices were cut off', async () => {
    await anchored(5);
    await unlocked('delete from evidence_index where leaf_index >= 3');
    await appendLeaves(node.database.db, node.log, 4);

    await expect(node.restart().anchorNow()).rejects.toEqual(diverged);
  });

  it('says so, and gives out no index twice, when a backup was restored and the ledger read again since', async () => {
    await anchored(5);
    await unlocked('delete from evidence_index where leaf_index >= 3');
    await unlocked('delete from evidence_checkpoint');

    await expect(node.restart().anchorNow()).rejects.toEqual(diverged);
    await appendLeaves(node.database.db, node.log, 1);
    await expect(node.restart().anchorNow()).rejects.toEqual(diverged);
    expect((await node.log.status()).treeSize).toBe(3);
    expect(node.ledger.submissions.length).toBe(1);
  });

  it('is not anchored when an older state has grown past the ledger', async () => {
    await anchored(5);
    await unlocked('delete from evidence_checkpoint');
    await unlocked('delete from evidence_anchor');
    await unlocked('update evidence_tile set hashes = $1', [randomBytes(5 * 32)]);
    await appendLeaves(node.database.db, node.log, 4);

    await expect(node.restart().anchorNow()).rejects.toEqual(diverged);
    expect(node.ledger.submissions.length).toBe(1);
  });
});

describe('the projection', () => {
  it('keeps the anchors of every member, so that their proofs can be held against it', async () => {
    const { database, log } = node;
    const other = testKeyStore('other');
    const signer = noteSigner('medseal.org/log/hospital-b', other.publicKey('log'), (text) =>
      other.sign('log', text),
    );
    const rootHash = randomBytes(32);
    const note = signNote(formatCheckpoint({ origin: signer.name, treeSize: 9, rootHash }), signer);
    const value = { organizationId: 'hospital-b', treeSize: 9, rootHash: rootHash.toString('hex'), note };
    const write = {
      namespace: 'medseal',
      key: '\u0000checkpoint\u0000hospital-b\u00000000000000000009\u0000',
      value: Buffer.from(JSON.stringify(value)),
      isDelete: false,
    };
    const transaction = { txId: 'other-tx', blockNumber: 12n, validationCode: 0, writes: [write] };
    const project = (change: object): Promise<void> =>
      database.db.transaction((tx: Queryable) => log.projectAnchors(tx, { ...transaction, ...change }));

    await project({ validationCode: 11 });
    await project({ writes: [{ ...write, namespace: 'other' }] });
    await project({ writes: [{ ...write, isDelete: true }] });
    expect(await log.latestAnchor('hospital-b')).toBeUndefined();
    await project({});
    await project({});

    expect(await log.findAnchor('hospital-b', 9)).toEqual({
      organizationId: 'hospital-b',
      treeSize: 9,
      rootHash,
      note,
      txId: 'other-tx',
      blockNumber: 12,
    });
    expect(await log.findAnchor('hospital-b', 8)).toBeUndefined();
    expect(verifierKey(signer.name, other.publicKey('log'))).toContain('hospital-b');
    await expect(project({ writes: [{ ...write, value: Buffer.from('{}') }] })).rejects.toEqual(
      expect.objectContaining({ code: 'EVIDENCE_ANCHOR_INVALID' }),
    );
  });

  it('knows the anchor that followed another one, of the same log and whatever its size', async () => {
    const { database, log } = node;
    for (const count of [3, 4]) {
      await appendLeaves(database.db, log, count);
      await log.anchorNow();
      await deliver();
    }
    const last = await log.latestAnchor(organizationId);

    expect(last).toMatchObject({ treeSize: 7 });
    expect(await log.followingAnchor(organizationId, 3)).toEqual(last);
    expect(await log.followingAnchor(organizationId, 7)).toBeUndefined();
    expect(await log.followingAnchor('hospital-b', 3)).toBeUndefined();
  });

  it('is the same when all blocks are replayed', async () => {
    const { database, log } = node;
    for (const count of [3, 4, 5]) {
      await appendLeaves(database.db, log, count);
      await log.anchorNow();
      await deliver();
    }
    const read = () => database.db.query('select * from evidence_anchor order by tree_size');
    const before = await read();
    await database.db.query('delete from evidence_anchor');

    await deliver();

    expect((await read()).rows).toEqual(before.rows);
    expect(before.rows.length).toBe(3);
  });
});
