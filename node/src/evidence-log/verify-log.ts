import {
  appendToTiles,
  equalBytes,
  type Tile,
  type TileId,
  tileHashReader,
  treeRoot,
} from '@medseal/evidence';
import type { Database, Queryable } from '../lib/sql.ts';
import { hashOfRow, readRange, readTreeSize } from './leaf-store.ts';
import type { TreeHead } from './types.ts';

/** What a check of the whole log found. `leafIndex` is the first place that is wrong, where there is one. */
export type LogVerdict =
  | ({ ok: true } & TreeHead)
  | { ok: false; problem: LogProblem; leafIndex: number | undefined };

export type LogProblem =
  /** A leaf that has its place in the tree is gone, or a place is. */
  | 'leaf-missing'
  /** A leaf is not the one that was hashed into the tree. */
  | 'leaf-changed'
  /** A leaf was committed but neither waits for a place nor has one. */
  | 'leaf-lost'
  /** The log is shorter than the checkpoint that was anchored. */
  | 'log-cut'
  /** The leaves give another root than the anchored one. */
  | 'root-differs';

const chunk = 4_096;

/**
 * Recomputes the log from its leaves and holds it against `anchored`, the checkpoint that the ledger has. Reads every
 * leaf once, in chunks of bounded memory.
 */
export async function verifyLog(
  db: Database,
  { tenant, anchored }: { tenant: string; anchored: TreeHead | undefined },
): Promise<LogVerdict> {
  const treeSize = await readTreeSize(db);
  const expected = anchored?.treeSize ?? 0;
  if (treeSize < expected) return { ok: false, problem: 'log-cut', leafIndex: treeSize };
  if (await someLeafLost(db)) return { ok: false, problem: 'leaf-lost', leafIndex: undefined };
  const tree = createTree();
  for (let first = 0; first < treeSize; first += chunk) {
    const found = await addChunk({ db, tree, tenant }, first, Math.min(first + chunk, treeSize));
    if (found !== undefined) return found;
  }
  if (anchored !== undefined && !equalBytes(tree.rootAt(expected), anchored.rootHash))
    return { ok: false, problem: 'root-differs', leafIndex: undefined };
  return { ok: true, treeSize, rootHash: tree.rootAt(treeSize) };
}

async function someLeafLost(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ lost: boolean }>(
    `select exists (
       select from evidence_leaf leaf
       where not exists (select from evidence_index place where place.leaf_id = leaf.leaf_id)
         and not exists (select from evidence_pending waiting where waiting.leaf_id = leaf.leaf_id)
     ) as lost`,
  );
  return rows[0]?.lost !== false;
}

type Check = { db: Queryable; tree: Tree; tenant: string };

async function addChunk(
  { db, tree, tenant }: Check,
  first: number,
  end: number,
): Promise<LogVerdict | undefined> {
  const rows = await readRange(db, first, end);
  const hashes: Uint8Array[] = [];
  for (let leafIndex = first; leafIndex < end; leafIndex += 1) {
    const row = rows[leafIndex - first];
    if (row?.leaf === undefined || row.leafIndex !== leafIndex)
      return { ok: false, problem: 'leaf-missing', leafIndex };
    hashes.push(hashOfRow(row.leaf, tenant));
  }
  const stored = await readLeafTiles(db, first, end);
  const changed = hashes.findIndex((hash, at) => !equalBytes(hash, stored(first + at)));
  if (changed >= 0) return { ok: false, problem: 'leaf-changed', leafIndex: first + changed };
  tree.append(hashes);
  return undefined;
}

async function readLeafTiles(
  db: Queryable,
  first: number,
  end: number,
): Promise<(leafIndex: number) => Uint8Array> {
  const { rows } = await db.query<{ tile_index: string; hashes: Uint8Array }>(
    'select tile_index, hashes from evidence_tile where level = 0 and tile_index between $1 and $2',
    [Math.floor(first / 256), Math.floor((end - 1) / 256)],
  );
  const tiles = new Map(rows.map((row) => [Number(row.tile_index), row.hashes]));
  return (leafIndex) => {
    const start = (leafIndex % 256) * 32;
    return tiles.get(Math.floor(leafIndex / 256))?.subarray(start, start + 32) ?? new Uint8Array(0);
  };
}

type Tree = { append(hashes: readonly Uint8Array[]): void; rootAt(treeSize: number): Uint8Array };

/** A tree of its own, grown from the recomputed hashes; the stored tiles are not trusted. */
function createTree(): Tree {
  const tiles = new Map<string, Uint8Array>();
  const keyOf = ({ level, index }: TileId): string => `${level}/${index}`;
  const read = (level: number, index: number): Uint8Array | undefined => tiles.get(keyOf({ level, index }));
  let size = 0;
  return {
    append: (hashes) => {
      const grown: { treeSize: number; tiles: Tile[] } = appendToTiles(size, hashes, read);
      for (const tile of grown.tiles) tiles.set(keyOf(tile), tile.hashes);
      size = grown.treeSize;
    },
    rootAt: (treeSize) => treeRoot(tileHashReader(read), treeSize),
  };
}
