import { appendToTiles, tilesForAppend } from '@medseal/evidence';
import type { Database, Queryable } from '../lib/sql.ts';
import { latestAnchor, latestCheckpointSize } from './checkpoint-store.ts';
import { EvidenceLogError } from './errors.ts';
import { hashOfRow, insertIndices, readTreeSize, takePending } from './leaf-store.ts';
import { createTileCache, saveTiles } from './tile-store.ts';

/** Advisory lock of the one that gives out indices in this database. */
const sequencerLock = 7_163_401;
const batchSize = 4_096;

/**
 * Gives every committed leaf that waits the next gapless index and brings the tiles up to date, in one transaction a
 * batch. Returns how many leaves were placed. Safe to run in several processes and to be killed at any moment.
 */
export async function sequence(db: Database, tenant: string): Promise<number> {
  let placed = 0;
  for (;;) {
    const batch = await db.transaction((tx) => placeBatch(tx, tenant));
    placed += batch;
    if (batch < batchSize) return placed;
  }
}

async function placeBatch(tx: Queryable, tenant: string): Promise<number> {
  await tx.query('select pg_advisory_xact_lock($1)', [sequencerLock]);
  const leaves = await takePending(tx, batchSize);
  if (leaves.length === 0) return 0;
  const treeSize = await readTreeSize(tx);
  await requireUncut(tx, treeSize, tenant);
  const hashes = leaves.map((leaf) => hashOfRow(leaf, tenant));
  // Not from a cache: within this transaction the database alone says what the partial tiles hold.
  const partial = await createTileCache().load(tx, tilesForAppend(treeSize));
  const { tiles } = appendToTiles(treeSize, hashes, partial);
  const leafIds = leaves.map((leaf) => leaf.leafId);
  await insertIndices(tx, leafIds, treeSize);
  await saveTiles(tx, tiles);
  return leaves.length;
}

// Indices cut off at the end would be given out a second time, under the same checkpoints. In a database restored from a
// backup the checkpoints are gone as well: what the ledger holds of them was read from it again.
async function requireUncut(tx: Queryable, treeSize: number, tenant: string): Promise<void> {
  const signed = await latestCheckpointSize(tx);
  const anchored = (await latestAnchor(tx, tenant))?.treeSize ?? 0;
  if (Math.max(signed, anchored) > treeSize)
    throw new EvidenceLogError('EVIDENCE_LOG_DIVERGED', {
      message: `the log has ${treeSize} leaves but a checkpoint of ${Math.max(signed, anchored)} was signed`,
    });
}
