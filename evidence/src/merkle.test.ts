import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, hex } from './bytes.ts';
import { leafHash } from './leaf.ts';
import {
  consistencyProof,
  type HashReader,
  inclusionProof,
  nodeHash,
  rootHash,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';

// The eight reference leaves and roots of the Certificate Transparency test vectors (RFC 6962 trees of 0..8 leaves).
const referenceLeaves = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((leaf) => leafHash(fromHex(leaf)));
const referenceRoots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

function readerOf(leaves: readonly Uint8Array[]): HashReader {
  return (level, index) => {
    const size = 2 ** level;
    const slice = leaves.slice(index * size, (index + 1) * size);
    if (slice.length !== size) throw new Error(`subtree ${level}/${index} is not complete`);
    return rootHash(slice);
  };
}

describe('RFC 9162 trees', () => {
  test('the roots of 0 to 8 reference leaves are the published ones', () => {
    for (let size = 0; size <= 8; size += 1) {
      expect(hex(rootHash(referenceLeaves.slice(0, size)))).toBe(referenceRoots[size]);
      expect(hex(treeRoot(readerOf(referenceLeaves), size))).toBe(referenceRoots[size]);
    }
  });

  test('the published inclusion paths are reproduced', () => {
    const paths: [number, number, string[]][] = [
      [0, 1, []],
      [
        0,
        8,
        [
          '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
          '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
          '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
        ],
      ],
      [
        5,
        8,
        [
          'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
          'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
          'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
        ],
      ],
      [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
      [
        1,
        5,
        [
          '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
          '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
          'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
        ],
      ],
    ];

    for (const [leafIndex, treeSize, path] of paths) {
      expect(inclusionProof(readerOf(referenceLeaves), leafIndex, treeSize).map(hex)).toEqual(path);
    }
  });

  test('the published consistency paths are reproduced', () => {
    const paths: [number, number, string[]][] = [
      [1, 1, []],
      [
        1,
        8,
        [
          '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
          '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
          '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
        ],
      ],
      [
        6,
        8,
        [
          '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
          'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
          'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
        ],
      ],
      [
        2,
        5,
        [
          '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
          'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
        ],
      ],
    ];

    for (const [oldSize, newSize, path] of paths) {
      expect(consistencyProof(readerOf(referenceLeaves), oldSize, newSize).map(hex)).toEqual(path);
    }
  });
});

const leavesOf = (size: number) =>
  Array.from({ length: size }, (_, at) => leafHash(Uint8Array.of(at, at >> 8)));

/** The probes of transparency-dev/merkle: every way it bends a valid proof, as [name, bent proof]. */
function bend(proof: readonly Uint8Array[], root: Uint8Array): [string, Uint8Array[]][] {
  const bent: [string, Uint8Array[]][] = [
    ['trailing garbage', [...proof, new Uint8Array(0)]],
    ['trailing root', [...proof, root]],
    ['preceding garbage', [new Uint8Array(0), ...proof]],
    ['preceding root', [root, ...proof]],
    ['overlong hash', [...proof.slice(0, -1), Uint8Array.of(...(proof.at(-1) ?? root), 0)]],
  ];
  if (proof.length > 0) {
    bent.push(['empty', []], ['truncated', proof.slice(0, -1)], ['without its head', proof.slice(1)]);
    proof.forEach((hash, at) => {
      const flipped = Uint8Array.from(hash, (byte, index) => (index === 17 ? byte ^ 4 : byte));
      bent.push([`bit flipped at ${at}`, proof.map((kept, index) => (index === at ? flipped : kept))]);
    });
  }
  return bent;
}

describe('inclusion', () => {
  test('holds for every leaf of every tree up to 65 leaves and for nothing near it', () => {
    const leaves = leavesOf(65);
    const read = readerOf(leaves);
    for (let treeSize = 1; treeSize <= 65; treeSize += 1) {
      const root = rootHash(leaves.slice(0, treeSize));
      for (let leafIndex = 0; leafIndex < treeSize; leafIndex += treeSize > 20 ? 7 : 1) {
        const proof = inclusionProof(read, leafIndex, treeSize);
        const claim = { leafHash: leaves[leafIndex]!, leafIndex, treeSize, proof, rootHash: root };

        expect(verifyInclusion(claim)).toBe(true);

        for (const [, bentProof] of bend(proof, root)) {
          expect(verifyInclusion({ ...claim, proof: bentProof })).toBe(false);
        }
        for (const other of [leafIndex - 1, leafIndex + 1, leafIndex ^ 2, treeSize, -1, Number.NaN, 0.5]) {
          if (other !== leafIndex) expect(verifyInclusion({ ...claim, leafIndex: other })).toBe(false);
        }
        for (const size of [treeSize * 2, Math.floor(treeSize / 2), 2 ** 53, 2 ** 53 + 1, -1, 0]) {
          expect(verifyInclusion({ ...claim, treeSize: size })).toBe(false);
        }
        expect(verifyInclusion({ ...claim, leafHash: root, rootHash: leaves[leafIndex]! })).toBe(
          treeSize === 1,
        );
        expect(verifyInclusion({ ...claim, rootHash: new Uint8Array(0) })).toBe(false);
      }
    }
  });

  test('a tree size one off is refused wherever the path does not happen to have the same shape and root', () => {
    const leaves = leavesOf(9);
    const read = readerOf(leaves);
    for (let treeSize = 1; treeSize <= 8; treeSize += 1) {
      for (let leafIndex = 0; leafIndex < treeSize; leafIndex += 1) {
        const proof = inclusionProof(read, leafIndex, treeSize);
        const next = rootHash(leaves.slice(0, treeSize + 1));
        const claim = { leafHash: leaves[leafIndex]!, leafIndex, treeSize, proof, rootHash: next };

        expect(verifyInclusion(claim)).toBe(false);
        expect(verifyInclusion({ ...claim, treeSize: treeSize + 1 })).toBe(false);
      }
    }
  });

  test('an inner node cannot be passed off as a leaf, nor a leaf as an inner node', () => {
    const leaves = leavesOf(4);
    const root = rootHash(leaves);
    const inner = nodeHash(leaves[0]!, leaves[1]!);
    const right = nodeHash(leaves[2]!, leaves[3]!);

    // As a tree of two "leaves" the arithmetic would hold: only the leaf prefix of what is hashed tells them apart.
    const forged = leafHash(new Uint8Array([...leaves[0]!, ...leaves[1]!]));
    expect(hex(forged)).not.toBe(hex(inner));
    expect(
      verifyInclusion({ leafHash: forged, leafIndex: 0, treeSize: 2, proof: [right], rootHash: root }),
    ).toBe(false);
  });

  test('a tree that repeats its last leaf has another root', () => {
    const leaves = leavesOf(3);

    expect(hex(rootHash([...leaves, leaves[2]!]))).not.toBe(hex(rootHash(leaves)));
  });

  test('a proof for an index outside the tree cannot be made', () => {
    expect(() => inclusionProof(readerOf(leavesOf(3)), 3, 3)).toThrowError('MERKLE_INVALID');
    expect(() => inclusionProof(readerOf(leavesOf(3)), -1, 3)).toThrowError('MERKLE_INVALID');
    expect(() => consistencyProof(readerOf(leavesOf(3)), 4, 3)).toThrowError('MERKLE_INVALID');
  });
});

describe('consistency', () => {
  test('holds between every two sizes up to 40 and for nothing near it', () => {
    const leaves = leavesOf(40);
    const read = readerOf(leaves);
    for (let newSize = 1; newSize <= 40; newSize += newSize > 16 ? 3 : 1) {
      const newRoot = rootHash(leaves.slice(0, newSize));
      for (let oldSize = 1; oldSize <= newSize; oldSize += 1) {
        const oldRoot = rootHash(leaves.slice(0, oldSize));
        const proof = consistencyProof(read, oldSize, newSize);
        const claim = { oldSize, oldRoot, newSize, newRoot, proof };

        expect(verifyConsistency(claim)).toBe(true);

        for (const [, bentProof] of bend(proof, newRoot)) {
          expect(verifyConsistency({ ...claim, proof: bentProof })).toBe(false);
        }
        if (oldSize === newSize) continue;
        expect(verifyConsistency({ ...claim, oldRoot: newRoot, newRoot: oldRoot })).toBe(false);
        expect(verifyConsistency({ ...claim, oldSize: newSize, newSize: oldSize })).toBe(false);
        expect(verifyConsistency({ ...claim, oldSize: newSize })).toBe(false);
        expect(verifyConsistency({ ...claim, newSize: oldSize })).toBe(false);
        expect(verifyConsistency({ ...claim, oldSize: oldSize - 1 })).toBe(false);
        expect(verifyConsistency({ ...claim, newSize: newSize * 2 })).toBe(false);
      }
    }
  });

  test('two trees of equal size are consistent only when they are the same', () => {
    const [oldRoot, newRoot] = [rootHash(leavesOf(5)), rootHash(leavesOf(6))];

    expect(verifyConsistency({ oldSize: 5, oldRoot, newSize: 5, newRoot: oldRoot, proof: [] })).toBe(true);
    expect(verifyConsistency({ oldSize: 5, oldRoot, newSize: 5, newRoot, proof: [] })).toBe(false);
    expect(verifyConsistency({ oldSize: 5, oldRoot, newSize: 6, newRoot, proof: [] })).toBe(false);
  });

  test('everything extends the empty tree, whose root is fixed', () => {
    const newRoot = rootHash(leavesOf(3));
    const claim = { oldSize: 0, oldRoot: rootHash([]), newSize: 3, newRoot, proof: [] };

    expect(verifyConsistency(claim)).toBe(true);
    expect(verifyConsistency({ ...claim, oldRoot: newRoot })).toBe(false);
    expect(verifyConsistency({ ...claim, proof: [newRoot] })).toBe(false);
  });

  test('a rewritten leaf breaks consistency, whichever it is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(),
        (a, b, which) => {
          const [oldSize, newSize] = [Math.min(a, b), Math.max(a, b) + 1];
          const leaves = leavesOf(newSize);
          const rewritten = leaves.map((leaf, at) => (at === which % oldSize ? leafHash(leaf) : leaf));
          const oldRoot = rootHash(leaves.slice(0, oldSize));

          const proof = consistencyProof(readerOf(rewritten), oldSize, newSize);
          expect(verifyConsistency({ oldSize, oldRoot, newSize, newRoot: rootHash(rewritten), proof })).toBe(
            false,
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test('hostile shapes are answered with false at once', () => {
    const root = rootHash(leavesOf(2));
    const long = Array.from({ length: 300_000 }, () => root);

    expect(
      verifyConsistency({ oldSize: 2, oldRoot: root, newSize: 2 ** 53 - 1, newRoot: root, proof: long }),
    ).toBe(false);
    expect(
      verifyInclusion({ leafHash: root, leafIndex: 0, treeSize: 2 ** 53 - 1, proof: long, rootHash: root }),
    ).toBe(false);
    const wrong = JSON.parse('{"proof":"abc","nothing":null}');
    expect(
      verifyInclusion({ leafHash: root, leafIndex: 0, treeSize: 2, proof: wrong.proof, rootHash: root }),
    ).toBe(false);
    expect(
      verifyInclusion({ leafHash: wrong.nothing, leafIndex: 0, treeSize: 1, proof: [], rootHash: root }),
    ).toBe(false);
  });
});
