import { batch } from './blocks/batch.ts';
import type { Chain } from './chain.ts';
import { SoloError } from './errors.ts';
import type { SubmittedTransaction } from './transaction.ts';

/** Puts transactions in order. */
export type Orderer = { order(transaction: SubmittedTransaction): void; close(): Promise<void> };

const maxQueued = 5000;

/** Orders transactions: cuts a block when it is full, or soon after its first transaction came. */
export function createOrderer(chain: Chain, onFailure: (error: unknown) => void): Orderer {
  let queue: SubmittedTransaction[] = [];
  let timer: NodeJS.Timeout | undefined;
  let committing: Promise<void> | undefined;
  let closed = false;
  const cut = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (committing !== undefined || queue.length === 0) return;
    const taken = takeBatch(queue);
    queue = queue.slice(taken.length);
    committing = chain.commit(taken).then(
      () => {
        committing = undefined;
        schedule();
      },
      (error: unknown) => {
        closed = true;
        queue = [];
        committing = undefined;
        onFailure(error);
      },
    );
  };
  const schedule = (): void => {
    if (queue.length >= batch.maxTransactions || closed) cut();
    else if (queue.length > 0) timer ??= setTimeout(cut, batch.timeoutMilliseconds);
  };
  return {
    order: (transaction) => {
      if (closed) throw new SoloError('LEDGER_CLOSED', 'the ledger is closing');
      if (queue.length >= maxQueued)
        throw new SoloError('LEDGER_BUSY', 'too many transactions wait to be ordered');
      queue.push(transaction);
      if (committing === undefined) schedule();
    },
    close: async () => {
      closed = true;
      cut();
      // Each block that is committed starts the next, until the queue is empty.
      while (committing !== undefined) await committing;
    },
  };
}

function takeBatch(queue: readonly SubmittedTransaction[]): SubmittedTransaction[] {
  let bytes = 0;
  const end = queue.findIndex((transaction, index) => {
    bytes += transaction.bytes.length;
    return index === batch.maxTransactions || (index > 0 && bytes > batch.preferredBlockBytes);
  });
  return queue.slice(0, end === -1 ? queue.length : end);
}
