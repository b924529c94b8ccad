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
  for (const leaf of leaves) requireValid(leaf);
  const { rows } = await tx.query<{ leaf_id: string }>(
    `with input as (
       select nextval('evidence_leaf_leaf_id_seq') as leaf_id, place, kind, digest, at
       from unnest($1::smallint[], $2::bytea[], $3::timestamptz[]) with ordinality as t(kind, digest, at, place)
     ), leaf as (
       insert into evidence_leaf (leaf_id, kind, digest, at) select leaf_id, kind, digest, at from input
     ), pending as (
       insert into evidence_pending (leaf_id) select leaf_id from input
     )
     select leaf_id from input order by place`,
    [
      leaves.map((leaf) => kindNumber(leaf.kind)),
      leaves.map((leaf) => leaf.digest),
      leaves.map((leaf) => leaf.at),
    ],
  );
  return rows.map((row) => BigInt(row.leaf_id));
}

// Whatever the database takes here must come back as the same text, or the leaf could never be proved.
function requireValid({ digest, at }: NewLeaf): void {
  const time = instant.test(at) ? Date.parse(at) : Number.NaN;
  if (digest.length !== 32 || Number.isNaN(time) || new Date(time).toISOString() !== at)
    throw new EvidenceLogError('EVIDENCE_LEAF_INVALID');
}
