import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../lib/logger.ts';
import type { EvidenceLog } from './evidence-log.ts';
import { readBack } from './read-back.ts';
import { appendLeaves, createTestNode, organizationId, proves, type TestNode } from './test/node.ts';

let node: TestNode;
beforeEach(async () => {
  node = await createTestNode();
});
afterEach(() => node.close());

const reading = (): Promise<boolean> =>
  readBack({ db: node.database.db, ledger: node.ledger, organizationId });

async function anchorLeaves(log: EvidenceLog, count: number): Promise<bigint[]> {
  const leafIds = await appendLeaves(node.database.db, log, count);
  await log.anchorNow();
  await node.ledger.deliver(log, node.database.db);
  return leafIds;
}

describe('reading an anchor back', () => {
  it('lets a proof name a later transaction that read the anchor', async () => {
    const leafIds = await anchorLeaves(node.log, 3);

    expect((await node.log.confirmedProofsFor(leafIds))[0]?.state).toBe('pending');
    expect(await reading()).toBe(true);

    const proofs = await node.log.confirmedProofsFor(leafIds);
    expect(proofs[0]).toMatchObject({
      state: 'anchored',
      anchor: { txId: 'tx-1', blockNumber: 1 },
      confirmation: { txId: 'tx-2', blockNumber: 2 },
    });
    expect(proofs.every((proof) => proves(proof, node.log.logKey))).toBe(true);
    expect((await node.log.proofsFor(leafIds))[0]).not.toHaveProperty('confirmation');
  });

  it('is done once for an anchor, and not for an empty log', async () => {
    expect(await reading()).toBe(false);
    await anchorLeaves(node.log, 3);

    expect([await reading(), await reading()]).toEqual([true, false]);
    expect(node.ledger.submissions).toHaveLength(2);
  });

  it('is not needed for an anchor that another followed: that one read it', async () => {
    const leafIds = await anchorLeaves(node.log, 3);
    const later = await anchorLeaves(node.log, 4);

    const [proof] = await node.log.confirmedProofsFor(leafIds);
    expect(proof).toMatchObject({ anchor: { txId: 'tx-1' }, confirmation: { txId: 'tx-2', blockNumber: 2 } });
    expect((await node.log.confirmedProofsFor(later))[0]?.state).toBe('pending');
    expect(await reading()).toBe(true);
    expect((await node.log.confirmedProofsFor(leafIds))[0]).toMatchObject({
      anchor: { txId: 'tx-2' },
      confirmation: { txId: 'tx-3' },
    });
  });

  it('is repeated after a failure or an unknown outcome', async () => {
    const leafIds = await anchorLeaves(node.log, 3);
    node.ledger.endings.push('not-committed', 'committed-unknown');

    await expect(reading()).rejects.toMatchObject({ code: 'LEDGER_NOT_COMMITTED' });
    await expect(reading()).rejects.toMatchObject({ code: 'LEDGER_UNKNOWN' });
    expect((await node.log.confirmedProofsFor(leafIds))[0]?.state).toBe('pending');
    expect(await reading()).toBe(true);
    expect((await node.log.confirmedProofsFor(leafIds))[0]?.state).toBe('anchored');
  });

  it.each([true, false])('is done by the worker of a quiet log if it is told to (%s)', async (readsBack) => {
    const log = node.restart({
      readsBack,
      logger: silentLogger,
      pace: { pollMilliseconds: 5, maxWaitMilliseconds: 5, maxLeaves: 1 },
    });
    const leafIds = await anchorLeaves(log, 3);
    const worker = log.start();
    try {
      const state = async () => (await log.confirmedProofsFor(leafIds))[0]?.state;
      if (readsBack) await expect.poll(state).toBe('anchored');
      await appendLeaves(node.database.db, log, 2);
      await expect.poll(() => node.ledger.submissions.length).toBe(readsBack ? 3 : 2);
    } finally {
      await worker.stop();
    }

    const names = node.ledger.submissions.map((args) => (args.length === 1 ? 'latest' : 'append'));
    expect(names).toEqual(readsBack ? ['append', 'latest', 'append'] : ['append', 'append']);
  });
});
