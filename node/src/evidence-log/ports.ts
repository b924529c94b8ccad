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
