import { forkProof } from '@medseal/evidence';
import type { Queryable } from '../lib/sql.ts';
import type { AnchoredCheckpoint } from './types.ts';
import { deleteClaim, findConflict, isForked, lockLog, saveFork } from './witness-store.ts';

/**
 * Holds a checkpoint that the ledger anchored against what its log showed this witness: another root at its size is a
 * fork, the same one makes a claim good. Runs in the block listener's SQL transaction; repeating it changes nothing.
 */
export async function holdAnchor(tx: Queryable, anchor: AnchoredCheckpoint, foundAt: string): Promise<void> {
  const { organizationId, note } = anchor;
  await lockLog(tx, organizationId);
  if (await isForked(tx, organizationId)) return;
  const conflict = await findConflict(tx, organizationId, anchor);
  if (conflict !== undefined)
    await saveFork(tx, { organizationId, proof: forkProof([conflict.note, note]), foundAt });
  else await deleteClaim(tx, organizationId, anchor);
}
