import type { AnchorDeps } from './anchor.ts';
import { latestAnchor, latestReadAnchor, saveReading } from './checkpoint-store.ts';

/**
 * Has the organisations read this log's latest anchor in a transaction of its own, unless that was done or a later anchor
 * did it: a block's marks of validity are signed by nobody, an endorsed read of the anchor is. Repeating it is harmless.
 * Resolves to whether a transaction was submitted.
 */
export async function readBack({
  db,
  ledger,
  organizationId,
}: Pick<AnchorDeps, 'db' | 'ledger' | 'organizationId'>): Promise<boolean> {
  const latest = await latestAnchor(db, organizationId);
  const read = await latestReadAnchor(db, organizationId, { among: 'any' });
  if (latest === undefined || read?.treeSize === latest.treeSize) return false;
  const { txId, blockNumber, result } = await ledger.submit('anchor', 'latest', [organizationId]);
  const { treeSize } = JSON.parse(result) as { treeSize: number };
  // Another replica may have anchored in between: then the transaction read that anchor, and the row says so.
  await saveReading(db, { treeSize, txId, blockNumber: Number(blockNumber) });
  return true;
}
