import { keccak_256 } from '@noble/hashes/sha3.js';
import { equalBytes, hex, utf8 } from './bytes.ts';
import { EvidenceError, refusal } from './errors.ts';
import {
  type EvmHeader,
  type EvmLog,
  type EvmReceipt,
  parseEvmHeader,
  parseEvmReceipt,
} from './evm-chain.ts';
import { type NotaryCheck, type NotaryCheckList, notaryCheckList } from './evm-checks.ts';
import {
  historyLeafHash,
  type NotaryTrust,
  notaryChannelId,
  type ParsedNotaryProof,
  parseNotaryProof,
} from './evm-notary-proof.ts';
import { openTrieProof } from './evm-trie.ts';
import { inclusionPathLength, verifyInclusion } from './merkle.ts';

/** A block of the channel that was verified otherwise, with its path to the history root (RFC 9162 §2.1.3). */
export type HistoryBlock = {
  readonly number: number;
  readonly hash: Uint8Array;
  readonly inclusionProof: readonly Uint8Array[];
};

/** The verifier's side: the notary it trusts, the channel, and the block that the notarized history should hold. */
export type NotaryPolicy = NotaryTrust & {
  readonly channel: string;
  /** Hex. */
  readonly genesisHash: string;
  /** Without it the proof stands alone. */
  readonly block?: HistoryBlock;
};

/**
 * `valid`: block hash and time hold without any network. `online`: the proof is sound in itself, but the verifier has
 * no trusted header to hold it against: compare `record.evmBlockHash` with the outside chain. `tampered`: a check
 * failed. `undecided`: not a notary proof of a version that is known.
 */
export type NotaryVerdict = {
  verdict: 'valid' | 'online' | 'tampered' | 'undecided';
  checks: NotaryCheck[];
  record?: {
    channelId: string;
    height: number;
    blockHash: string;
    historyRoot: string;
    chainId: number;
    contract: string;
    evmBlockNumber: number;
    evmBlockHash: string;
    /** Not later than this the block existed, by the clock of the outside chain. */
    at: string;
  };
};

const notarizedTopic = keccak_256(utf8('Notarized(bytes32,uint64,bytes32,bytes32,uint64,uint32)'));

/** Verifies that the notary recorded the channel's history up to a block. Pure: no clock, no network; never throws on a bad proof. */
export function verifyNotaryProof(proof: unknown, policy: NotaryPolicy): NotaryVerdict {
  const list = notaryCheckList();
  const parsed = list.run('notary-format', () => {
    const given = parseNotaryProof(proof);
    return { result: { given, header: parseEvmHeader(given.header) } };
  });
  if (parsed === undefined) return { verdict: verdictOf(list.checks), checks: list.checks };
  const { given, header } = parsed;
  checkSubject(list, given, policy);
  checkRecord(list, given, header);
  checkHeader(list, header, policy);
  const verdict = verdictOf(list.checks);
  if (verdict === 'tampered') return { verdict, checks: list.checks };
  return { verdict, checks: list.checks, record: recordOf(given, header) };
}

function checkSubject(list: NotaryCheckList, given: ParsedNotaryProof, policy: NotaryPolicy): void {
  list.run('notary-channel', () => {
    if (!equalBytes(given.channelId, notaryChannelId(policy.channel, policy.genesisHash)))
      throw refusal('NOTARY_CHANNEL', 'another channel');
    return { result: undefined, detail: policy.channel };
  });
  const { block } = policy;
  if (block === undefined) list.skip('notary-block');
  else {
    list.run('notary-block', () => {
      requireInHistory(block, given);
      return { result: undefined, detail: `${block.number} / ${given.height}` };
    });
  }
  list.run('notary-contract', () => {
    if (given.chainId !== policy.chainId) throw refusal('NOTARY_CHAIN', 'another chain');
    if (!equalBytes(given.contract, policy.contract)) throw refusal('NOTARY_CONTRACT', 'another contract');
    return { result: undefined, detail: `${given.chainId} 0x${hex(given.contract)}` };
  });
}

// The tree has a leaf for every block, so its size follows from the height, which the event states.
function requireInHistory({ number, hash, inclusionProof }: HistoryBlock, given: ParsedNotaryProof): void {
  const treeSize = given.height + 1;
  if (number > given.height || !Number.isSafeInteger(treeSize))
    throw refusal('NOTARY_BLOCK', 'a block after the notarized one');
  if (number === given.height && !equalBytes(hash, given.blockHash))
    throw refusal('NOTARY_BLOCK', 'another block');
  if (inclusionProof.length !== inclusionPathLength(number, treeSize))
    throw refusal('NOTARY_HISTORY_LENGTH', 'a path of another length');
  const { historyRoot: rootHash } = given;
  const claim = {
    leafHash: historyLeafHash(hash),
    leafIndex: number,
    treeSize,
    proof: inclusionProof,
    rootHash,
  };
  if (!verifyInclusion(claim)) throw refusal('NOTARY_HISTORY_ROOT', 'the path leads elsewhere');
}

function checkRecord(list: NotaryCheckList, given: ParsedNotaryProof, header: EvmHeader): void {
  const receipt = list.run('notary-receipt', () => ({ result: receiptOf(given, header) }));
  if (receipt === undefined) {
    list.skip('notary-event');
    return;
  }
  list.run('notary-event', () => {
    requireEvent(receipt.logs[given.logIndex], given);
    return { result: undefined, detail: `${given.height} ${hex(given.blockHash)}` };
  });
}

function receiptOf(given: ParsedNotaryProof, header: EvmHeader): EvmReceipt {
  try {
    const receipt = parseEvmReceipt(
      openTrieProof(header.receiptsRoot, given.transactionIndex, given.receiptProof),
    );
    if (!receipt.succeeded) throw refusal('NOTARY_RECEIPT_FAILED', 'the call failed');
    return receipt;
  } catch (cause) {
    if (cause instanceof EvidenceError && cause.code === 'RLP_INVALID')
      throw new EvidenceError('NOTARY_RECEIPT', { cause });
    throw cause;
  }
}

// event Notarized(bytes32 indexed channelId, uint64 indexed height, bytes32 blockHash, bytes32 historyRoot, uint64 setNumber, uint32 confirmations)
function requireEvent(log: EvmLog | undefined, given: ParsedNotaryProof): void {
  if (log === undefined) throw refusal('NOTARY_EVENT_ABSENT', 'no such log');
  if (!equalBytes(log.address, given.contract))
    throw refusal('NOTARY_EVENT_CONTRACT', 'emitted by another contract');
  const [topic, channelId, height, ...rest] = log.topics;
  if (topic === undefined || !equalBytes(topic, notarizedTopic))
    throw refusal('NOTARY_EVENT_ABSENT', 'another event');
  const matches =
    rest.length === 0 &&
    channelId !== undefined &&
    height !== undefined &&
    log.bytes.length === 128 &&
    equalBytes(channelId, given.channelId) &&
    equalBytes(height, word(given.height)) &&
    equalBytes(log.bytes.subarray(0, 32), given.blockHash) &&
    equalBytes(log.bytes.subarray(32, 64), given.historyRoot);
  if (!matches) throw refusal('NOTARY_EVENT_MISMATCH', 'it records something else');
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setBigUint64(24, BigInt(value));
  return bytes;
}

function checkHeader(list: NotaryCheckList, header: EvmHeader, policy: NotaryPolicy): void {
  const trusted = policy.headers.get(header.number);
  const detail = `${header.number} 0x${hex(header.hash)}`;
  if (trusted === undefined) {
    list.skip('notary-header', detail);
    return;
  }
  list.run('notary-header', () => {
    if (!equalBytes(trusted, header.hash)) throw refusal('NOTARY_HEADER_UNTRUSTED', 'another block');
    return { result: undefined, detail };
  });
}

function verdictOf(checks: readonly NotaryCheck[]): NotaryVerdict['verdict'] {
  if (checks.some(({ code }) => code === 'NOTARY_UNKNOWN_FORMAT')) return 'undecided';
  if (checks.some(({ status }) => status === 'failed')) return 'tampered';
  const online = checks.some(({ name, status }) => name === 'notary-header' && status === 'skipped');
  return online ? 'online' : 'valid';
}

function recordOf(given: ParsedNotaryProof, header: EvmHeader): NonNullable<NotaryVerdict['record']> {
  return {
    channelId: hex(given.channelId),
    height: given.height,
    blockHash: hex(given.blockHash),
    historyRoot: hex(given.historyRoot),
    chainId: given.chainId,
    contract: hex(given.contract),
    evmBlockNumber: header.number,
    evmBlockHash: hex(header.hash),
    at: new Date(header.timestamp * 1000).toISOString(),
  };
}
