import { type Proposal, type Status, StatusCode, type Transaction } from '@hyperledger/fabric-gateway';
import { common, peer } from '@hyperledger/fabric-protos';
import type { LedgerConnection } from './connect.ts';
import { chaincodeTexts, endorseFailure, evaluateFailure, LedgerError } from './errors.ts';

/** What a transaction came to. `result` is what the contract returned. */
export type LedgerResult = { txId: string; blockNumber: number; result: string };

/** The ledger as the modules use it; each declares the part it needs. */
export type LedgerPort = {
  /** Resolves when the transaction is committed and valid; else throws a LedgerError that says what is known. */
  submit(contract: string, transaction: string, args: readonly string[]): Promise<LedgerResult>;
  /** Asks one peer; changes nothing. */
  evaluate(contract: string, transaction: string, args: readonly string[]): Promise<string>;
  /** Whether the peer has the transaction in a block, and how it judged it. */
  transactionStatus(txId: string): Promise<'valid' | 'invalid' | 'absent'>;
  /** Number of blocks the peer has. */
  chainHeight(): Promise<number>;
};

export function createLedger(connection: LedgerConnection): LedgerPort {
  return {
    submit: async (contract, transaction, args) => {
      const proposal = connection.contract(contract).newProposal(transaction, { arguments: [...args] });
      const txId = proposal.getTransactionId();
      const endorsed = await endorse(proposal, txId);
      const { result, status } = await order(endorsed, { connection, txId });
      if (!status.successful)
        throw new LedgerError('LEDGER_NOT_COMMITTED', { txId, validationCode: status.code });
      return { txId, blockNumber: Number(status.blockNumber), result: textOf(result) };
    },
    evaluate: async (contract, transaction, args) => {
      const bytes = await connection
        .contract(contract)
        .evaluateTransaction(transaction, ...args)
        .catch((error: unknown) => {
          throw evaluateFailure(error);
        });
      return textOf(bytes);
    },
    transactionStatus: (txId) => transactionStatus(connection, txId),
    chainHeight: async () => {
      const info = decode(common.BlockchainInfo, await askSystem(connection, 'GetChainInfo', []));
      return info.getHeight();
    },
  };
}

/** The block with this number, as the peer stores it, but for metadata that nobody reads; nothing in it is verified. */
export async function blockByNumber(connection: LedgerConnection, number: number): Promise<Uint8Array> {
  const bytes = await askSystem(connection, 'GetBlockByNumber', [String(number)]);
  return blockBytes(decode(common.Block, bytes));
}

/** Metadata entries that count: orderers' signatures, a place that is no longer used, the peer's validity marks. */
const readMetadata = 3;

/** A block without the metadata that nobody signs or reads: whoever orders can fill it with what he likes. */
export function blockBytes(block: common.Block): Uint8Array {
  const metadata = block.getMetadata();
  metadata?.setMetadataList(metadata.getMetadataList_asU8().slice(0, readMetadata));
  return block.serializeBinary();
}

async function endorse(proposal: Proposal, txId: string): Promise<Transaction> {
  try {
    return await proposal.endorse();
  } catch (error) {
    throw endorseFailure(error, txId);
  }
}

/**
 * From the first byte to the orderer on, no error tells whether the transaction is committed. A gateway that misses the
 * answers of some orderers reports a failure although the others ordered it, so the peer is asked before it counts as unknown.
 */
async function order(
  transaction: Transaction,
  { connection, txId }: { connection: LedgerConnection; txId: string },
): Promise<{ result: Uint8Array; status: Status }> {
  let failure: unknown;
  const submitted = await transaction.submit().catch((cause: unknown) => {
    failure = cause;
  });
  try {
    const status = await (submitted?.getStatus() ?? connection.outcomeOf(txId));
    return { result: transaction.getResult(), status };
  } catch (cause) {
    throw new LedgerError('LEDGER_UNKNOWN', { txId, cause: failure ?? cause });
  }
}

async function transactionStatus(
  connection: LedgerConnection,
  txId: string,
): Promise<'valid' | 'invalid' | 'absent'> {
  // The one answer of a peer that means absent (core/scc/qscc, blkstorage); any other failure is no answer.
  const absent = `Failed to get transaction with id ${txId}, error no such transaction ID [${txId}] in index`;
  try {
    const bytes = await askSystem(connection, 'GetTransactionByID', [txId]);
    const code = decode(peer.ProcessedTransaction, bytes).getValidationcode();
    return code === StatusCode.VALID ? 'valid' : 'invalid';
  } catch (error) {
    if (error instanceof LedgerError && chaincodeTexts(error.cause).includes(absent)) return 'absent';
    throw error;
  }
}

async function askSystem(
  connection: LedgerConnection,
  name: string,
  args: readonly string[],
): Promise<Uint8Array> {
  try {
    return await connection.system('qscc').evaluateTransaction(name, connection.channel, ...args);
  } catch (cause) {
    throw new LedgerError('LEDGER_UNAVAILABLE', { cause });
  }
}

function decode<M>(type: { deserializeBinary(bytes: Uint8Array): M }, bytes: Uint8Array): M {
  try {
    return type.deserializeBinary(bytes);
  } catch (cause) {
    throw new LedgerError('LEDGER_ANSWER_INVALID', { cause });
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new LedgerError('LEDGER_ANSWER_INVALID', { cause });
  }
}
