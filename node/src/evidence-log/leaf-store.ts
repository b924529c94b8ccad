import { type Leaf, type LeafKind, leafBytes, leafHash } from '@medseal/evidence';
import type { Queryable } from '../lib/sql.ts';
import { EvidenceLogError } from './errors.ts';
import type { StoredLeaf } from './types.ts';

const kindNumbers: Record<LeafKind, number> = {
  record: 1,
  consent: 2,
  decision: 3,
  access: 4,
  administration: 5,
};
const kinds = new Map(Object.entries(kindNumbers).map(([kind, number]) => [number, kind as LeafKind]));

type LeafRow = { leaf_id: string; kind: number | null; digest: Uint8Array | null; at: Date | null };

export function kindNumber(kind: LeafKind): number {
  return kindNumbers[kind];
}

/** Reads a row of `evidence_leaf`; one that is gone although something still refers to it is EVIDENCE_LEAF_MISSING. */
export function storedLeaf({ leaf_id, kind, digest, at }: LeafRow): StoredLeaf {
  const name = kinds.get(kind ?? 0);
  if (name === undefined || digest === null || at === null)
    throw new EvidenceLogError('EVIDENCE_LEAF_MISSING', {
      message: `leaf ${leaf_id} is not in the database`,
    });
  return { leafId: BigInt(leaf_id), kind: name, digest, at: at.toISOString() };
}

/** The leaf that goes into the tree of `tenant`. */
export function leafOfRow({ kind, digest, at }: StoredLeaf, tenant: string): Leaf {
  return { v: 1, kind, tenant, digest: Buffer.from(digest).toString('hex'), at };
}

export function hashOfRow(row: StoredLeaf, tenant: string): Uint8Array {
  return leafHash(leafBytes(leafOfRow(row, tenant)));
}

/** Takes up to `count` leaves off the queue, oldest id first. */
export async function takePending(tx: Queryable, count: number): Promise<StoredLeaf[]> {
  const { rows } = await tx.query<LeafRow>(
    `with taken as (
       delete from evidence_pending
       where leaf_id in (select leaf_id from evidence_pending order by leaf_id limit $1)
       returning leaf_id
     )
     select taken.leaf_id, leaf.kind, leaf.digest, leaf.at
     from taken left join evidence_leaf leaf using (leaf_id) order by taken.leaf_id`,
    [count],
  );
  return rows.map(storedLeaf);
}

/** Number of leaves that wait for an index, counted up to `limit`. */
export async function countPending(db: Queryable, limit: number): Promise<number> {
  const { rows } = await db.query<{ count: string }>(
    'select count(*) from (select 1 from evidence_pending limit $1) as waiting',
    [limit],
  );
  return Number(rows[0]?.count ?? 0);
}

/** Number of leaves that have an index, which is the size of the tree. */
export async function readTreeSize(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ size: string }>(
    'select coalesce(max(leaf_index) + 1, 0) as size from evidence_index',
  );
  return Number(rows[0]?.size ?? 0);
}

/** Gives the leaves the indices from `first` on, in order. */
export async function insertIndices(tx: Queryable, leafIds: readonly bigint[], first: number): Promise<void> {
  await tx.query(
    `insert into evidence_index (leaf_index, leaf_id)
     select $2::bigint + place - 1, leaf_id from unnest($1::bigint[]) with ordinality as t(leaf_id, place)`,
    [leafIds, first],
  );
}

/** The leaves with these ids and their indices, where they have one. */
export async function findLeaves(
  db: Queryable,
  leafIds: readonly bigint[],
): Promise<Map<bigint, StoredLeaf & { leafIndex: number | undefined }>> {
  const { rows } = await db.select<LeafRow & { leaf_index: string | null }>(
    `select leaf.leaf_id, leaf.kind, leaf.digest, leaf.at, place.leaf_index
     from evidence_leaf leaf left join evidence_index place using (leaf_id) where leaf.leaf_id = any($1::bigint[])`,
    [leafIds],
  );
  const leaves = rows.map((row) => {
    const leafIndex = row.leaf_index === null ? undefined : Number(row.leaf_index);
    return { ...storedLeaf(row), leafIndex };
  });
  return new Map(leaves.map((leaf) => [leaf.leafId, leaf]));
}

/** The leaves of the indices from `first` to before `end`, in order; the row of a lost leaf is undefined. */
export async function readRange(
  db: Queryable,
  first: number,
  end: number,
): Promise<{ leafIndex: number; leaf: StoredLeaf | undefined }[]> {
  const { rows } = await db.query<LeafRow & { leaf_index: string }>(
    `select place.leaf_index, place.leaf_id, leaf.kind, leaf.digest, leaf.at
     from evidence_index place left join evidence_leaf leaf using (leaf_id)
     where place.leaf_index >= $1 and place.leaf_index < $2 order by place.leaf_index`,
    [first, end],
  );
  return rows.map((row) => ({
    leafIndex: Number(row.leaf_index),
    leaf: row.digest === null ? undefined : storedLeaf(row),
  }));
}
