import { attempt, EvidenceError, refusal } from './errors.ts';
import type { Block } from './fabric-block.ts';
import { hasOwnId, requireBinding } from './fabric-endorsement.ts';
import { parseTransaction, type Transaction } from './fabric-transaction.ts';

/** A transaction and its place in a block whose data was checked. */
export type Placed = { transaction: Transaction; block: Block; txIndex: number };

/** The transaction of a block with an id, once its parts belong together. Envelopes that are none are passed over. */
export function placedIn(block: Block, txId: string, channelId: string): Placed {
  // Orderers do not look into envelopes: what another member had ordered may be no transaction at all.
  const read = block.envelopes.map((envelope) => attempt(() => parseTransaction(envelope)));
  const named = read.flatMap((entry, txIndex) =>
    !(entry instanceof EvidenceError) && entry.txId === txId ? [{ transaction: entry, block, txIndex }] : [],
  );
  // Whoever writes another's id into an envelope of his own must not stand before the one it belongs to.
  const placed = named.find(({ transaction }) => hasOwnId(transaction)) ?? named[0];
  if (placed === undefined) {
    throw (
      read.find((entry) => entry instanceof EvidenceError) ?? refusal('ANCHOR_TX_ABSENT', 'not in this block')
    );
  }
  requireBinding(placed.transaction, channelId);
  return placed;
}
