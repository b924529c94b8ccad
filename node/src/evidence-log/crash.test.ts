import { parseCheckpoint } from '@medseal/evidence';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EvidenceLog } from './evidence-log.ts';
import { dyingDatabase, Killed } from './test/dying-database.ts';
import {
  anchorsAreConsistent,
  appendLeaves,
  createTestNode,
  indicesAreGapless,
  proves,
  type TestNode,
} from './test/node.ts';

let node: TestNode;
beforeEach(async () => {
  node = await createTestNode();
});
afterEach(() => node.close());

function deliver(log: EvidenceLog = node.log): Promise<void> {
  return node.ledger.deliver(log, node.database.db);
}

describe('a process that is killed', () => {
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
