import { byteaArray } from '../lib/bytea-array.ts';
import type { Queryable } from '../lib/sql.ts';
import { EvidenceLogError } from './errors.ts';
import { kindNumber } from './leaf-store.ts';
import type { NewLeaf } from './types.ts';

const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/**
 * Appends leaves to the organisation's log, in the caller's transaction, and returns their ids in the same order.
 * They get their place in the tree and their anchor after the commit.
 */
export async function append(tx: Queryable, leaves: readonly NewLeaf[]): Promise<bigint[]> {
  if (leaves.length === 0) return [];
  // One row: a Bundle's thousands of one number each would cost more than writing them.
  const { rows } = await tx.query<{ leaf_ids: string }>(
    `select string_agg(leaf_id::text, ',' order by place) as leaf_ids
     from append_leaves($1::smallint[], $2::bytea[], $3::timestamptz[])`,
    leafColumns(leaves),
  );
  return (rows[0]?.leaf_ids ?? '').split(',').map(BigInt);
}

/**
 * The arguments of the SQL function `append_leaves`, for a statement that writes what the leaves are about together with
 * them: kinds, digests and times.
 */
export function leafColumns(
  leaves: readonly NewLeaf[],
): [kinds: number[], digests: Uint8Array, times: string[]] {
  for (const at of new Set(leaves.map((leaf) => leaf.at))) requireInstant(at);
  if (leaves.some(({ digest }) => digest.length !== 32)) throw invalid();
  return [
    leaves.map(({ kind }) => kindNumber(kind)),
    byteaArray(leaves.map(({ digest }) => digest)),
    leaves.map(({ at }) => at),
  ];
}

// Whatever the database takes here must come back as the same text, or the leaf could never be proved.
function requireInstant(at: string): void {
  const time = instant.test(at) ? Date.parse(at) : Number.NaN;
  if (Number.isNaN(time) || new Date(time).toISOString() !== at) throw invalid();
}

function invalid(): EvidenceLogError {
  return new EvidenceLogError('EVIDENCE_LEAF_INVALID');
}
