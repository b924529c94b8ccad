import type { ForkProof } from '@medseal/evidence';
import type { Queryable } from '../lib/sql.ts';
import type { TreeHead } from './types.ts';

/** A checkpoint that a member's log signed, as this node holds it. */
export type SignedHead = TreeHead & { note: string };
/** A fork that this node can prove. */
export type FoundFork = { organizationId: string; proof: ForkProof; foundAt: string };

type HeadRow = { tree_size: string; root_hash: Uint8Array; note: string };

const mostClaims = 1_000;

/** One at a time, for each log: checking a checkpoint and keeping it is one step (C2SP tlog-witness). */
export async function lockLog(tx: Queryable, organizationId: string): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `medseal/witness/${organizationId}`,
  ]);
}

/** The largest checkpoint of this log that this node cosigned. */
export async function latestCosigned(db: Queryable, organizationId: string): Promise<SignedHead | undefined> {
  const { rows } = await db.query<HeadRow>(
    `select tree_size, root_hash, note from witness_checkpoint
     where organization_id = $1 and cosigned order by tree_size desc limit 1`,
    [organizationId],
  );
  return rows.map(headOf)[0];
}

/** A checkpoint of the same size and another root, shown to this node or anchored on the ledger. */
export async function findConflict(
  db: Queryable,
  organizationId: string,
  { treeSize, rootHash }: TreeHead,
): Promise<SignedHead | undefined> {
  const { rows } = await db.query<HeadRow>(
    `select tree_size, root_hash, note from witness_checkpoint
       where organization_id = $1 and tree_size = $2 and root_hash <> $3
     union all
     select tree_size, root_hash, note from evidence_anchor
       where organization_id = $1 and tree_size = $2 and root_hash <> $3
     limit 1`,
    [organizationId, treeSize, rootHash],
  );
  return rows.map(headOf)[0];
}

/**
 * Keeps a checkpoint that was cosigned, before anybody hears of it. Smaller ones need not be kept: the ledger's
 * projection holds every anchored checkpoint with its note, and only anchored ones are cosigned.
 */
export async function saveCosignedHead(
  tx: Queryable,
  organizationId: string,
  { treeSize, rootHash, note, at }: SignedHead & { at: string },
): Promise<void> {
  await tx.query(
    `insert into witness_checkpoint as kept (organization_id, tree_size, root_hash, note, cosigned, seen_at)
     values ($1, $2, $3, $4, true, $5)
     on conflict (organization_id, tree_size) do update set cosigned = true
     where kept.root_hash = excluded.root_hash`,
    [organizationId, treeSize, rootHash, note, at],
  );
  await tx.query(
    'delete from witness_checkpoint where organization_id = $1 and tree_size < $2 and cosigned',
    [organizationId, treeSize],
  );
}

/** Keeps a signed checkpoint that the ledger does not hold (yet), as evidence; bounded, for a log can sign any number. */
export async function saveClaim(
  tx: Queryable,
  organizationId: string,
  { treeSize, rootHash, note, at }: SignedHead & { at: string },
): Promise<void> {
  await tx.query(
    `insert into witness_checkpoint (organization_id, tree_size, root_hash, note, cosigned, seen_at)
     select $1, $2, $3, $4, false, $5
     where (select count(*) from witness_checkpoint where organization_id = $1 and not cosigned) < $6
     on conflict do nothing`,
    [organizationId, treeSize, rootHash, note, at, mostClaims],
  );
}

/** A claim that was made good is not kept. */
export async function deleteClaim(
  tx: Queryable,
  organizationId: string,
  { treeSize, rootHash }: TreeHead,
): Promise<void> {
  await tx.query(
    `delete from witness_checkpoint
     where organization_id = $1 and tree_size = $2 and root_hash = $3 and not cosigned`,
    [organizationId, treeSize, rootHash],
  );
}

/** The newest claim of each log that was made before `before` and is still open. */
export async function openClaims(
  db: Queryable,
  before: string,
): Promise<{ organizationId: string; claim: SignedHead }[]> {
  const { rows } = await db.query<HeadRow & { organization_id: string }>(
    `select distinct on (organization_id) organization_id, tree_size, root_hash, note from witness_checkpoint claim
     where not cosigned and seen_at <= $1
       and not exists (select from witness_fork fork where fork.organization_id = claim.organization_id)
     order by organization_id, seen_at desc, tree_size desc`,
    [before],
  );
  return rows.map((row) => ({ organizationId: row.organization_id, claim: headOf(row) }));
}

/** Whether this node can prove a fork of the log. */
export async function isForked(db: Queryable, organizationId: string): Promise<boolean> {
  const { rows } = await db.query('select 1 from witness_fork where organization_id = $1', [organizationId]);
  return rows.length > 0;
}

export async function saveFork(tx: Queryable, { organizationId, proof, foundAt }: FoundFork): Promise<void> {
  await tx.query(
    'insert into witness_fork (organization_id, proof, found_at) values ($1, $2, $3) on conflict do nothing',
    [organizationId, JSON.stringify(proof), foundAt],
  );
}

type ForkRow = { organization_id: string; proof: string; found_at: Date };

/** Every fork that this node can prove. */
export async function listForks(db: Queryable): Promise<FoundFork[]> {
  const { rows } = await db.query<ForkRow>(
    'select organization_id, proof, found_at from witness_fork order by found_at, organization_id',
  );
  return rows.map(forkOf);
}

/** Forks that were not reported yet; each is given out once. */
export async function takeUnreported(db: Queryable): Promise<FoundFork[]> {
  const { rows } = await db.query<ForkRow>(
    `update witness_fork set reported = true where not reported
     returning organization_id, proof, found_at`,
  );
  return rows.map(forkOf);
}

/** How far this node follows each log, and whether something is wrong with it. */
export async function listWitnessed(
  db: Queryable,
): Promise<{ organizationId: string; cosignedSize: number; openClaims: number; forked: boolean }[]> {
  const { rows } = await db.query<{ id: string; size: string; claims: string; forked: boolean }>(
    `select organization_id as id, coalesce(max(tree_size) filter (where cosigned), 0) as size,
       count(*) filter (where not cosigned) as claims,
       exists (select from witness_fork fork where fork.organization_id = seen.organization_id) as forked
     from witness_checkpoint seen group by organization_id order by organization_id collate "C"`,
  );
  return rows.map(({ id, size, claims, forked }) => ({
    organizationId: id,
    cosignedSize: Number(size),
    openClaims: Number(claims),
    forked,
  }));
}

function headOf(row: HeadRow): SignedHead {
  return { treeSize: Number(row.tree_size), rootHash: row.root_hash, note: row.note };
}

function forkOf(row: ForkRow): FoundFork {
  return {
    organizationId: row.organization_id,
    proof: JSON.parse(row.proof) as ForkProof,
    foundAt: row.found_at.toISOString(),
  };
}
