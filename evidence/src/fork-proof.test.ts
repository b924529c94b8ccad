import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLog, type TestLog } from '../test/proof.ts';
import { hex, sha256, utf8 } from './bytes.ts';
import { formatCheckpoint, parseVerifierKey, signNote } from './checkpoint.ts';
import { type ForkProof, forkProof, verifyForkProof } from './fork-proof.ts';
import { growthPath, growthRoots, rootHash } from './merkle.ts';

const log = createLog();
const policy = policyOf(log);

function policyOf({ vkey }: TestLog, organizationId = 'hospital-a') {
  const trusted = { organizationId, mspId: 'HospitalAMSP', verifiers: [parseVerifierKey(vkey)] };
  return { logs: new Map([[organizationId, trusted]]) };
}

const readerOf = (hashes: Uint8Array[]) => (level: number, index: number) =>
  rootHash(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));

/** The log with one leaf replaced, as a rewritten database would give it. */
function rewritten(at: number, size = 13): Uint8Array[] {
  return log.hashes.slice(0, size).map((hash, index) => (index === at ? sha256(utf8('another leaf')) : hash));
}

/** The proof that a witness at `oldSize` can make when the rewritten log grew to `newSize`. */
function growthFork(oldSize: number, newSize: number, rewrittenAt: number): ForkProof {
  const hashes = rewritten(rewrittenAt, newSize);
  const path = growthPath(readerOf(hashes), oldSize, newSize);
  return forkProof([log.checkpoint(oldSize), log.checkpoint(newSize, rootHash(hashes))], path);
}

describe('a fork proof', () => {
  test('is two roots that one log signed for one size', () => {
    const proof = forkProof([log.checkpoint(9), log.checkpoint(9, rootHash(rewritten(4, 9)))]);

    expect(verifyForkProof(JSON.parse(JSON.stringify(proof)), policy)).toMatchObject({
      verdict: 'fork',
      kind: 'same-size',
      origin: 'medseal.org/log/hospital-a',
      organizationId: 'hospital-a',
      sizes: [9, 9],
    });
  });

  test('is a later tree that begins with other leaves than an earlier checkpoint says, for every pair of sizes', () => {
    for (let oldSize = 1; oldSize < 13; oldSize += 1) {
      for (let newSize = oldSize + 1; newSize <= 13; newSize += 1) {
        const proof = growthFork(oldSize, newSize, oldSize - 1);
        expect(verifyForkProof(proof, policy)).toMatchObject({
          verdict: 'fork',
          kind: 'growth',
          sizes: [oldSize, newSize],
        });
      }
    }
  });

  test('names the smaller tree first, whichever order the notes come in', () => {
    const { first, second, path = [] } = growthFork(5, 12, 2);

    expect(forkProof([second, first])).toEqual({ ...forkProof([first, second]) });
    expect(path.length).toBeGreaterThan(0);
  });

  test('of a log that only grew shows nothing', () => {
    const path = growthPath(readerOf(log.hashes), 5, 12);

    expect(verifyForkProof(forkProof([log.checkpoint(5), log.checkpoint(12)], path), policy)).toMatchObject({
      verdict: 'no-proof',
      code: 'FORK_NOT_PROVED',
    });
    expect(verifyForkProof(forkProof([log.checkpoint(5), log.checkpoint(5)]), policy)).toMatchObject({
      verdict: 'no-proof',
      code: 'FORK_NOT_PROVED',
    });
  });

  test('cannot be made against an honest log by anybody who writes the path', () => {
    const honest = growthPath(readerOf(log.hashes), 6, 13).map(hex);
    const hashes = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hex), { maxLength: 8 });
    const mixed = fc.shuffledSubarray(honest);
    fc.assert(
      fc.property(fc.oneof(hashes, mixed), (path) => {
        const forged = { ...forkProof([log.checkpoint(6), log.checkpoint(13)]), path };
        expect(verifyForkProof(forged, policy).verdict).toBe('no-proof');
      }),
    );
  });

  test('is not a failed consistency proof: two sizes without a path show nothing', () => {
    const { first, second } = growthFork(6, 13, 2);

    expect(verifyForkProof(forkProof([first, second]), policy)).toMatchObject({ code: 'FORK_NOT_PROVED' });
    const other = growthPath(readerOf(log.hashes), 6, 13);
    expect(verifyForkProof(forkProof([first, second], other), policy)).toMatchObject({
      code: 'FORK_NOT_PROVED',
    });
  });

  test('needs both signatures under the key of that one log', () => {
    const { first, second, path } = growthFork(6, 13, 2);
    const unsigned = second.replace('\n13\n', '\n12\n');
    const proofs: [unknown, string][] = [
      [{ format: 'medseal/fork-proof/v1', first, second: unsigned, path }, 'NOTE_SIGNATURE_INVALID'],
      [
        { format: 'medseal/fork-proof/v1', first: first.replace('\n6\n', '\n7\n'), second, path },
        'NOTE_SIGNATURE_INVALID',
      ],
    ];

    for (const [proof, code] of proofs)
      expect(verifyForkProof(proof, policy)).toMatchObject({ verdict: 'no-proof', code });
    const stranger = policyOf(createLog());
    expect(verifyForkProof({ format: 'medseal/fork-proof/v1', first, second, path }, stranger)).toMatchObject(
      {
        verdict: 'no-proof',
        code: 'NOTE_NOT_SIGNED',
      },
    );
  });

  test('about a log that the policy does not know is not decided', () => {
    const proof = growthFork(6, 13, 2);

    expect(verifyForkProof(proof, { logs: new Map() })).toMatchObject({
      verdict: 'undecided',
      code: 'FORK_LOG_UNKNOWN',
    });
    expect(verifyForkProof({ ...proof, format: 'medseal/fork-proof/v2' }, policy)).toMatchObject({
      verdict: 'undecided',
    });
  });

  test('of two logs with one key is none', () => {
    const origin = 'medseal.org/log/hospital-b';
    const elsewhere = signNote(formatCheckpoint({ origin, treeSize: 9, rootHash: log.root(8) }), log.signer);

    expect(verifyForkProof(forkProof([log.checkpoint(9), elsewhere]), policy)).toMatchObject({
      verdict: 'no-proof',
      code: 'CHECKPOINT_ORIGIN',
    });
  });

  test('across a change of the log key counts when the policy lists both keys', () => {
    const renewed = createLog();
    const trusted = {
      organizationId: 'a',
      mspId: 'M',
      verifiers: [log, renewed].map(({ vkey }) => parseVerifierKey(vkey)),
    };
    const note = signNote(
      formatCheckpoint({ origin: log.signer.name, treeSize: 9, rootHash: log.root(8) }),
      renewed.signer,
    );

    const proof = forkProof([log.checkpoint(9), note]);
    expect(verifyForkProof(proof, { logs: new Map([['a', trusted]]) }).verdict).toBe('fork');
    expect(verifyForkProof(proof, policy).verdict).toBe('no-proof');
  });

  test.each([
    ['nothing', undefined],
    ['a list', []],
    ['no notes', { format: 'medseal/fork-proof/v1' }],
    ['a member too many', { ...growthFork(6, 13, 2), note: '' }],
    ['a path that is no list', { ...growthFork(6, 13, 2), path: 'aa' }],
    ['a path of other things', { ...growthFork(6, 13, 2), path: [7] }],
    [
      'an endless path',
      { ...growthFork(6, 13, 2), path: Array.from({ length: 100 }, () => 'aa'.repeat(32)) },
    ],
    ['upper-case hex', { ...growthFork(6, 13, 2), path: ['AA'.repeat(32)] }],
    ['text for a note', { ...growthFork(6, 13, 2), first: 'hello' }],
    ['a path for one size', { ...forkProof([log.checkpoint(9), log.checkpoint(9, log.root(8))]), path: [] }],
  ])('with %s is refused and never throws', (_what, proof) => {
    expect(['no-proof', 'undecided']).toContain(verifyForkProof(proof, policy).verdict);
  });

  test('flipped anywhere never proves a fork of an honest log', () => {
    const path = growthPath(readerOf(log.hashes), 5, 12);
    const honest = JSON.stringify(forkProof([log.checkpoint(5), log.checkpoint(12)], path));
    fc.assert(
      fc.property(fc.nat(honest.length - 1), fc.integer({ min: 32, max: 126 }), (at, code) => {
        const bent = honest.slice(0, at) + String.fromCharCode(code) + honest.slice(at + 1);
        let value: unknown;
        try {
          value = JSON.parse(bent);
        } catch {
          return;
        }
        expect(verifyForkProof(value, policy).verdict).not.toBe('fork');
      }),
    );
  });
});

describe('a growth path', () => {
  test('gives both roots for every pair of sizes', () => {
    for (let oldSize = 1; oldSize < 13; oldSize += 1) {
      for (let newSize = oldSize + 1; newSize <= 13; newSize += 1) {
        const path = growthPath(readerOf(log.hashes), oldSize, newSize);
        expect(growthRoots({ oldSize, newSize, path })).toEqual({
          oldRoot: log.root(oldSize),
          newRoot: log.root(newSize),
        });
      }
    }
  });

  test('of a wrong length or with sizes that run backwards gives none', () => {
    const path = growthPath(readerOf(log.hashes), 6, 13);
    const wrong = [[], path.slice(1), path.slice(0, -1), [...path, ...path]];

    for (const bent of wrong) {
      const roots = growthRoots({ oldSize: 6, newSize: 13, path: bent });
      expect(roots === undefined || hex(roots.newRoot) !== hex(log.root(13))).toBe(true);
    }
    for (const [oldSize, newSize] of [
      [0, 13],
      [13, 6],
      [6, 6],
      [-1, 3],
      [1.5, 3],
    ] as const)
      expect(growthRoots({ oldSize, newSize, path })).toBeUndefined();
  });
});
