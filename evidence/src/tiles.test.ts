import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hex, sha256, utf8 } from './bytes.ts';
import {
  consistencyProof,
  inclusionProof,
  rootHash,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
import {
  appendToTiles,
  type TileId,
  type TileReader,
  tileHashReader,
  tilePath,
  tilesForAppend,
  tilesForConsistency,
  tilesForInclusions,
  tilesForRoot,
} from './tiles.ts';

const hashes = Array.from({ length: 70_000 }, (_, at) => sha256(utf8(`leaf ${at}`)));

/** A store that refuses to read a tile which was not announced. */
function tileStore() {
  const tiles = new Map<string, Uint8Array>();
  const key = ({ level, index }: TileId) => `${level}/${index}`;
  return {
    tiles,
    append(treeSize: number, leaves: readonly Uint8Array[]) {
      const allowed = new Set(tilesForAppend(treeSize).map(key));
      const update = appendToTiles(treeSize, leaves, this.only(allowed));
      for (const tile of update.tiles) tiles.set(key(tile), tile.hashes);
      return update.treeSize;
    },
    only(allowed: ReadonlySet<string>): TileReader {
      return (level, index) => {
        const at = key({ level, index });
        if (!allowed.has(at)) throw new Error(`tile ${at} was not announced`);
        return tiles.get(at);
      };
    },
    announced(announcement: readonly TileId[]) {
      return tileHashReader(this.only(new Set(announcement.map(key))));
    },
  };
}

describe('tiles', () => {
  test('appending in pieces gives the same tiles as appending at once, and the root of the leaves', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 6 }), (pieces) => {
        const store = tileStore();
        let size = 0;
        for (const piece of pieces) size = store.append(size, hashes.slice(size, size + piece));

        const atOnce = tileStore();
        atOnce.append(0, hashes.slice(0, size));
        expect([...store.tiles].sort()).toEqual([...atOnce.tiles].sort());
        expect(hex(treeRoot(store.announced(tilesForRoot(size)), size))).toBe(
          hex(rootHash(hashes.slice(0, size))),
        );
      }),
      { numRuns: 30 },
    );
  });

  test('proofs read only the announced tiles and verify', () => {
    const store = tileStore();
    const size = store.append(0, hashes.slice(0, 1500));
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: size - 1 }),
        fc.integer({ min: 1, max: size }),
        (leafIndex, oldSize) => {
          const root = rootHash(hashes.slice(0, size));
          const proof = inclusionProof(
            store.announced(tilesForInclusions([leafIndex], size)),
            leafIndex,
            size,
          );
          expect(
            verifyInclusion({
              leafHash: hashes[leafIndex]!,
              leafIndex,
              treeSize: size,
              proof,
              rootHash: root,
            }),
          ).toBe(true);

          const steps = consistencyProof(store.announced(tilesForConsistency(oldSize, size)), oldSize, size);
          const oldRoot = rootHash(hashes.slice(0, oldSize));
          expect(verifyConsistency({ oldSize, oldRoot, newSize: size, newRoot: root, proof: steps })).toBe(
            true,
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  test('a proof against an older size works on tiles that have grown since', () => {
    const store = tileStore();
    let size = store.append(0, hashes.slice(0, 300));
    size = store.append(size, hashes.slice(300, 900));

    const proof = inclusionProof(store.announced(tilesForInclusions([7], 300)), 7, 300);
    const root = rootHash(hashes.slice(0, 300));
    expect(
      verifyInclusion({ leafHash: hashes[7]!, leafIndex: 7, treeSize: 300, proof, rootHash: root }),
    ).toBe(true);
    expect(size).toBe(900);
  });

  test('the third row of tiles begins at 65,536 leaves', () => {
    const store = tileStore();
    const size = store.append(store.append(0, hashes.slice(0, 65_535)), hashes.slice(65_535));

    expect(store.tiles.get('2/0')?.length).toBe(32);
    expect(hex(treeRoot(store.announced(tilesForRoot(size)), size))).toBe(hex(rootHash(hashes)));
    const proof = inclusionProof(store.announced(tilesForInclusions([65_536], size)), 65_536, size);
    expect(
      verifyInclusion({
        leafHash: hashes[65_536]!,
        leafIndex: 65_536,
        treeSize: size,
        proof,
        rootHash: rootHash(hashes),
      }),
    ).toBe(true);
  });

  test('only the partial tiles are named as the ones an append starts from', () => {
    expect(tilesForAppend(0)).toEqual([]);
    expect(tilesForAppend(256)).toEqual([{ level: 1, index: 0, width: 1 }]);
    expect(tilesForAppend(70_000)).toEqual([
      { level: 0, index: 273, width: 112 },
      { level: 1, index: 1, width: 17 },
      { level: 2, index: 0, width: 1 },
    ]);
  });

  test('paths are written as C2SP tlog-tiles does', () => {
    expect(tilePath({ level: 0, index: 1_234_067, width: 256 })).toBe('tile/0/x001/x234/067');
    expect(tilePath({ level: 1, index: 8, width: 8 })).toBe('tile/1/008.p/8');
    expect(tilePath({ level: 0, index: 273, width: 112 })).toBe('tile/0/273.p/112');
  });

  test('a missing, narrow or damaged tile is refused instead of being guessed', () => {
    const read = tileHashReader(() => undefined);
    const narrow = tileHashReader(() => new Uint8Array(32));

    expect(() => read(0, 0)).toThrowError('TILE_INVALID');
    expect(() => narrow(1, 0)).toThrowError('TILE_INVALID');
    expect(() => appendToTiles(3, [hashes[0]!], () => new Uint8Array(64))).toThrowError('TILE_INVALID');
    expect(() => appendToTiles(0, [new Uint8Array(31)], () => undefined)).toThrowError('TILE_INVALID');
    expect(() => appendToTiles(-1, [], () => undefined)).toThrowError('TILE_INVALID');
    expect(() => tilesForAppend(2 ** 53)).toThrowError('TILE_INVALID');
  });
});
