import { randomBytes } from 'node:crypto';
import { formatCheckpoint, noteSigner, parseCheckpoint, signNote, verifierKey } from '@medseal/evidence';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database, Queryable } from '../lib/sql.ts';
import type { EvidenceLog } from './evidence-log.ts';
import {
  anchorsAreConsistent,
  appendLeaves,
  createTestNode,
  indicesAreGapless,
  organizationId,
  proves,
  type TestNode,
  testKeyStore,
} from './test/node.ts';

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

describe('anchoring', () => {
  it('places committed leaves, anchors them and proves each of them once the block was seen', async () => {
    const { database, log, ledger } = node;
    const leafIds = await appendLeaves(database.db, log, 700);

    expect(await log.anchorNow()).toEqual({ state: 'submitted', treeSize: 700 });
    expect((await log.proofsFor(leafIds.slice(0, 1)))[0]?.state).toBe('pending');
    await deliver();

    const proofs = await log.proofsFor(leafIds);
    expect(proofs.every((proof) => proves(proof, log.logKey))).toBe(true);
    expect(proofs[3]).toMatchObject({
      state: 'anchored',
      leafIndex: 3,
      anchor: { txId: 'tx-1', blockNumber: 1 },
    });
    expect(await log.anchorNow()).toEqual({ state: 'idle' });
    expect(ledger.submissions.length).toBe(1);
    expect(await log.status()).toEqual({
      treeSize: 700,
      anchoredSize: 700,
      pending: 0,
      oldestUnanchoredAt: undefined,
    });
  });

  it('has nothing to do for an empty log', async () => {
    expect(await node.log.anchorNow()).toEqual({ state: 'idle' });
    expect(node.ledger.submissions).toEqual([]);
  });

  it('gives no place to leaves of a transaction that was rolled back', async () => {
    const { database, log } = node;
    await expect(
      database.db.transaction(async (tx) => {
        await log.append(tx, [{ kind: 'record', digest: randomBytes(32), at: new Date().toISOString() }]);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    await appendLeaves(database.db, log, 2);

    expect(await log.anchorNow()).toEqual({ state: 'submitted', treeSize: 2 });
    expect(await indicesAreGapless(database.db)).toBe(true);
  });

  it('places a leaf whose transaction commits after later ones were placed', async () => {
    const { database, log } = node;
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let appended = (): void => {};
    const early = new Promise<void>((resolve) => {
      appended = resolve;
    });
    const slow = database.db.transaction(async (tx) => {
      const ids = await log.append(tx, [
        { kind: 'record', digest: randomBytes(32), at: new Date().toISOString() },
      ]);
      appended();
      await held;
      return ids;
    });
    await early;
    await appendLeaves(database.db, log, 3);
    expect(await log.anchorNow()).toMatchObject({ treeSize: 3 });
    await deliver();
    release();
    const [late] = await slow;

    expect(await log.anchorNow()).toMatchObject({ treeSize: 4 });
    await deliver();
    const [proof] = await log.proofsFor([late ?? 0n]);
    expect(proof).toMatchObject({ state: 'anchored', leafIndex: 3 });
    expect(proof !== undefined && proves(proof, log.logKey)).toBe(true);
  });

  it('follows a transaction whose outcome was unknown instead of sending it again', async () => {
    const { database, log, ledger } = node;
    await appendLeaves(database.db, log, 3);
    ledger.endings.push('committed-unknown');

    expect(await log.anchorNow()).toEqual({ state: 'failed', treeSize: 3, kind: 'unknown' });
    expect(await log.anchorNow()).toEqual({ state: 'waiting', treeSize: 3 });
    await deliver();

    expect(await log.anchorNow()).toEqual({ state: 'idle' });
    expect(ledger.submissions.length).toBe(1);
  });

  it('recognises its own anchor after a kill between commit and answer', async () => {
    const { database, ledger, log } = node;
    await appendLeaves(database.db, log, 3);
    ledger.endings.push('committed-killed');
    expect(await log.anchorNow()).toMatchObject({ state: 'failed', kind: 'unknown' });
    await appendLeaves(database.db, log, 4);

    const restarted = node.restart();
    expect(await restarted.anchorNow()).toEqual({ state: 'waiting', treeSize: 3 });
    await deliver(restarted);

    expect(await restarted.anchorNow()).toEqual({ state: 'submitted', treeSize: 7 });
    expect(anchorsAreConsistent(ledger)).toBe(true);
  });

  it.each(['lost-unknown', 'not-committed'] as const)(
    'sends again what the ledger does not have (%s)',
    async (ending) => {
      const { database, log, ledger } = node;
      await appendLeaves(database.db, log, 3);
      ledger.endings.push(ending);

      expect(await log.anchorNow()).toMatchObject({ state: 'failed' });
      expect(await log.anchorNow()).toEqual({ state: 'submitted', treeSize: 3 });
      expect(ledger.submissions.length).toBe(2);
    },
  );

  it('reports a refusal and goes on once the cause is gone', async () => {
    const { database, log, ledger } = node;
    await appendLeaves(database.db, log, 3);
    await ledger.setState(organizationId, 'disable');
    expect(await log.anchorNow()).toEqual({ state: 'refused', treeSize: 3, code: 'MEMBER_NOT_REGISTERED' });
    await ledger.setState(organizationId, 'enable');

    expect(await log.anchorNow()).toEqual({ state: 'submitted', treeSize: 3 });
  });

  it('signs a checkpoint that is under way again after the log key changed', async () => {
    const { database, log, ledger } = node;
    await appendLeaves(database.db, log, 3);
    ledger.endings.push('not-committed');
    await log.anchorNow();
    const renewed = node.restart({ keyStore: testKeyStore('another') });
    await ledger.register(organizationId, renewed.logKey);

    expect(await renewed.anchorNow()).toEqual({ state: 'submitted', treeSize: 3 });
  });

  it('leaves the talking to one replica at a time', async () => {
    const { database, log, ledger } = node;
    await appendLeaves(database.db, log, 300);

    const outcomes = await Promise.all(
      [log, node.restart(), node.restart()].map((replica) => replica.anchorNow()),
    );

    expect(outcomes.filter(({ state }) => state === 'submitted').length).toBe(1);
    expect(ledger.submissions.length).toBe(1);
    expect(await indicesAreGapless(database.db)).toBe(true);
  });
});

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

describe('a process that is killed', () => {
  class Killed extends Error {}

  /** A database whose process dies around its n-th statement or commit: nothing later happens. */
  function dyingDatabase(db: Database, dieAt: number, executed: boolean): Database {
    let step = 0;
    const around = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      step += 1;
      if (step > dieAt || (step === dieAt && !executed)) throw new Killed();
      const result = await work();
      if (step === dieAt) throw new Killed();
      return result;
    };
    const wrap = (inner: Queryable): Queryable => ({
      query: (text, values) => around(() => inner.query(text, values)),
    });
    return {
      ...wrap(db),
      transaction: async (work) => {
        const result = await db.transaction((tx) => work(wrap(tx)));
        return around(async () => result);
      },
    };
  }

  it.each([
    ['before', false],
    ['after', true],
  ])('%s any statement leaves gapless indices, sound tiles and no second anchor', async (_when, executed) => {
    const { database, ledger } = node;
    const all: bigint[] = [];
    let died = 0;
    for (let dieAt = 1; ; dieAt += 1) {
      all.push(...(await appendLeaves(database.db, node.log, 1 + (dieAt % 3) * 150)));
      const killed = node.restart({ db: dyingDatabase(database.db, dieAt, executed) });
      const outcome = await killed.anchorNow().catch((error: unknown) => error);
      const isDead = outcome instanceof Killed;
      if (isDead) died += 1;
      expect(await indicesAreGapless(database.db)).toBe(true);

      const alive = node.restart();
      await alive.anchorNow();
      await deliver(alive);
      await alive.anchorNow();
      await deliver(alive);
      expect(await alive.verifyOwnLog()).toMatchObject({ ok: true, treeSize: all.length });
      if (!isDead) break;
    }

    expect(died).toBeGreaterThan(8);
    expect(anchorsAreConsistent(ledger)).toBe(true);
    const sizes = ledger.transactions.flatMap(({ writes }) =>
      writes.filter(({ key }) => key.startsWith('\u0000checkpoint')).map(({ key }) => key),
    );
    expect(new Set(sizes).size).toBe(sizes.length);
    const proofs = await node.restart().proofsFor(all);
    expect(proofs.every((proof) => proves(proof, node.log.logKey))).toBe(true);
    const last = ledger.submissions.at(-1)?.[0] ?? '';
    expect(parseCheckpoint(last.slice(0, last.indexOf('\n\n') + 1)).treeSize).toBe(all.length);
  });
});
