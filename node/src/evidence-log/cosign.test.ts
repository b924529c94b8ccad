import {
  cosign,
  cosigner,
  openCosignatures,
  openNote,
  parseVerifierKey,
  witnessName,
  witnessOf,
} from '@medseal/evidence';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Alliance, type AllianceNode, createAlliance } from './test/alliance.ts';
import { proves } from './test/node.ts';

let alliance: Alliance;
let a: AllianceNode;
let b: AllianceNode;
let c: AllianceNode;
beforeEach(async () => {
  alliance = await createAlliance(['hospital-a', 'hospital-b', 'regulator']);
  [a, b, c] = ['hospital-a', 'hospital-b', 'regulator'].map((id) => alliance.node(id)) as [
    AllianceNode,
    AllianceNode,
    AllianceNode,
  ];
});
afterEach(() => alliance.close());

const cosignedSize = async (node: AllianceNode): Promise<number> =>
  (await node.witnessing.status()).cosignedSize;
const keysOf = (...nodes: AllianceNode[]) =>
  nodes.map(({ organizationId, log }) => witnessOf(organizationId, parseVerifierKey(log.logKey)));

async function collectAfter(node: AllianceNode, milliseconds: number): Promise<void> {
  alliance.clock.advance(milliseconds);
  await node.witnessing.collect();
}

describe('a log under witnesses', () => {
  it('proves its leaves by a note that the quorum cosigned', async () => {
    await alliance.anchor(a, 5);
    const [before] = await a.log.proofsFor([1n]);
    await a.witnessing.collect();
    const [after] = await a.log.proofsFor([1n]);

    expect(await a.witnessing.status()).toMatchObject({ cosignedSize: 5, quorum: 2, witnesses: 2 });
    if (before?.state !== 'anchored' || after?.state !== 'anchored') throw new Error('not anchored');
    expect(openCosignatures(before.checkpoint, keysOf(b, c)).cosignatures).toEqual([]);
    expect(openCosignatures(after.checkpoint, keysOf(b, c)).cosignatures.map(({ name }) => name)).toEqual([
      'medseal.org/witness/hospital-b',
      'medseal.org/witness/regulator',
    ]);
    expect(proves(after, a.log.logKey)).toBe(true);
    expect(openNote(after.checkpoint, [parseVerifierKey(a.log.logKey)]).verifiedBy).toHaveLength(1);
  });

  it('asks for nothing twice and needs no witness to be anchored', async () => {
    b.online = false;
    c.online = false;
    await alliance.anchor(a, 5);
    await a.witnessing.collect();
    await alliance.anchor(a, 2);
    expect((await a.log.status()).anchoredSize).toBe(7);
    b.online = true;
    c.online = true;
    await collectAfter(a, 1_000);
    const asked = b.requests.length;
    await collectAfter(a, 60_000);

    expect(b.requests.length).toBe(asked);
    expect(await cosignedSize(a)).toBe(7);
  });

  it('asks nobody while its database has less than was anchored', async () => {
    await alliance.anchor(a, 5);
    await a.database.db.transaction(async (tx) => {
      await tx.query("set local session_replication_role = 'replica'");
      await tx.query('delete from evidence_index where leaf_index >= 3');
      await tx.query('delete from evidence_tile');
    });

    await expect(a.witnessing.collect()).resolves.toBeUndefined();
    expect([b.requests, c.requests]).toEqual([[], []]);
  });

  it('keeps to the last cosigned checkpoint while a witness is away, where it covers the leaf', async () => {
    await alliance.anchor(a, 5);
    await a.witnessing.collect();
    b.online = false;
    await alliance.anchor(a, 4);
    await a.witnessing.collect();

    const [old, recent] = [await a.log.proofsFor([1n]), await a.log.proofsFor([1n, 8n])];
    expect(await cosignedSize(a)).toBe(5);
    expect(old[0]).toMatchObject({ state: 'anchored', checkpoint: expect.stringContaining('\n5\n') });
    for (const evidence of recent) {
      expect(evidence).toMatchObject({ checkpoint: expect.stringContaining('\n9\n') });
      expect(proves(evidence, a.log.logKey)).toBe(true);
    }
    expect(a.events).toContain('cosign.unreachable');

    b.online = true;
    await collectAfter(a, 1_000);
    expect(await cosignedSize(a)).toBe(9);
  });

  it('that forgot how far its witnesses are is told, and catches up in one round', async () => {
    await alliance.anchor(a, 5);
    await a.witnessing.collect();
    await a.database.db.query('delete from evidence_cosignature');
    await alliance.anchor(a, 8);
    const asked = b.requests.length;
    await collectAfter(a, 1_000);

    expect(b.requests.length).toBe(asked + 2);
    expect(await cosignedSize(a)).toBe(13);
    expect(a.events).toEqual([]);
  });

  it('whose witness was away for many checkpoints goes on from where it was', async () => {
    await alliance.anchor(a, 5);
    await a.witnessing.collect();
    b.online = false;
    for (const leaves of [1, 2, 9]) {
      await alliance.anchor(a, leaves);
      await collectAfter(a, 60_000);
    }
    expect(await cosignedSize(a)).toBe(5);
    b.online = true;
    await collectAfter(a, 60_000);

    expect(await cosignedSize(a)).toBe(17);
  });

  it('says loudly when a witness knows more of it than it does itself', async () => {
    await alliance.anchor(a, 5);
    await a.witnessing.collect();
    await alliance.anchor(a, 4);
    await collectAfter(a, 1_000);
    await a.database.db.query('delete from evidence_cosignature');
    await a.database.db.query('delete from evidence_anchor where tree_size = 9');
    await collectAfter(a, 1_000);

    expect(a.events).toContain('cosign.ahead');
  });

  it.each([
    ['of another checkpoint', 'COSIGNATURE_INVALID'],
    ['under a key it is not registered with', 'NOTE_NOT_SIGNED'],
    ['from another time', 'COSIGNATURE_TIME'],
    ['that is no line', 'NOTE_INVALID'],
  ])('does not keep a cosignature %s', async (what, code) => {
    await alliance.anchor(a, 5);
    const now = Math.floor(alliance.clock.now().getTime() / 1000);
    const signer = {
      ...cosigner(witnessName('hospital-b'), parseVerifierKey(b.log.logKey).publicKey, b.logSigner.sign),
    };
    const text = (await a.log.latestAnchor('hospital-a'))?.note.split('\n\n')[0] ?? '';
    const lines: Record<string, string> = {
      'of another checkpoint': cosign('other\n', now, signer),
      'under a key it is not registered with': cosign(`${text}\n`, now, {
        ...signer,
        keyId: Uint8Array.of(1, 2, 3, 4),
      }),
      'from another time': cosign(`${text}\n`, now - 3_600, signer),
      'that is no line': 'yes\n',
    };
    b.witnessing = {
      ...b.witnessing,
      addCheckpoint: async () => ({ state: 'cosigned', lines: lines[what] ?? '' }),
    };
    await a.witnessing.collect();

    expect(a.events).toEqual(['cosign.refused']);
    expect(a.codes).toEqual([code]);
    expect(await cosignedSize(a)).toBe(0);
    const { rows } = await a.database.db.query('select witness_id from evidence_cosignature');
    expect(rows).toEqual([{ witness_id: 'regulator' }]);
  });

  it('asks again under the new key of a witness, and a member that left is none', async () => {
    await alliance.anchor(a, 5);
    await a.witnessing.collect();
    await alliance.setState('hospital-b', 'disable');
    await alliance.anchor(a, 1);
    await collectAfter(a, 1_000);

    expect(await a.witnessing.status()).toMatchObject({ cosignedSize: 6, quorum: 1, witnesses: 1 });
  });

  it('is cosigned in the background, every member by the others', async () => {
    const running = [a, b, c].map((node) => node.witnessing.start());
    for (const node of [a, b, c]) await alliance.anchor(node, 3);

    await vi.waitFor(
      async () => {
        alliance.clock.advance(1_000);
        for (const node of [a, b, c]) expect(await cosignedSize(node)).toBe(3);
      },
      { timeout: 20_000, interval: 50 },
    );
    await Promise.all(running.map((worker) => worker.stop()));
    for (const node of [a, b, c]) expect(await node.witnessing.forks()).toEqual([]);
  });
});

describe('the quorum', () => {
  it('is what is configured, and nothing is cosigned where it cannot be met or is 0', async () => {
    for (const [quorum, size] of [
      [1, 4],
      [3, 0],
      [0, 0],
    ] as const) {
      const own = await createAlliance(['hospital-a', 'hospital-b', 'regulator'], quorum);
      const node = own.node('hospital-a');
      own.node('hospital-b').online = false;
      await own.anchor(node, 4);
      await node.witnessing.collect();
      expect(await node.witnessing.status()).toMatchObject({ cosignedSize: size, quorum });
      await own.close();
    }
  });

  it('is 0 in an alliance of one', async () => {
    const own = await createAlliance(['hospital-a']);
    const node = own.node('hospital-a');
    await own.anchor(node, 4);
    await node.witnessing.collect();

    expect(await node.witnessing.status()).toEqual({ cosignedSize: 0, quorum: 0, witnesses: 0, logs: [] });
    expect(await node.log.proofsFor([1n])).toMatchObject([{ state: 'anchored' }]);
    await own.close();
  });
});
