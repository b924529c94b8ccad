import { setTimeout as delay } from 'node:timers/promises';
import type { common } from '@hyperledger/fabric-protos';
import {
  type ChannelTrust,
  channelTrust,
  type EndorsementPolicy,
  EvidenceError,
  parseBlock,
  type TransactionView,
  verifyBlock,
} from '@medseal/evidence';
import { AppError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import { trustFor } from './config-lineage.ts';
import type { LedgerConnection } from './connect.ts';
import { blockByNumber, blockBytes } from './contracts.ts';
import { LedgerError } from './errors.ts';

/** A block whose every signature was checked, from the pinned genesis block on. */
export type VerifiedBlockView = {
  number: number;
  hash: Uint8Array;
  transactions: readonly TransactionView[];
  /** The block as it came, for proofs, but for metadata that nobody reads. */
  bytes: Uint8Array;
};

export type ListenOptions = {
  connection: LedgerConnection;
  logger: Logger;
  genesis: Uint8Array;
  /** Pinned by whoever runs the node; the genesis block must have it. */
  genesisHash: string;
  /** The last block already taken; the next one must follow it. */
  after?: { number: number; hash: Uint8Array };
  policy?: EndorsementPolicy;
  /** The last block of which the peer's word is taken on transactions that this node cannot judge. */
  judgedAfter?: number | undefined;
  /** Called for one block after the other; the next is not asked for before it resolves. */
  onBlock: (block: VerifiedBlockView) => Promise<void>;
  /** Told of the configuration that is in force after a block was taken, whenever it is another one. */
  onTrust?: (trust: ChannelTrust) => void;
  signal: AbortSignal;
};

const firstPauseMilliseconds = 250;
const maxPauseMilliseconds = 10_000;

/**
 * Follows the channel until `signal` aborts. After a break, a block that does not verify, or a callback that fails, it
 * starts again at the block it had not finished, with growing pauses: no block is skipped and none is taken unverified.
 */
export async function listenBlocks(options: ListenOptions): Promise<void> {
  const { signal, logger } = options;
  const chain = createChain(options);
  let pause = firstPauseMilliseconds;
  while (!signal.aborted) {
    const before = chain.next();
    try {
      await follow(options, chain);
    } catch (error) {
      if (signal.aborted) return;
      if (isRefusal(error)) logger.error('ledger.block-refused', { block: chain.next(), error });
      else logger.warn('ledger.listen-interrupted', { block: chain.next(), error });
    }
    pause = chain.next() > before ? firstPauseMilliseconds : Math.min(pause * 2, maxPauseMilliseconds);
    await delay(pause, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
  }
}

/** A block that is not of this chain, or not of the one that another process of this node was shown. */
function isRefusal(error: unknown): boolean {
  return error instanceof EvidenceError || (error instanceof AppError && error.code === 'LEDGER_FORKED');
}

async function follow({ connection, onBlock, signal }: ListenOptions, chain: Chain): Promise<void> {
  const blocks = await connection.network.getBlockEvents({ startBlock: BigInt(chain.next()) });
  const stop = (): void => blocks.close();
  signal.addEventListener('abort', stop);
  try {
    if (signal.aborted) return;
    for await (const block of blocks) {
      const verified = await chain.verify(block);
      await onBlock(verified);
      chain.accept(verified);
      if (signal.aborted) return;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    blocks.close();
  }
}

type Chain = {
  next(): number;
  verify(block: common.Block): Promise<VerifiedBlockView>;
  accept(block: VerifiedBlockView): void;
};

/** The place in the chain, with the trust to check the next block. */
function createChain(options: ListenOptions): Chain {
  const { genesis, genesisHash, after, policy, judgedAfter, connection, onTrust, logger } = options;
  const pinned = channelTrust(genesis, { genesisHash });
  if (pinned.channelId !== connection.channel) throw new LedgerError('LEDGER_SETTINGS_INVALID');
  let last = after;
  let accepted: ChannelTrust | undefined = last === undefined || last.number === 0 ? pinned : undefined;
  let candidate = pinned;
  return {
    next: () => (last === undefined ? 0 : last.number + 1),
    verify: async (message) => {
      const bytes = blockBytes(message);
      if (last === undefined) return genesisView(bytes, genesisHash);
      // After a restart the configuration in force is found from the pinned one.
      const trust =
        accepted ?? (await trustFor(bytes, pinned, (number) => blockByNumber(connection, number)));
      const verified = verifyBlock(bytes, trust, {
        previous: last,
        ...(policy === undefined ? {} : { policy }),
        ...(judgedAfter === undefined ? {} : { judgedAfter }),
      });
      for (const { txId, code } of verified.unjudged)
        logger.warn('ledger.transaction-unjudged', { block: verified.block.number, txId, code });
      candidate = verified.trust;
      const { number, hash } = verified.block;
      return { number, hash, transactions: verified.transactions, bytes };
    },
    accept: ({ number, hash }) => {
      last = { number, hash };
      if (accepted?.configNumber !== candidate.configNumber) onTrust?.(candidate);
      accepted = candidate;
    },
  };
}

/** Block 0 has no signature; it is the pinned one or none. */
function genesisView(bytes: Uint8Array, genesisHash: string): VerifiedBlockView {
  channelTrust(bytes, { genesisHash });
  const { number, hash } = parseBlock(bytes);
  return { number, hash, transactions: [], bytes };
}
