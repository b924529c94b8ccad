import { EvidenceError } from './errors.ts';
import { consistencyProof, type HashReader, inclusionProofs, rootHash, treeRoot } from './merkle.ts';

/** Where a tile stands: tile `index` of row `level` (C2SP tlog-tiles; row L holds the roots of 256^L leaves each). */
export type TileId = { level: number; index: number };
/** A tile with how many hashes of it exist (256 when it is full). */
export type TileWidth = TileId & { width: number };
/** A tile's hashes, 32 bytes each, one after the other. */
export type Tile = TileId & { hashes: Uint8Array };
/** Gives the hashes of a tile; a tile that is wider than the tree in question needs is fine. */
export type TileReader = (level: number, index: number) => Uint8Array | undefined;

const tileHeight = 8;
const tileWidth = 256;
const hashLength = 32;
const noHash = new Uint8Array(hashLength);

/**
 * The tiles that change when `leafHashes` are appended to the tree of `treeSize` leaves whose tiles `readTile` gives.
 * Full tiles never change again; of the partial ones only those of `tilesForAppend` are read.
 */
export function appendToTiles(
  treeSize: number,
  leafHashes: readonly Uint8Array[],
  readTile: TileReader,
): { treeSize: number; tiles: Tile[] } {
  requireCount(treeSize);
  requireCount(treeSize + leafHashes.length);
  const tiles: Tile[] = [];
  let row = treeSize;
  let added = leafHashes;
  for (let level = 0; added.length > 0; level += 1) {
    const full: Uint8Array[] = [];
    for (const tile of extendRow({ level, row, added, readTile })) {
      tiles.push(tile);
      if (tile.hashes.length === tileWidth * hashLength) full.push(rootHash(split(tile.hashes)));
    }
    row = Math.floor(row / tileWidth);
    added = full;
  }
  return { treeSize: treeSize + leafHashes.length, tiles };
}

/** The partial tiles that appending to a tree of `treeSize` leaves starts from. */
export function tilesForAppend(treeSize: number): TileWidth[] {
  requireCount(treeSize);
  const tiles: TileWidth[] = [];
  let row = treeSize;
  for (let level = 0; row > 0; level += 1) {
    if (row % tileWidth > 0)
      tiles.push({ level, index: Math.floor(row / tileWidth), width: row % tileWidth });
    row = Math.floor(row / tileWidth);
  }
  return tiles;
}

/** The tiles that the root of `treeSize` leaves is computed from. */
export function tilesForRoot(treeSize: number): TileWidth[] {
  return recorded(treeSize, (read) => treeRoot(read, treeSize));
}

/** The tiles that the inclusion proofs of these leaves are computed from. */
export function tilesForInclusions(leafIndices: readonly number[], treeSize: number): TileWidth[] {
  return recorded(treeSize, (read) => inclusionProofs(read, leafIndices, treeSize));
}

/** The tiles that a consistency proof is computed from. */
export function tilesForConsistency(oldSize: number, newSize: number): TileWidth[] {
  return recorded(newSize, (read) => consistencyProof(read, oldSize, newSize));
}

/** Reads complete subtrees out of tiles; refuses with TILE_INVALID when a tile is missing or too narrow. */
export function tileHashReader(readTile: TileReader): HashReader {
  return (level, index) => {
    const { tile, offset, count } = locate(level, index);
    const hashes = readTile(tile.level, tile.index);
    if (hashes === undefined || hashes.length < (offset + count) * hashLength) {
      throw new EvidenceError('TILE_INVALID', {
        message: `tile ${tile.level}/${tile.index} is missing or too narrow`,
      });
    }
    return rootHash(split(hashes.subarray(offset * hashLength, (offset + count) * hashLength)));
  };
}

/** The path of a tile as C2SP tlog-tiles writes it, e.g. `tile/0/x001/234.p/7`. */
export function tilePath({ level, index, width }: TileWidth): string {
  requireCount(index);
  const groups: string[] = [];
  let rest = index;
  do {
    groups.unshift(String(rest % 1000).padStart(3, '0'));
    rest = Math.floor(rest / 1000);
  } while (rest > 0);
  const number = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${number}${width < tileWidth ? `.p/${width}` : ''}`;
}

type RowGrowth = { level: number; row: number; added: readonly Uint8Array[]; readTile: TileReader };

function extendRow({ level, row, added, readTile }: RowGrowth): Tile[] {
  const tiles: Tile[] = [];
  let taken = 0;
  while (taken < added.length) {
    const index = Math.floor((row + taken) / tileWidth);
    const kept = (row + taken) % tileWidth;
    const fresh = added.slice(taken, taken + tileWidth - kept);
    const hashes = new Uint8Array((kept + fresh.length) * hashLength);
    if (kept > 0) hashes.set(prefix(readTile(level, index), kept));
    fresh.forEach((hash, at) => {
      if (hash.length !== hashLength) throw new EvidenceError('TILE_INVALID', { message: 'hash length' });
      hashes.set(hash, (kept + at) * hashLength);
    });
    tiles.push({ level, index, hashes });
    taken += fresh.length;
  }
  return tiles;
}

function prefix(hashes: Uint8Array | undefined, count: number): Uint8Array {
  if (hashes === undefined || hashes.length < count * hashLength) {
    throw new EvidenceError('TILE_INVALID', { message: 'a partial tile is missing or too narrow' });
  }
  return hashes.subarray(0, count * hashLength);
}

function locate(level: number, index: number): { tile: TileId; offset: number; count: number } {
  const count = 2 ** (level % tileHeight);
  const position = index * count;
  return {
    tile: { level: Math.floor(level / tileHeight), index: Math.floor(position / tileWidth) },
    offset: position % tileWidth,
    count,
  };
}

function recorded(treeSize: number, walk: (read: HashReader) => unknown): TileWidth[] {
  const tiles = new Map<string, TileWidth>();
  walk((level, index) => {
    const { tile } = locate(level, index);
    const row = Math.floor(treeSize / tileWidth ** tile.level);
    const width = Math.min(tileWidth, row - tile.index * tileWidth);
    tiles.set(`${tile.level}/${tile.index}`, { ...tile, width });
    return noHash;
  });
  return [...tiles.values()];
}

function split(hashes: Uint8Array): Uint8Array[] {
  return Array.from({ length: hashes.length / hashLength }, (_, at) =>
    hashes.subarray(at * hashLength, (at + 1) * hashLength),
  );
}

function requireCount(count: number): void {
  if (!Number.isSafeInteger(count) || count < 0)
    throw new EvidenceError('TILE_INVALID', { message: 'number' });
}
