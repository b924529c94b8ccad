import type { Queryable } from '../lib/sql.ts';
import { EvidenceLogError } from './errors.ts';

/** A verified block of the channel. */
export type HistoryBlock = { height: number; blockHash: Uint8Array };

/** Keeps the hash of a verified block; in the transaction that projects it. */
export async function keepBlock(
  tx: Queryable,
  { channelId, height, blockHash }: HistoryBlock & { channelId: Uint8Array },
): Promise<void> {
  await keepBlocks(tx, channelId, [{ height, blockHash }]);
}

/** Keeps the hashes of verified blocks until they are in the tiles. */
export async function keepBlocks(
  tx: Queryable,
  channelId: Uint8Array,
  blocks: readonly HistoryBlock[],
): Promise<void> {
  await tx.query(
    `insert into notary_block (channel_id, block_number, block_hash)
     select $1, * from unnest($2::bigint[], $3::bytea[]) on conflict do nothing`,
    [channelId, blocks.map(({ height }) => height), blocks.map(({ blockHash }) => blockHash)],
  );
}

/** The first kept blocks at a height or above, in their order. */
export async function keptBlocks(
  db: Queryable,
  channelId: Uint8Array,
  { from, most }: { from: number; most: number },
): Promise<HistoryBlock[]> {
  const { rows } = await db.query<{ height: string; hash: Uint8Array }>(
    `select block_number as height, block_hash as hash from notary_block
     where channel_id = $1 and block_number >= $2 order by block_number limit $3`,
    [channelId, from, most],
  );
  return rows.map(({ height, hash }) => ({ height: Number(height), blockHash: hash }));
}

/** Removes the kept blocks below a height. */
export async function dropBlocksBelow(tx: Queryable, channelId: Uint8Array, height: number): Promise<void> {
  await tx.query('delete from notary_block where channel_id = $1 and block_number < $2', [channelId, height]);
}

/** How many blocks are in the tiles. */
export async function readHistorySize(db: Queryable, channelId: Uint8Array): Promise<number> {
  const { rows } = await db.query<{ size: string }>(
    'select tree_size as size from channel_history where channel_id = $1',
    [channelId],
  );
  return Number(rows[0]?.size ?? 0);
}

/** As `readHistorySize`, held by this transaction alone; there is one channel to a database. */
export async function lockHistorySize(tx: Queryable, channelId: Uint8Array): Promise<number> {
  await tx.query('insert into channel_history (channel_id) values ($1) on conflict do nothing', [channelId]);
  const { rows } = await tx.query<{ size: string }>(
    'select tree_size as size from channel_history where channel_id = $1 for update',
    [channelId],
  );
  const [row] = rows;
  if (row === undefined)
    throw new EvidenceLogError('EVIDENCE_HISTORY_DIVERGED', { message: 'it is of another channel' });
  return Number(row.size);
}

/** Says how many blocks are in the tiles now. */
export async function writeHistorySize(
  tx: Queryable,
  channelId: Uint8Array,
  treeSize: number,
): Promise<void> {
  await tx.query('update channel_history set tree_size = $2 where channel_id = $1', [channelId, treeSize]);
}
