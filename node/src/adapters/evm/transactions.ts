import {
  BaseError,
  ContractFunctionRevertedError,
  concat,
  encodeFunctionData,
  type Hex,
  hexToBytes,
  keccak256,
  parseTransaction,
  RpcError,
  TransactionNotFoundError,
  TransactionReceiptNotFoundError,
  type TransactionSerializedEIP1559,
} from 'viem';
import type { NotaryOutcome, NotaryTransaction, NotaryValue } from '../../evidence-log/index.ts';
import type { NotaryChain } from './chain.ts';
import { notaryAbi } from './contract.ts';
import { NotaryError } from './errors.ts';
import { toHex } from './trie.ts';

/** Of `confirm`: channel, height, block hash, history root. */
type ConfirmArguments = readonly [Hex, bigint, Hex, Hex];
type Fees = { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint };
type PreviousFees = { maxFeePerGas?: bigint | undefined; maxPriorityFeePerGas?: bigint | undefined };

/**
 * Signs a confirmation and sends nothing. What this notary gave before for the height is asked first: another value is
 * a contradiction that must never be sent (NOTARY_CONFLICT). A replacement has the same nonce and value, and higher fees.
 */
export async function prepare(
  chain: NotaryChain,
  value: NotaryValue,
  replaces?: NotaryTransaction,
): Promise<NotaryTransaction | undefined> {
  const { client, account, contract, chainId } = chain;
  const args = [
    toHex(value.channelId),
    BigInt(value.height),
    toHex(value.blockHash),
    toHex(value.historyRoot),
  ] as const;
  if (await hasConfirmed(chain, args)) return undefined;
  const before =
    replaces === undefined ? undefined : parseTransaction(replaces.raw as TransactionSerializedEIP1559);
  // What is pending counts in an estimate, so a replacement keeps the limit it had.
  const gas = before?.gas ?? ((await gasFor(chain, args)) * 5n) / 4n;
  const raw = await account.signTransaction({
    type: 'eip1559',
    chainId,
    to: contract,
    data: encodeFunctionData({ abi: notaryAbi, functionName: 'confirm', args }),
    nonce: replaces?.nonce ?? (await client.getTransactionCount({ address: account.address })),
    gas,
    ...(await feesFor(chain, before)),
  });
  const { nonce = 0 } = parseTransaction(raw);
  return { nonce, txHash: keccak256(raw), raw };
}

async function hasConfirmed(
  { client, account, contract }: NotaryChain,
  [channelId, height, ...value]: ConfirmArguments,
): Promise<boolean> {
  // The contract keeps keccak256(blockHash, historyRoot) of what each notary gave.
  const digest = keccak256(concat(value));
  const at = { address: contract, abi: notaryAbi } as const;
  const given = await client.readContract({
    ...at,
    functionName: 'givenBy',
    args: [channelId, height, account.address],
  });
  if (given !== digest && BigInt(given) !== 0n)
    throw new NotaryError('NOTARY_CONFLICT', { message: `another value was given for block ${height}` });
  const [, confirmed] = await client.readContract({
    ...at,
    functionName: 'confirmationsOf',
    args: [channelId, height, digest, account.address],
  });
  return confirmed;
}

async function gasFor({ client, account, contract }: NotaryChain, args: ConfirmArguments): Promise<bigint> {
  try {
    return await client.estimateContractGas({
      address: contract,
      abi: notaryAbi,
      functionName: 'confirm',
      args,
      account: account.address,
    });
  } catch (error) {
    const revert =
      error instanceof BaseError ? error.walk((at) => at instanceof ContractFunctionRevertedError) : null;
    if (revert instanceof ContractFunctionRevertedError)
      throw new NotaryError('NOTARY_REFUSED', { message: revert.data?.errorName ?? 'reverted' });
    throw error;
  }
}

// A node takes a replacement only when both fees rise by a tenth or more.
async function feesFor({ client }: NotaryChain, before: PreviousFees | undefined): Promise<Fees> {
  const now = await client.estimateFeesPerGas();
  if (before === undefined) return now;
  return {
    maxFeePerGas: larger(now.maxFeePerGas, raised(before.maxFeePerGas)),
    maxPriorityFeePerGas: larger(now.maxPriorityFeePerGas, raised(before.maxPriorityFeePerGas)),
  };
}

const raised = (fee = 0n): bigint => (fee * 5n) / 4n + 1n;
const larger = (left: bigint, right: bigint): bigint => (left > right ? left : right);

/** Sends a signed transaction. A node that has it, or has used its nonce, is no failure: the outcome tells. */
export async function broadcast({ client }: NotaryChain, { raw, txHash }: NotaryTransaction): Promise<void> {
  if (keccak256(hexToBytes(raw as Hex)) !== txHash)
    throw new NotaryError('NOTARY_REFUSED', { message: 'a stored transaction was altered' });
  try {
    await client.sendRawTransaction({ serializedTransaction: raw as Hex });
  } catch (error) {
    // The node answered and would not have it; what became of the nonce is asked, not guessed from its text.
    if (!(error instanceof BaseError) || error.walk((cause) => cause instanceof RpcError) === null)
      throw error;
  }
}

/** Where the transactions of one nonce are: the first that was taken in, else whether one still can be. */
export async function outcomeOf(
  { client, account }: NotaryChain,
  transactions: readonly NotaryTransaction[],
): Promise<NotaryOutcome> {
  let known = false;
  for (const { txHash } of transactions) {
    const hash = txHash as Hex;
    const receipt = await orMissing(client.getTransactionReceipt({ hash }), TransactionReceiptNotFoundError);
    if (receipt !== undefined) {
      const latest = await client.getBlockNumber({ cacheTime: 0 });
      return {
        state: 'mined',
        succeeded: receipt.status === 'success',
        evmBlockNumber: Number(receipt.blockNumber),
        confirmations: Number(latest - receipt.blockNumber) + 1,
      };
    }
    known ||= (await orMissing(client.getTransaction({ hash }), TransactionNotFoundError)) !== undefined;
  }
  const next = await client.getTransactionCount({ address: account.address });
  const fits = transactions.every(({ nonce }) => nonce === next);
  if (!fits) return { state: 'displaced' };
  return { state: known ? 'pending' : 'absent' };
}

async function orMissing<Result>(
  asked: Promise<Result>,
  Missing: typeof TransactionNotFoundError | typeof TransactionReceiptNotFoundError,
): Promise<Result | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Missing) return undefined;
    throw error;
  }
}
