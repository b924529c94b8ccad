import type { Queryable } from '../lib/sql.ts';
import type { AnchoredCheckpoint, LedgerPlace, TreeHead } from './types.ts';

/** A checkpoint this node signed and how far its anchoring is known to have come. */
export type SignedCheckpoint = TreeHead & { note: string; txId: string | undefined };

type CheckpointRow = { tree_size: string; root_hash: Uint8Array; note: string; tx_id: string | null };

/** Size of the largest checkpoint this node ever signed. */
export async function latestCheckpointSize(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ size: string | null }>(
    'select max(tree_size) as size from evidence_checkpoint',
  );
  return Number(rows[0]?.size ?? 0);
}

/** The largest signed checkpoint. */
export async function latestCheckpoint(db: Queryable): Promise<SignedCheckpoint | undefined> {
  const { rows } = await db.query<CheckpointRow>(
    'select tree_size, root_hash, note, tx_id from evidence_checkpoint order by tree_size desc limit 1',
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const { root_hash: rootHash, note, tx_id } = row;
  return { treeSize: Number(row.tree_size), rootHash, note, txId: tx_id ?? undefined };
}

/** Keeps a signed checkpoint before anybody else sees it; the same size signed under a new key replaces the note. */
export async function saveCheckpoint(
  tx: Queryable,
  { treeSize, rootHash, note, signedAt }: TreeHead & { note: string; signedAt: string },
): Promise<void> {
  await tx.query(
    `insert into evidence_checkpoint as kept (tree_size, root_hash, note, signed_at) values ($1, $2, $3, $4)
     on conflict (tree_size) do update set note = excluded.note
     where kept.note <> excluded.note and kept.root_hash = excluded.root_hash`,
    [treeSize, rootHash, note, signedAt],
  );
}

/** Remembers the transaction that carries a checkpoint. */
export async function saveTransaction(db: Queryable, treeSize: number, txId: string): Promise<void> {
  await db.query('update evidence_checkpoint set tx_id = $2 where tree_size = $1', [treeSize, txId]);
}

/** Marks every own checkpoint up to `treeSize` as seen in a valid block. */
export async function saveConfirmation(tx: Queryable, treeSize: number, confirmedAt: string): Promise<void> {
  await tx.query(
    'update evidence_checkpoint set confirmed_at = $2 where tree_size <= $1 and confirmed_at is null',
    [treeSize, confirmedAt],
  );
}

type AnchorRow = {
  organization_id: string;
  tree_size: string;
  root_hash: Uint8Array;
  note: string;
  tx_id: string;
  block_number: string;
};

const anchorColumns = 'organization_id, tree_size, root_hash, note, tx_id, block_number';

/** Keeps what a valid block says; projecting the same block again changes nothing. */
export async function saveAnchor(tx: Queryable, anchor: AnchoredCheckpoint): Promise<void> {
  const { organizationId, treeSize, rootHash, note, txId, blockNumber } = anchor;
  await tx.query(
    `insert into evidence_anchor (${anchorColumns}) values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
    [organizationId, treeSize, rootHash, note, txId, blockNumber],
  );
}

/** The largest checkpoint of a member's log that a valid block holds, one up to `highestBlock` where that is given. */
export async function latestAnchor(
  db: Queryable,
  organizationId: string,
  highestBlock = Number.MAX_SAFE_INTEGER,
): Promise<AnchoredCheckpoint | undefined> {
  const { rows } = await db.select<AnchorRow>(
    `select ${anchorColumns} from evidence_anchor
     where organization_id = $1 and block_number <= $2 order by tree_size desc limit 1`,
    [organizationId, highestBlock],
  );
  return rows.map(anchored)[0];
}

/** The largest anchored checkpoint of the own log that a quorum cosigned, with the note that they signed. */
export async function latestCosignedAnchor(
  db: Queryable,
  organizationId: string,
  highestBlock = Number.MAX_SAFE_INTEGER,
): Promise<AnchoredCheckpoint | undefined> {
  const { rows } = await db.select<AnchorRow>(
    `select organization_id, tree_size, root_hash, cosigned.note, tx_id, block_number
     from evidence_cosigned cosigned join evidence_anchor using (tree_size)
     where organization_id = $1 and block_number <= $2 order by tree_size desc limit 1`,
    [organizationId, highestBlock],
  );
  return rows.map(anchored)[0];
}

/** Keeps the transaction that read the anchor of this size back. */
export async function saveReading(
  db: Queryable,
  { treeSize, txId, blockNumber }: { treeSize: number; txId: string; blockNumber: number },
): Promise<void> {
  await db.query(
    'insert into evidence_reading (tree_size, tx_id, block_number) values ($1, $2, $3) on conflict do nothing',
    [treeSize, txId, blockNumber],
  );
}

/** This log's largest anchor, of any or of those a quorum cosigned, that a later transaction read: the next anchor, or one that did nothing else. */
export async function latestReadAnchor(
  db: Queryable,
  organizationId: string,
  { among, highestBlock = Number.MAX_SAFE_INTEGER }: { among: 'any' | 'cosigned'; highestBlock?: number },
): Promise<(AnchoredCheckpoint & { confirmation: LedgerPlace }) | undefined> {
  const { rows } = await db.query<AnchorRow & { reader_tx_id: string; reader_block: string }>(
    `select anchor.*, coalesce(following.tx_id, reading.tx_id) as reader_tx_id,
            coalesce(following.block_number, reading.block_number) as reader_block
       from (select ${anchorColumns} from evidence_anchor where organization_id = $1 and block_number <= $3) anchor
       left join lateral (
         select later.tx_id, later.block_number from evidence_anchor later
          where later.organization_id = $1 and later.tree_size > anchor.tree_size
          order by later.tree_size limit 1) following on true
       left join evidence_reading reading using (tree_size)
      where coalesce(following.tx_id, reading.tx_id) is not null
        and ($2 = 'any' or tree_size in (select tree_size from evidence_cosigned))
      order by tree_size desc limit 1`,
    [organizationId, among, highestBlock],
  );
  return rows.map((row) => ({
    ...anchored(row),
    confirmation: { txId: row.reader_tx_id, blockNumber: Number(row.reader_block) },
  }))[0];
}

/** The checkpoint of exactly this size that a member anchored. */
export async function findAnchor(
  db: Queryable,
  organizationId: string,
  treeSize: number,
): Promise<AnchoredCheckpoint | undefined> {
  const { rows } = await db.select<AnchorRow>(
    `select ${anchorColumns} from evidence_anchor where organization_id = $1 and tree_size = $2`,
    [organizationId, treeSize],
  );
  return rows.map(anchored)[0];
}

/** The anchor of a member's log that follows the one of this size, and so read it. */
export async function followingAnchor(
  db: Queryable,
  organizationId: string,
  treeSize: number,
): Promise<AnchoredCheckpoint | undefined> {
  const { rows } = await db.query<AnchorRow>(
    `select ${anchorColumns} from evidence_anchor
     where organization_id = $1 and tree_size > $2 order by tree_size limit 1`,
    [organizationId, treeSize],
  );
  return rows.map(anchored)[0];
}

function anchored(row: AnchorRow): AnchoredCheckpoint {
  return {
    organizationId: row.organization_id,
    treeSize: Number(row.tree_size),
    rootHash: row.root_hash,
    note: row.note,
    txId: row.tx_id,
    blockNumber: Number(row.block_number),
  };
}
