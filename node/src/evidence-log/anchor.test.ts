import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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

  it('proves under the newest anchor up to a block, and not what that one does not hold', async () => {
    const { database, log } = node;
    const [early = 0n] = await appendLeaves(database.db, log, 1);
    await log.anchorNow();
    await deliver();
    const [late = 0n] = await appendLeaves(database.db, log, 1);
    await log.anchorNow();
    await deliver();

    expect(await log.proofsFor([early], 1)).toMatchObject([{ anchor: { blockNumber: 1 } }]);
    expect(await log.proofsFor([early])).toMatchObject([{ anchor: { blockNumber: 2 } }]);
    expect(await log.proofsFor([late], 1)).toMatchObject([{ state: 'pending' }]);
    expect(await log.confirmedProofsFor([early, late], 1)).toMatchObject([
      { state: 'anchored', anchor: { blockNumber: 1 } },
      { state: 'pending' },
    ]);
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
