import type { Clock } from '../lib/clock.ts';
import { assertNever } from '../lib/errors.ts';
import type { Database } from '../lib/sql.ts';
import { growHistory, isOwnHistory, newestValue } from './history.ts';
import { keptBlocks } from './history-store.ts';
import {
  addTransaction,
  dropRecords,
  endPost,
  lastPreparedAt,
  type NotaryPost,
  newestRecord,
  postUnderWay,
  saveRecord,
  startPost,
} from './notarize-store.ts';
import type { NotaryPort, NotaryTransaction, NotaryValue, NotaryView } from './ports.ts';
import type { TileCache } from './tile-store.ts';

export type NotarizeDeps = {
  db: Database;
  notary: NotaryPort;
  /** Over the tiles of the channel's history. */
  tiles: TileCache;
  channelId: Uint8Array;
  clock: Clock;
  /** How often a new block is put forward; what others put forward is joined at once. */
  intervalMs: number;
  /** How many blocks deep a transaction must be to be done with. */
  confirmations: number;
};

/**
 * What a round came to. `idle`: nothing to send; `busy`: another replica is at it; `waiting`: this node's part is done
 * or under way; `sent`: a transaction went out; `unauthorized`: this node is not one of the notaries; `incomplete`: the
 * channel's history is not all read yet; `contradicted`: the notary holds, or another one gave, a block or a history that
 * is not that of our own verified blocks: somebody shows two ledgers.
 */
export type NotarizeOutcome =
  | { state: 'idle' | 'busy' | 'unauthorized' | 'incomplete' }
  | { state: 'waiting' | 'sent' | 'contradicted'; height: number };

/** Advisory lock of the one that talks to the notary about this database's channel. */
const notaryLock = 7_163_403;
/** A transaction that is not taken in for so long is sent again with higher fees. */
const stuckMs = 300_000;

/**
 * One round of notarizing: keeps what became final, follows the transaction under way, or sends the next one. Whatever
 * is sent was committed to the table before, and confirms blocks that this node verified; a crash at any
 * point leaves a transaction that is sent again as it was.
 */
export async function notarize(deps: NotarizeDeps): Promise<NotarizeOutcome> {
  return deps.db.transaction(async (tx) => {
    // Only holds the lock; what a round writes is committed statement by statement (see anchor.ts).
    const { rows } = await tx.query<{ locked: boolean }>(
      `select pg_try_advisory_xact_lock($1) as locked, set_config('idle_in_transaction_session_timeout', '600s', true)`,
      [notaryLock],
    );
    return rows[0]?.locked === true ? round(deps) : { state: 'busy' };
  });
}

async function round(deps: NotarizeDeps): Promise<NotarizeOutcome> {
  const { db, notary, channelId } = deps;
  const treeSize = await growHistory(db, channelId);
  await keepRecords(deps);
  const post = await postUnderWay(db, channelId);
  const followed = post === undefined ? undefined : await follow(deps, post);
  if (followed !== undefined) return followed;
  const missing = await keptBlocks(db, channelId, { from: treeSize, most: 1 });
  if (missing.length > 0) return { state: 'incomplete' };
  return postNext(deps, await notary.view(channelId));
}

async function keepRecords({ db, notary, tiles, channelId, clock }: NotarizeDeps): Promise<void> {
  const newest = await newestRecord(db, channelId);
  const { stands, records } = await notary.recordsAfter(channelId, newest);
  // The outside chain was reorganised deeper than was waited for: the block before is looked at in the next round.
  if (!stands && newest !== undefined) return dropRecords(db, channelId, newest.evmBlockHash);
  for (const record of records) {
    // Of blocks that are still to come, it is kept later; of another history, never: nothing could be proved by it.
    if ((await isOwnHistory(db, tiles, { channelId, ...record })) !== true) return;
    await saveRecord(db, channelId, { record, at: clock.now() });
  }
}

/** Follows the transaction under way; undefined once it is settled. */
async function follow(deps: NotarizeDeps, post: NotaryPost): Promise<NotarizeOutcome | undefined> {
  const { db, notary } = deps;
  const { height, transactions } = post;
  const outcome = await notary.outcomeOf(transactions);
  switch (outcome.state) {
    case 'mined':
      if (outcome.confirmations < deps.confirmations) return { state: 'waiting', height };
      await endPost(db, post, outcome.succeeded ? 'confirmed' : 'refused');
      return undefined;
    case 'displaced':
      await endPost(db, post, 'displaced');
      return undefined;
    case 'pending':
      return (await replaceWhenStuck(deps, post)) ?? { state: 'waiting', height };
    case 'absent':
      return (await replaceWhenStuck(deps, post)) ?? sendAgain(deps, post);
    default:
      return assertNever(outcome);
  }
}

/** Never reached its chain, or was taken out by a reorganisation: the same bytes go out again. */
async function sendAgain(
  { notary }: NotarizeDeps,
  { height, transactions }: NotaryPost,
): Promise<NotarizeOutcome> {
  const last = transactions.at(-1);
  if (last !== undefined) await notary.broadcast(last);
  return { state: 'sent', height };
}

async function replaceWhenStuck(deps: NotarizeDeps, post: NotaryPost): Promise<NotarizeOutcome | undefined> {
  const { db, notary, clock } = deps;
  const now = clock.now();
  if (now.getTime() - post.sentAt.getTime() < stuckMs) return undefined;
  const last = post.transactions.at(-1);
  const transaction = await prepared(() => notary.prepare(post, last));
  if (transaction === undefined) return undefined;
  await addTransaction(db, post.postId, { transaction, at: now });
  await notary.broadcast(transaction);
  return { state: 'sent', height: post.height };
}

async function postNext(deps: NotarizeDeps, view: NotaryView): Promise<NotarizeOutcome> {
  const { db, tiles, channelId } = deps;
  const own = await newestValue(db, tiles, channelId);
  if (own === undefined) return { state: 'idle' };
  const contradicted = await findContradiction(deps, view);
  if (contradicted?.final === true) return { state: 'contradicted', height: contradicted.height };
  if (!view.authorized) return { state: 'unauthorized' };
  const outcome = await send(deps, view, own);
  return contradicted === undefined ? outcome : { state: 'contradicted', height: contradicted.height };
}

async function findContradiction(
  { db, tiles, channelId }: NotarizeDeps,
  { head, open }: NotaryView,
): Promise<{ height: number; final: boolean } | undefined> {
  const claims = [
    ...(head === undefined ? [] : [{ ...head, final: true }]),
    ...open.map((value) => ({ ...value, final: false })),
  ];
  for (const claim of claims)
    if ((await isOwnHistory(db, tiles, { channelId, ...claim })) === false) return claim;
  return undefined;
}

/** Joins the highest value that others gave and that is our own, too; else puts our newest block forward when it is time. */
async function send(deps: NotarizeDeps, view: NotaryView, newest: NotaryValue): Promise<NotarizeOutcome> {
  const joined = await joinable(deps, view);
  if (joined !== undefined) return confirm(deps, joined);
  const isNew = view.head === undefined || newest.height > view.head.height;
  return isNew && (await isDue(deps)) ? confirm(deps, newest) : { state: 'idle' };
}

async function joinable(
  { db, tiles, channelId }: NotarizeDeps,
  { open }: NotaryView,
): Promise<NotaryValue | undefined> {
  for (const value of open.toSorted((left, right) => right.height - left.height))
    if ((await isOwnHistory(db, tiles, { channelId, ...value })) === true) return { channelId, ...value };
  return undefined;
}

async function isDue({ db, channelId, clock, intervalMs }: NotarizeDeps): Promise<boolean> {
  const last = await lastPreparedAt(db, channelId);
  return last === undefined || clock.now().getTime() - last.getTime() >= intervalMs;
}

async function confirm({ db, notary, clock }: NotarizeDeps, value: NotaryValue): Promise<NotarizeOutcome> {
  const { height } = value;
  const transaction = await prepared(() => notary.prepare(value));
  if (transaction === undefined) return { state: 'waiting', height };
  await startPost(db, value, { transaction, at: clock.now() });
  await notary.broadcast(transaction);
  return { state: 'sent', height };
}

/** A value that became final, or was overtaken, since it was looked at needs nothing sent. */
async function prepared(
  prepare: () => Promise<NotaryTransaction | undefined>,
): Promise<NotaryTransaction | undefined> {
  try {
    return await prepare();
  } catch (error) {
    if ((error as { code?: unknown }).code === 'NOTARY_REFUSED') return undefined;
    throw error;
  }
}
