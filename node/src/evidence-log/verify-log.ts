import { equalBytes } from '@medseal/evidence';
import type { Database, Queryable } from '../lib/sql.ts';
import { createFrontier, type Frontier } from './frontier.ts';
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
  const check: Check = { db, tenant, tree: createFrontier(), expected, rootAtExpected: undefined };
  for (let first = 0; first < treeSize; first += chunk) {
    const found = await addChunk(check, first, Math.min(first + chunk, treeSize));
    if (found !== undefined) return found;
  }
  if (anchored !== undefined && !equalBytes(check.rootAtExpected ?? check.tree.root(), anchored.rootHash))
    return { ok: false, problem: 'root-differs', leafIndex: undefined };
  return { ok: true, treeSize, rootHash: check.tree.root() };
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

type Check = {
  db: Queryable;
  tenant: string;
  tree: Frontier;
  /** Size of the anchored checkpoint, and the recomputed root there. */
  expected: number;
  rootAtExpected: Uint8Array | undefined;
};

async function addChunk(check: Check, first: number, end: number): Promise<LogVerdict | undefined> {
  const { db, tenant, tree } = check;
  const rows = await readRange(db, first, end);
  const stored = await readLeafTiles(db, first, end);
  for (let leafIndex = first; leafIndex < end; leafIndex += 1) {
    const row = rows[leafIndex - first];
    if (row?.leaf === undefined || row.leafIndex !== leafIndex)
      return { ok: false, problem: 'leaf-missing', leafIndex };
    const hash = hashOfRow(row.leaf, tenant);
    if (!equalBytes(hash, stored(leafIndex))) return { ok: false, problem: 'leaf-changed', leafIndex };
    tree.add(hash);
    if (tree.size === check.expected) check.rootAtExpected = tree.root();
  }
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
