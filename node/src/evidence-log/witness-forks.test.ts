import { formatCheckpoint, signNote, verifyForkProof } from '@medseal/evidence';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sequence } from './sequence.ts';
import {
  type Alliance,
  type AllianceNode,
  createAlliance,
  forgeAnchor,
  rewriteDatabase,
  signHead,
} from './test/alliance.ts';
import { appendLeaves } from './test/node.ts';
import { formatWitnessRequest } from './witness-request.ts';

let alliance: Alliance;
let a: AllianceNode;
let b: AllianceNode;
let c: AllianceNode;
beforeEach(async () => {
  alliance = await createAlliance(['hospital-a', 'hospital-b', 'hospital-c']);
  [a, b, c] = ['hospital-a', 'hospital-b', 'hospital-c'].map((id) => alliance.node(id)) as typeof nodes;
});
afterEach(() => alliance.close());
const nodes = [] as unknown as [AllianceNode, AllianceNode, AllianceNode];

/** What a court with nothing but the registered keys makes of the witness's proof. */
async function verdictsOf(witness: AllianceNode): Promise<string[]> {
  const forks = await witness.witnessing.forks();
  return forks.map(({ proof }) => {
    const verdict = verifyForkProof(JSON.parse(JSON.stringify(proof)), alliance.policy);
    return verdict.verdict === 'fork'
      ? `${verdict.organizationId} ${verdict.kind} ${verdict.sizes}`
      : verdict.verdict;
  });
}

/** One interval of every witness's background work. */
async function interval(): Promise<void> {
  alliance.clock.advance(5_000);
  for (const node of [b, c]) await node.witnessing.settle();
}

/** What a witness answers to a checkpoint. */
async function show(witness: AllianceNode, note: string, oldSize = 0): Promise<string> {
  try {
    return (await witness.witnessing.addCheckpoint(formatWitnessRequest(oldSize, [], note))).state;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('a node that rewrites its database', () => {
  it.each([
    [5, 'hospital-a growth 5,9'],
    [8, 'hospital-a growth 8,12'],
  ])('is caught by every witness within one interval, at size %i', async (size, fork) => {
    await alliance.anchor(a, size);
    await a.witnessing.collect();
    expect((await a.witnessing.status()).cosignedSize).toBe(size);

    await rewriteDatabase(
      a,
      `update evidence_leaf set digest = sha256('another record') where leaf_id = (select min(leaf_id) from evidence_leaf)`,
    );
    await appendLeaves(a.database.db, a.log, 4);
    await a.log.anchorNow().catch(() => undefined);
    await forgeAnchor(a);
    await interval();

    for (const witness of [b, c]) {
      expect(await verdictsOf(witness)).toEqual([fork]);
      expect(witness.events.filter((event) => event === 'witness.fork')).toHaveLength(1);
    }
    expect((await a.witnessing.status()).cosignedSize).toBe(size);
  });

  it('without adding anything is caught by two roots of one size', async () => {
    await alliance.anchor(a, 7);
    await rewriteDatabase(
      a,
      `update evidence_leaf set digest = sha256('another record') where leaf_id = (select max(leaf_id) from evidence_leaf)`,
    );
    await forgeAnchor(a);

    expect(await verdictsOf(b)).toEqual(['hospital-a same-size 7,7']);
    expect(await verdictsOf(c)).toEqual(['hospital-a same-size 7,7']);
  });
});

describe('a node that drops a leaf', () => {
  it.each([
    ['min', 'hospital-a growth 9,11'],
    ['max', 'hospital-a growth 9,11'],
  ])('is caught as soon as it goes on (%s)', async (which, fork) => {
    await alliance.anchor(a, 9);
    await a.witnessing.collect();
    await rewriteDatabase(
      a,
      `delete from evidence_leaf where leaf_id = (select ${which}(leaf_id) from evidence_leaf)`,
    );
    expect((await a.log.status()).treeSize).toBe(8);
    await appendLeaves(a.database.db, a.log, 3);
    await a.log.anchorNow().catch(() => undefined);

    await forgeAnchor(a);

    for (const witness of [b, c]) expect(await verdictsOf(witness)).toEqual([fork]);
  });

  it('is not cosigned at the smaller size, and what it showed is kept', async () => {
    await alliance.anchor(a, 9);
    await a.witnessing.collect();
    await rewriteDatabase(
      a,
      'delete from evidence_leaf where leaf_id = (select max(leaf_id) from evidence_leaf)',
    );
    const { note } = await signHead(a);

    expect(await show(b, note, 9)).toBe('WITNESS_REQUEST_INVALID');
    expect(await show(b, note, 8)).toBe('stale');
    expect((await b.witnessing.status()).logs).toMatchObject([
      { organizationId: 'hospital-a', openClaims: 1 },
    ]);
    await appendLeaves(a.database.db, a.log, 2);
    await a.log.anchorNow().catch(() => undefined);
    await forgeAnchor(a);
    expect(await verdictsOf(b)).toEqual(['hospital-a growth 9,10']);
  });
});

describe('a node that shows two histories', () => {
  const otherNote = (treeSize: number, fill = 7): string =>
    signNote(
      formatCheckpoint({ origin: a.logSigner.name, treeSize, rootHash: new Uint8Array(32).fill(fill) }),
      a.logSigner,
    );

  it('is caught by the witness that sees the other one of a size on the ledger', async () => {
    await alliance.anchor(a, 6);

    expect(await show(c, otherNote(6))).toBe('WITNESS_LOG_FORKED');
    expect(await verdictsOf(c)).toEqual(['hospital-a same-size 6,6']);
  });

  it('is caught when the ledger gets the other one after the witness', async () => {
    await alliance.submit(a, 6);
    expect(await show(c, otherNote(6))).toBe('WITNESS_NOT_ANCHORED');
    expect(await verdictsOf(c)).toEqual([]);

    await alliance.deliver(a, b, c);
    await interval();

    expect(await verdictsOf(c)).toEqual(['hospital-a same-size 6,6']);
    expect(c.events).toContain('witness.fork');
    await a.witnessing.collect();
    expect(a.events).toContain('cosign.refused');
  });

  it('is caught by two roots that nobody anchored', async () => {
    await show(b, otherNote(20, 1));

    expect(await show(b, otherNote(20, 2))).toBe('WITNESS_LOG_FORKED');
    expect(await verdictsOf(b)).toEqual(['hospital-a same-size 20,20']);
  });

  it('gets no cosignature for what it never anchors, and is asked to account for it', async () => {
    await alliance.anchor(a, 6);
    expect(await show(b, otherNote(9))).toBe('WITNESS_NOT_ANCHORED');
    await interval();

    expect(a.requests).toContain('/peer/witness/prove-growth');
    expect(b.events).toContain('witness.unproven');
    expect(await verdictsOf(b)).toEqual([]);
    expect((await b.witnessing.status()).logs).toMatchObject([{ openClaims: 1, forked: false }]);
    await b.witnessing.settle();
    expect(b.events.filter((event) => event === 'witness.unproven')).toHaveLength(1);
  });

  it('is never cosigned again, and the proof is the first one', async () => {
    await alliance.anchor(a, 6);
    await show(b, otherNote(6));
    const first = await b.witnessing.forks();

    await alliance.anchor(a, 3);
    await a.witnessing.collect();
    await show(b, otherNote(9));

    expect(await b.witnessing.forks()).toEqual(first);
    expect((await a.witnessing.status()).cosignedSize).toBe(0);
    expect(
      await b.database.db.query('delete from witness_fork').catch((error: Error) => error.message),
    ).toMatch('append-only');
  });
});

describe('an honest node', () => {
  it('whose block a witness has not seen yet is only put off', async () => {
    await alliance.submit(a, 6);
    await alliance.deliver(a);
    await a.witnessing.collect();
    expect((await a.witnessing.status()).cosignedSize).toBe(0);

    await alliance.deliver(b, c);
    alliance.clock.advance(1_000);
    await a.witnessing.collect();
    await interval();

    expect((await a.witnessing.status()).cosignedSize).toBe(6);
    expect((await b.witnessing.status()).logs).toEqual([
      { organizationId: 'hospital-a', cosignedSize: 6, openClaims: 0, forked: false },
    ]);
  });

  it('that signed a checkpoint and anchored only a later one accounts for it', async () => {
    await alliance.anchor(a, 4);
    await appendLeaves(a.database.db, a.log, 3);
    await sequence(a.database.db, 'hospital-a');
    const { note } = await signHead(a);
    expect(await show(b, note)).toBe('WITNESS_NOT_ANCHORED');
    await alliance.anchor(a, 5);
    await interval();

    expect(
      (await b.witnessing.status()).logs.every(({ openClaims, forked }) => openClaims === 0 && !forked),
    ).toBe(true);
    expect(b.events).toEqual([]);
  });
});
