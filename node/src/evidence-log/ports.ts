import type { NotaryProof } from '@medseal/evidence';

/** The ledger as this module needs it. */
export type LedgerPort = {
  submit(
    contract: string,
    transaction: string,
    args: string[],
  ): Promise<{ txId: string; blockNumber: number | bigint; result: string }>;
  evaluate(contract: string, transaction: string, args: string[]): Promise<string>;
  transactionStatus(txId: string): Promise<'valid' | 'invalid' | 'absent'>;
};

/** What is known after a ledger call failed. Anything not clearly refused or dropped may have been committed. */
export type LedgerFailure =
  | { kind: 'refused'; code: string }
  | { kind: 'not-committed' }
  | { kind: 'unknown'; txId: string | undefined };

/** Reads a failure of the port by its codes; an error of another make counts as unknown. */
export function ledgerFailure(error: unknown): LedgerFailure {
  const { code, chaincodeCode, txId } = (typeof error === 'object' && error !== null ? error : {}) as {
    code?: unknown;
    chaincodeCode?: unknown;
    txId?: unknown;
  };
  if (code === 'LEDGER_REFUSED') return { kind: 'refused', code: String(chaincodeCode) };
  if (code === 'LEDGER_NOT_COMMITTED') return { kind: 'not-committed' };
  return { kind: 'unknown', txId: typeof txId === 'string' ? txId : undefined };
}

/** What the projection needs of a transaction in a verified block. */
export type LedgerTransaction = {
  txId: string;
  blockNumber: number | bigint;
  /** 0 = valid. */
  validationCode: number;
  writes: readonly { namespace: string; key: string; value: Uint8Array; isDelete: boolean }[];
};

/** What is notarized: a block of a channel, and the root of the tree over all block hashes up to it. */
export type NotaryValue = {
  channelId: Uint8Array;
  height: number;
  blockHash: Uint8Array;
  historyRoot: Uint8Array;
};

/** A signed transaction of the notary's chain. It is kept before it is sent, so that no crash loses track of it. */
export type NotaryTransaction = { nonce: number; txHash: string; raw: string };

/** What the notary's contract holds about a channel. */
export type NotaryView = {
  /** Whether this node is one of the present notaries. */
  authorized: boolean;
  /** Last final block. */
  head: Omit<NotaryValue, 'channelId'> | undefined;
  /** Values above the head that some notary gave of late and that are not final, each once. */
  open: readonly Omit<NotaryValue, 'channelId'>[];
};

/** Where a sent transaction is. `displaced`: it can no longer be taken in, another has its nonce, or one before it is gone. */
export type NotaryOutcome =
  | { state: 'mined'; succeeded: boolean; evmBlockNumber: number; confirmations: number }
  | { state: 'pending' | 'absent' | 'displaced' };

/** A final record, as deep in the notary's chain as was asked for; without `proof` it can be checked online only. */
export type NotaryRecord = {
  height: number;
  blockHash: Uint8Array;
  historyRoot: Uint8Array;
  evmBlockNumber: number;
  evmBlockHash: string;
  proof: NotaryProof | undefined;
};

/** The notary outside the alliance. Failures carry a `code` that starts with NOTARY_. */
export type NotaryPort = {
  view(channelId: Uint8Array): Promise<NotaryView>;
  /** Signs a confirmation and sends nothing; undefined where this node has confirmed this value already. */
  prepare(value: NotaryValue, replaces?: NotaryTransaction): Promise<NotaryTransaction | undefined>;
  /** Sends it; sending it again does no harm. */
  broadcast(transaction: NotaryTransaction): Promise<void>;
  /** Outcome of transactions of one nonce, of which one at most is ever taken in. */
  outcomeOf(transactions: readonly NotaryTransaction[]): Promise<NotaryOutcome>;
  /**
   * Final records after an EVM block, or of late; `stands` is false when the block given is no longer part of the chain.
   */
  recordsAfter(
    channelId: Uint8Array,
    after: { evmBlockNumber: number; evmBlockHash: string } | undefined,
  ): Promise<{ stands: boolean; records: NotaryRecord[] }>;
};
