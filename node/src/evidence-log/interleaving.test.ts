import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ending } from './test/ledger.ts';
import {
  anchorsAreConsistent,
  appendLeaves,
  createTestNode,
  indicesAreGapless,
  newLeaf,
  proves,
  type TestNode,
} from './test/node.ts';

let node: TestNode;
const committed: bigint[] = [];
beforeAll(async () => {
  node = await createTestNode();
});
afterAll(() => node.close());

type Act =
  | { act: 'append'; count: number }
  | { act: 'roll back'; count: number }
  | { act: 'anchor'; replica: number; ending: Ending }
  | { act: 'deliver' };

const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ act: fc.constant('append' as const), count: fc.integer({ min: 1, max: 300 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constant('roll back' as const), count: fc.integer({ min: 1, max: 50 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('anchor' as const),
      replica: fc.nat({ max: 1 }),
      ending: fc.constantFrom<Ending>(
        'committed',
        'committed-unknown',
        'lost-unknown',
        'not-committed',
        'committed-killed',
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('deliver' as const) }) },
);

async function perform(act: Act, replicas: readonly TestNode['log'][]): Promise<void> {
  const { database, ledger, log } = node;
  switch (act.act) {
    case 'append':
      committed.push(...(await appendLeaves(database.db, log, act.count)));
      return;
    case 'roll back':
      await database.db
        .transaction(async (tx) => {
          await log.append(tx, Array.from({ length: act.count }, newLeaf));
          throw new Error('rolled back');
        })
        .catch(() => undefined);
      return;
    case 'anchor':
      ledger.endings.splice(0, ledger.endings.length, act.ending);
      await (replicas[act.replica] ?? log).anchorNow();
      return;
    case 'deliver':
      await ledger.deliver(log, database.db);
  }
}

describe('any interleaving of appends, rollbacks, replicas and ledger faults', () => {
  it('ends in a gapless log whose anchors are consistent and whose leaves are all proved', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(acts, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 }),
        async (rounds) => {
          const replicas = [node.restart(), node.restart()];
          for (const round of rounds) await Promise.all(round.map((act) => perform(act, replicas)));
          node.ledger.endings.length = 0;
          await node.ledger.deliver(node.log, node.database.db);
          for (let state = ''; state !== 'idle'; ) {
            ({ state } = await node.log.anchorNow());
            await node.ledger.deliver(node.log, node.database.db);
          }

          expect(await indicesAreGapless(node.database.db)).toBe(true);
          expect(anchorsAreConsistent(node.ledger)).toBe(true);
          expect(await node.log.verifyOwnLog()).toMatchObject({ ok: true, treeSize: committed.length });
          const proofs = await node.restart().proofsFor(committed);
          expect(proofs.every((proof) => proves(proof, node.log.logKey))).toBe(true);
          expect(new Set(proofs.map((proof) => proof.state === 'anchored' && proof.leafIndex)).size).toBe(
            committed.length,
          );
        },
      ),
      { numRuns: 10 },
    );
  });
});
