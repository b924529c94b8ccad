import {
  consistencyProof,
  growthPath,
  inclusionProof,
  tilesForConsistency,
  tilesForInclusions,
  tilesForRoot,
  treeRoot,
} from '@medseal/evidence';
import type { Queryable } from '../lib/sql.ts';
import type { TileCache } from './tile-store.ts';

/** Root of the first `treeSize` leaves, from the stored tiles. */
export async function rootAt(db: Queryable, tiles: TileCache, treeSize: number): Promise<Uint8Array> {
  const read = await tiles.loadHashes(db, tilesForRoot(treeSize));
  return treeRoot(read, treeSize);
}

/** Path that proves leaf `leafIndex` in the tree of `treeSize` leaves (RFC 9162 §2.1.3.1). */
export async function proveInclusion(
  db: Queryable,
  tiles: TileCache,
  [leafIndex, treeSize]: readonly [number, number],
): Promise<Uint8Array[]> {
  const read = await tiles.loadHashes(db, tilesForInclusions([leafIndex], treeSize));
  return inclusionProof(read, leafIndex, treeSize);
}

/** Proof that the tree of `oldSize` leaves is the beginning of the one of `newSize` (RFC 9162 §2.1.4.1). */
export async function proveConsistency(
  db: Queryable,
  tiles: TileCache,
  [oldSize, newSize]: readonly [number, number],
): Promise<Uint8Array[]> {
  if (oldSize === 0) return [];
  const read = await tiles.loadHashes(db, tilesForConsistency(oldSize, newSize));
  return consistencyProof(read, oldSize, newSize);
}

/** How the tree of `newSize` leaves begins with its first `oldSize` ones (docs/formats/fork-proof.md). */
export async function proveGrowth(
  db: Queryable,
  tiles: TileCache,
  [oldSize, newSize]: readonly [number, number],
): Promise<Uint8Array[]> {
  const wanted = [...tilesForConsistency(oldSize, newSize), ...tilesForRoot(oldSize)];
  return growthPath(await tiles.loadHashes(db, wanted), oldSize, newSize);
}
