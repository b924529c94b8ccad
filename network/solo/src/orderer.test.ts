import { describe, expect, it, vi } from 'vitest';
import { batch } from './blocks/batch.ts';
import type { Chain } from './chain.ts';
import { createOrderer } from './orderer.ts';
import type { SubmittedTransaction } from './transaction.ts';

const transaction = (txId: string, size = 10): SubmittedTransaction => ({
  txId,
  bytes: new Uint8Array(size),
});

/** A chain that notes its blocks and finishes each when told to. */
function recording() {
  const blocks: string[][] = [];
  const finish: (() => void)[] = [];
  const fail: ((error: Error) => void)[] = [];
  const chain = {
    commit: (transactions: readonly SubmittedTransaction[]) =>
      new Promise<void>((resolve, reject) => {
        blocks.push(transactions.map(({ txId }) => txId));
        finish.push(resolve);
        fail.push(reject);
      }),
  } as unknown as Chain;
  return { chain, blocks, finish, fail };
}

describe('the orderer', () => {
  it('cuts a block at once when it is full, and the rest with the next', async () => {
    const { chain, blocks, finish } = recording();
    const orderer = createOrderer(chain, () => undefined);
    for (let index = 0; index < batch.maxTransactions + 2; index += 1)
      orderer.order(transaction(`t${index}`));
    const closing = orderer.close();

    expect(blocks.map(({ length }) => length)).toEqual([batch.maxTransactions]);
    finish[0]?.();
    await vi.waitFor(() => expect(blocks.length).toBe(2));
    finish[1]?.();
    await closing;
    expect(blocks.flat()).toEqual([...Array(batch.maxTransactions + 2).keys()].map((index) => `t${index}`));
  });

  it('cuts a block of one when no other comes in time', async () => {
    const { chain, blocks, finish } = recording();
    const orderer = createOrderer(chain, () => undefined);
    orderer.order(transaction('alone'));

    expect(blocks).toEqual([]);
    await vi.waitFor(() => expect(blocks).toEqual([['alone']]));
    finish[0]?.();
    await orderer.close();
  });

  it('keeps a block below its preferred size, but never leaves a large transaction behind', async () => {
    const { chain, blocks, finish } = recording();
    const orderer = createOrderer(chain, () => undefined);
    const large = batch.preferredBlockBytes - 5;
    for (const txId of ['a', 'b', 'c']) orderer.order(transaction(txId, large));
    const closing = orderer.close();
    for (let block = 0; block < 3; block += 1) {
      await vi.waitFor(() => expect(blocks.length).toBe(block + 1));
      finish[block]?.();
    }
    await closing;

    expect(blocks).toEqual([['a'], ['b'], ['c']]);
  });

  it('takes nothing while closing, and finishes what it took', async () => {
    const { chain, blocks, finish } = recording();
    const orderer = createOrderer(chain, () => undefined);
    orderer.order(transaction('taken'));
    const closing = orderer.close();

    expect(() => orderer.order(transaction('late'))).toThrow(
      expect.objectContaining({ code: 'LEDGER_CLOSED' }),
    );
    finish[0]?.();
    await closing;
    expect(blocks).toEqual([['taken']]);
  });

  it('stops for good when a block cannot be written', async () => {
    const { chain, blocks, fail } = recording();
    const failures: unknown[] = [];
    const orderer = createOrderer(chain, (error) => failures.push(error));
    for (let index = 0; index < batch.maxTransactions * 2; index += 1)
      orderer.order(transaction(`t${index}`));
    fail[0]?.(new Error('disk full'));
    await vi.waitFor(() => expect(failures.length).toBe(1));

    expect(() => orderer.order(transaction('late'))).toThrow(
      expect.objectContaining({ code: 'LEDGER_CLOSED' }),
    );
    await orderer.close();
    expect(blocks.length).toBe(1);
  });

  it('does not queue without end', async () => {
    const { chain, finish } = recording();
    const orderer = createOrderer(chain, () => undefined);
    const flood = (): void => {
      for (let index = 0; index < 6000; index += 1) orderer.order(transaction(`t${index}`));
    };

    expect(flood).toThrow(expect.objectContaining({ code: 'LEDGER_BUSY' }));
    finish[0]?.();
  });
});
