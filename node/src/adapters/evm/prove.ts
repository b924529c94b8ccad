import { type NotaryProof, notaryProofFormat } from '@medseal/evidence';
import {
  BaseError,
  decodeEventLog,
  type Hex,
  hexToNumber,
  keccak256,
  type PublicClient,
  RpcError,
  toRlp,
} from 'viem';
import { notaryAbi } from './contract.ts';
import { NotaryError } from './errors.ts';
import { hexToBase64, trieProof } from './trie.ts';

type RawLog = { address: Hex; topics: Hex[]; data: Hex; logIndex: Hex };
type RawReceipt = {
  transactionHash: Hex;
  transactionIndex: Hex;
  type: Hex;
  status: Hex;
  cumulativeGasUsed: Hex;
  logsBloom: Hex;
  logs: RawLog[];
};
type RawBlock = Record<string, Hex | Hex[] | undefined> & {
  hash: Hex;
  receiptsRoot: Hex;
  transactions: Hex[];
};

/** An event as a search of logs finds it. */
export type FoundEvent = { blockHash: Hex; transactionHash: Hex; logIndex: number };

// In the order of the encoding; those of later forks are there once their fork is.
const headerFields = [
  'parentHash',
  'sha3Uncles',
  'miner',
  'stateRoot',
  'transactionsRoot',
  'receiptsRoot',
  'logsBloom',
  'difficulty',
  'number',
  'gasLimit',
  'gasUsed',
  'timestamp',
  'extraData',
  'mixHash',
  'nonce',
  'baseFeePerGas',
  'withdrawalsRoot',
  'blobGasUsed',
  'excessBlobGas',
  'parentBeaconBlockRoot',
  'requestsHash',
];
const numbers = new Set([
  'difficulty',
  'number',
  'gasLimit',
  'gasUsed',
  'timestamp',
  'baseFeePerGas',
  'blobGasUsed',
  'excessBlobGas',
]);

/**
 * Makes the offline proof of one Notarized event: the block's header, re-encoded and held against its hash, and the
 * path to the receipt in a receipts trie built anew. Throws NOTARY_PROOF_FAILED where the chain's encoding is not the
 * one known here; then the record can be checked online only.
 */
export async function proveEvent(
  client: PublicClient,
  found: FoundEvent,
  { chainId, contract }: { chainId: number; contract: Hex },
): Promise<NotaryProof> {
  const block = await blockOf(client, found.blockHash);
  const header = headerOf(block);
  if (keccak256(header) !== block.hash) throw failed('a header of an unknown form');
  const receipts = await receiptsOf(client, block);
  const receipt = receipts.find(({ transactionHash }) => transactionHash === found.transactionHash);
  const logIndex = receipt?.logs.findIndex((log) => hexToNumber(log.logIndex) === found.logIndex) ?? -1;
  const log = receipt?.logs[logIndex];
  if (receipt === undefined || log === undefined) throw failed('the event is not in its block');
  const transactionIndex = hexToNumber(receipt.transactionIndex);
  const { root, nodes } = trieProof(receipts.map(encodeReceipt), transactionIndex);
  if (root !== block.receiptsRoot) throw failed('receipts of an unknown form');
  return {
    format: notaryProofFormat,
    ...subjectOf(log),
    chainId,
    contract: contract.slice(2).toLowerCase(),
    header: hexToBase64(header),
    transactionIndex,
    logIndex,
    receiptProof: nodes.map(hexToBase64),
  };
}

function subjectOf({
  topics,
  data,
}: RawLog): Pick<NotaryProof, 'channelId' | 'height' | 'blockHash' | 'historyRoot'> {
  const [topic, ...rest] = topics;
  if (topic === undefined) throw failed('an event without a name');
  const { args } = decodeEventLog({ abi: notaryAbi, eventName: 'Notarized', data, topics: [topic, ...rest] });
  return {
    channelId: args.channelId.slice(2),
    height: Number(args.height),
    blockHash: args.blockHash.slice(2),
    historyRoot: args.historyRoot.slice(2),
  };
}

async function blockOf(client: PublicClient, hash: Hex): Promise<RawBlock> {
  const block: unknown = await client.request({ method: 'eth_getBlockByHash', params: [hash, false] });
  if (block === null) throw failed('the block is gone');
  return block as RawBlock;
}

/** All receipts of a block, in its order. */
export async function receiptsOf(
  client: PublicClient,
  block: { hash: Hex; transactions: readonly Hex[] },
): Promise<RawReceipt[]> {
  const all = await allReceipts(client, block.hash);
  if (all !== undefined) return all;
  const receipts: RawReceipt[] = [];
  for (const hash of block.transactions) {
    const receipt: unknown = await client.request({ method: 'eth_getTransactionReceipt', params: [hash] });
    if (receipt === null) throw failed('a receipt is gone');
    receipts.push(receipt as RawReceipt);
  }
  return receipts;
}

// All receipts of a block at once; undefined where the chain's node does not know the method.
async function allReceipts(client: PublicClient, blockHash: Hex): Promise<RawReceipt[] | undefined> {
  const request = client.request as (call: { method: string; params: unknown[] }) => Promise<unknown>;
  try {
    const receipts = await request({ method: 'eth_getBlockReceipts', params: [blockHash] });
    return Array.isArray(receipts) ? (receipts as RawReceipt[]) : undefined;
  } catch (error) {
    if (error instanceof BaseError && error.walk((cause) => cause instanceof RpcError) !== null)
      return undefined;
    throw error;
  }
}

function headerOf(block: RawBlock): Hex {
  const present = headerFields.filter((name) => typeof block[name] === 'string');
  return toRlp(
    present.map((name) => {
      const value = block[name] as Hex;
      return numbers.has(name) ? minimal(value) : value;
    }),
  );
}

/** A receipt in its encoding (EIP-2718, EIP-658). */
export function encodeReceipt({ type, status, cumulativeGasUsed, logsBloom, logs }: RawReceipt): Hex {
  const body = toRlp([
    minimal(status),
    minimal(cumulativeGasUsed),
    logsBloom,
    logs.map(({ address, topics, data }) => [address, topics, data]),
  ]);
  return hexToNumber(type) === 0 ? body : `0x${type.slice(2).padStart(2, '0')}${body.slice(2)}`;
}

// Numbers are encoded without leading zeros; zero is the empty string.
function minimal(value: Hex): Hex {
  const digits = value.slice(2).replace(/^0+/, '');
  return `0x${digits.length % 2 === 1 ? '0' : ''}${digits}`;
}

function failed(message: string): NotaryError {
  return new NotaryError('NOTARY_PROOF_FAILED', { message });
}
