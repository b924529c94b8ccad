import type { Queryable } from '../lib/sql.ts';
import { latestAnchor } from './checkpoint-store.ts';
import { countPending, readTreeSize } from './leaf-store.ts';
import type { LogStatus } from './types.ts';

const countedPending = 10_000;

/**
 * How far the log has been placed and anchored. The queue is looked at first and the anchor last: a leaf that is placed
 * in between then counts as not anchored yet, never as one that is neither waiting nor missing from the anchor.
 */
export async function logStatus(db: Queryable, organizationId: string): Promise<Omit<LogStatus, 'problem'>> {
  const pending = await countPending(db, countedPending);
  const treeSize = await readTreeSize(db);
  const anchoredSize = (await latestAnchor(db, organizationId))?.treeSize ?? 0;
  const { rows } = await db.query<{ at: Date | null }>(
    `select min(at) as at from evidence_leaf where leaf_id in (
       select leaf_id from evidence_index where leaf_index = $1
       union all (select leaf_id from evidence_pending order by leaf_id limit 1)
     )`,
    [anchoredSize],
  );
  return { treeSize, anchoredSize, pending, oldestUnanchoredAt: rows[0]?.at?.toISOString() };
}
