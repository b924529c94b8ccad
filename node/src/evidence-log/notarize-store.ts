import type { NotaryProof } from '@medseal/evidence';
import type { Queryable } from '../lib/sql.ts';
import type { NotaryRecord, NotaryTransaction, NotaryValue } from './ports.ts';

/** What was sent, or is about to be, for one block. */
export type NotaryPost = NotaryValue & {
  postId: string;
  transactions: NotaryTransaction[];
  preparedAt: Date;
  sentAt: Date;
};

/** The post that is under way, if one is. */
export async function postUnderWay(db: Queryable, channelId: Uint8Array): Promise<NotaryPost | undefined> {
  const { rows } = await db.query<{
    id: string;
    height: string;
    hash: Uint8Array;
    root: Uint8Array;
    transactions: NotaryTransaction[];
    prepared: Date;
    sent: Date;
  }>(
    `select post_id as id, block_number as height, block_hash as hash, history_root as root, transactions, prepared_at as prepared,
       sent_at as sent from notary_post where channel_id = $1 and state = 'sent'`,
    [channelId],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    postId: row.id,
    channelId,
    height: Number(row.height),
    blockHash: row.hash,
    historyRoot: row.root,
    transactions: row.transactions,
    preparedAt: row.prepared,
    sentAt: row.sent,
  };
}

/** Keeps a transaction before it is sent. */
export async function startPost(
  db: Queryable,
  { channelId, height, blockHash, historyRoot }: NotaryValue,
  { transaction, at }: { transaction: NotaryTransaction; at: Date },
): Promise<void> {
  await db.query(
    `insert into notary_post (channel_id, block_number, block_hash, history_root, transactions, prepared_at, sent_at)
     values ($1, $2, $3, $4, $5::jsonb, $6, $6)`,
    [channelId, height, blockHash, historyRoot, JSON.stringify([transaction]), at],
  );
}

/** Keeps a replacement before it is sent. */
export async function addTransaction(
  db: Queryable,
  postId: string,
  { transaction, at }: { transaction: NotaryTransaction; at: Date },
): Promise<void> {
  await db.query(
    'update notary_post set transactions = transactions || $2::jsonb, sent_at = $3 where post_id = $1',
    [postId, JSON.stringify([transaction]), at],
  );
}

/** Ends a post; only the newest hundred that ended are kept. */
export async function endPost(
  db: Queryable,
  { postId, channelId }: NotaryPost,
  state: 'confirmed' | 'refused' | 'displaced',
): Promise<void> {
  await db.query('update notary_post set state = $2 where post_id = $1', [postId, state]);
  await db.query(
    `delete from notary_post where channel_id = $1 and state <> 'sent' and post_id <= (
       select post_id from notary_post where channel_id = $1 order by post_id desc offset 100 limit 1)`,
    [channelId],
  );
}

/** When a post was last prepared. */
export async function lastPreparedAt(db: Queryable, channelId: Uint8Array): Promise<Date | undefined> {
  const { rows } = await db.query<{ at: Date | null }>(
    'select max(prepared_at) as at from notary_post where channel_id = $1',
    [channelId],
  );
  return rows[0]?.at ?? undefined;
}

/** The record made last on the notary's chain. */
export async function newestRecord(
  db: Queryable,
  channelId: Uint8Array,
): Promise<{ evmBlockNumber: number; evmBlockHash: string } | undefined> {
  const { rows } = await db.query<{ number: string; hash: string }>(
    `select evm_block_number as number, evm_block_hash as hash from notary_record
     where channel_id = $1 order by evm_block_number desc limit 1`,
    [channelId],
  );
  const [row] = rows;
  return row === undefined ? undefined : { evmBlockNumber: Number(row.number), evmBlockHash: row.hash };
}

/** Keeps a final record. */
export async function saveRecord(
  db: Queryable,
  channelId: Uint8Array,
  { record, at }: { record: NotaryRecord; at: Date },
): Promise<void> {
  const { height, blockHash, evmBlockNumber, evmBlockHash, proof } = record;
  const json = proof === undefined ? null : JSON.stringify(proof);
  await db.query(
    `insert into notary_record
       (channel_id, block_number, block_hash, evm_block_number, evm_block_hash, proof, recorded_at)
     values ($1, $2, $3, $4, $5, $6::jsonb, $7)
     on conflict (channel_id, block_number) do update set
       block_hash = $3, evm_block_number = $4, evm_block_hash = $5, proof = $6::jsonb, recorded_at = $7`,
    [channelId, height, blockHash, evmBlockNumber, evmBlockHash, json, at],
  );
}

/** Removes records of an EVM block that is no longer part of its chain. */
export async function dropRecords(db: Queryable, channelId: Uint8Array, evmBlockHash: string): Promise<void> {
  await db.query('delete from notary_record where channel_id = $1 and evm_block_hash = $2', [
    channelId,
    evmBlockHash,
  ]);
}

/** The highest block that a record with a proof of its own stands for. */
export async function highestRecord(db: Queryable, channelId: Uint8Array): Promise<number | undefined> {
  const { rows } = await db.query<{ height: string | null }>(
    'select max(block_number) as height from notary_record where channel_id = $1 and proof is not null',
    [channelId],
  );
  const height = rows[0]?.height;
  return height === null || height === undefined ? undefined : Number(height);
}

/** The first record with a proof of its own at a height or above: the notary's word for that block and all before it. */
export async function findRecord(
  db: Queryable,
  channelId: Uint8Array,
  height: number,
): Promise<{ height: number; proof: NotaryProof } | undefined> {
  const { rows } = await db.query<{ height: string; proof: NotaryProof }>(
    `select block_number as height, proof from notary_record
     where channel_id = $1 and block_number >= $2 and proof is not null order by block_number limit 1`,
    [channelId, height],
  );
  const [row] = rows;
  return row === undefined ? undefined : { height: Number(row.height), proof: row.proof };
}
