import {
  appendToTiles,
  equalBytes,
  historyLeafHash,
  tileHashReader,
  tilesForAppend,
} from '@medseal/evidence';
import type { Database, Queryable } from '../lib/sql.ts';
import { EvidenceLogError } from './errors.ts';
import {
  dropBlocksBelow,
  type HistoryBlock,
  keptBlocks,
  lockHistorySize,
  readHistorySize,
  writeHistorySize,
} from './history-store.ts';
import type { NotaryValue } from './ports.ts';
import { createTileCache, saveTiles, type TileCache } from './tile-store.ts';
import { proveInclusion, rootAt } from './tree.ts';

const table = 'history_tile';
const batchSize = 4_096;
const tileWidth = 256;

/** A cache over the tiles of the channel's history. */
export const createHistoryTiles = (): TileCache => createTileCache(table);

/**
 * Takes the kept blocks that follow the tree into its tiles, a batch a transaction, and drops them but for the last.
 * Blocks that are kept again after a replay are only compared. Returns how many blocks are in.
 */
export async function growHistory(db: Database, channelId: Uint8Array): Promise<number> {
  for (;;) {
    const { treeSize, isDone } = await db.transaction((tx) => growBatch(tx, channelId));
    if (isDone) return treeSize;
  }
}

async function growBatch(
  tx: Queryable,
  channelId: Uint8Array,
): Promise<{ treeSize: number; isDone: boolean }> {
  const treeSize = await lockHistorySize(tx, channelId);
  const kept = await keptBlocks(tx, channelId, { from: 0, most: batchSize });
  await requireSame(
    tx,
    kept.filter(({ height }) => height < treeSize),
  );
  const next = followers(kept, treeSize);
  const grown = treeSize + next.length;
  if (next.length > 0) {
    const leaves = next.map(({ blockHash }) => historyLeafHash(blockHash));
    // Not from a cache: within this transaction the database alone says what the partial tiles hold.
    const partial = await createHistoryTiles().load(tx, tilesForAppend(treeSize));
    await saveTiles(tx, appendToTiles(treeSize, leaves, partial).tiles, table);
    await writeHistorySize(tx, channelId, grown);
  }
  // The last one stays: its hash is put forward together with the root.
  await dropBlocksBelow(tx, channelId, grown - 1);
  const isStuck = next.length === 0 && kept.some(({ height }) => height >= treeSize);
  return { treeSize: grown, isDone: isStuck || kept.length < batchSize };
}

/** Those that follow the tree without a gap. */
function followers(kept: readonly HistoryBlock[], treeSize: number): HistoryBlock[] {
  const later = kept.filter(({ height }) => height >= treeSize);
  const gap = later.findIndex(({ height }, at) => height !== treeSize + at);
  return gap === -1 ? later : later.slice(0, gap);
}

async function requireSame(tx: Queryable, blocks: readonly HistoryBlock[]): Promise<void> {
  const leaves = await leavesAt(
    tx,
    createHistoryTiles(),
    blocks.map(({ height }) => height),
  );
  blocks.forEach(({ height, blockHash }, at) => {
    if (!equalBytes(leaves[at] ?? new Uint8Array(0), historyLeafHash(blockHash)))
      throw new EvidenceLogError('EVIDENCE_HISTORY_DIVERGED', { message: `block ${height} was another one` });
  });
}

/** The newest block in the tree, with the root that it stands on. */
export async function newestValue(
  db: Queryable,
  tiles: TileCache,
  channelId: Uint8Array,
): Promise<NotaryValue | undefined> {
  const treeSize = await readHistorySize(db, channelId);
  const [last] = await keptBlocks(db, channelId, { from: treeSize - 1, most: 1 });
  if (treeSize === 0 || last?.height !== treeSize - 1) return undefined;
  return { channelId, ...last, historyRoot: await rootAt(db, tiles, treeSize) };
}

/** Whether a value is what this node's own verified blocks give; undefined for a block that is not in yet. */
export async function isOwnHistory(
  db: Queryable,
  tiles: TileCache,
  { channelId, height, blockHash, historyRoot }: NotaryValue,
): Promise<boolean | undefined> {
  if (height >= (await readHistorySize(db, channelId))) return undefined;
  const [leaf] = await leavesAt(db, tiles, [height]);
  const root = await rootAt(db, tiles, height + 1);
  return leaf !== undefined && equalBytes(leaf, historyLeafHash(blockHash)) && equalBytes(root, historyRoot);
}

/** The path from a block to the history root at `height`. */
export async function proveInHistory(
  db: Queryable,
  tiles: TileCache,
  { block, height }: { block: number; height: number },
): Promise<Uint8Array[]> {
  return proveInclusion(db, tiles, [block, height + 1]);
}

async function leavesAt(db: Queryable, tiles: TileCache, heights: readonly number[]): Promise<Uint8Array[]> {
  const wanted = heights.map((height) => ({
    level: 0,
    index: Math.floor(height / tileWidth),
    width: (height % tileWidth) + 1,
  }));
  const read = tileHashReader(await tiles.load(db, wanted));
  return heights.map((height) => read(0, height));
}
