import { keccak_256 } from '@noble/hashes/sha3.js';
import { EvidenceError, type EvidenceErrorCode, refusal } from './errors.ts';
import { decodeRlp, type Rlp, rlpBytes, rlpInteger, rlpList } from './evm-rlp.ts';

/** What a verifier reads of an EVM block's header; fields that later forks append are covered by the hash. */
export type EvmHeader = {
  hash: Uint8Array;
  parentHash: Uint8Array;
  receiptsRoot: Uint8Array;
  number: number;
  /** Seconds since 1970, as the block's proposer set it. */
  timestamp: number;
};

export type EvmLog = { address: Uint8Array; topics: readonly Uint8Array[]; bytes: Uint8Array };

export type EvmReceipt = { succeeded: boolean; logs: readonly EvmLog[] };

const lastSecond = 253_402_300_799;

/** Reads a header in its RLP encoding (Yellow Paper §4.3, EIP-1559, EIP-4895, EIP-4844, EIP-4788, EIP-7685). */
export function parseEvmHeader(bytes: Uint8Array): EvmHeader {
  return read('NOTARY_HEADER', () => {
    const fields = rlpList(decodeRlp(bytes));
    if (fields.length < 15) throw refusal('NOTARY_HEADER', 'too few fields');
    const timestamp = rlpInteger(fields[11]);
    if (timestamp > lastSecond) throw refusal('NOTARY_HEADER', 'a time beyond the year 9999');
    return {
      hash: keccak_256(bytes),
      parentHash: rlpBytes(fields[0], 32),
      receiptsRoot: rlpBytes(fields[5], 32),
      number: rlpInteger(fields[8]),
      timestamp,
    };
  });
}

/** Reads a receipt (EIP-2718: a type byte before the list, or none; EIP-658: status first). */
export function parseEvmReceipt(bytes: Uint8Array): EvmReceipt {
  return read('NOTARY_RECEIPT', () => {
    const [first] = bytes;
    const typed = first !== undefined && first < 0x80;
    const fields = rlpList(decodeRlp(typed ? bytes.subarray(1) : bytes));
    if (fields.length !== 4) throw refusal('NOTARY_RECEIPT', 'not a receipt');
    const status = rlpBytes(fields[0]);
    return { succeeded: status.length === 1 && status[0] === 1, logs: rlpList(fields[3]).map(logOf) };
  });
}

function logOf(item: Rlp): EvmLog {
  const [address, topics, bytes, ...rest] = rlpList(item);
  if (rest.length > 0) throw refusal('NOTARY_RECEIPT', 'not a log');
  return {
    address: rlpBytes(address, 20),
    topics: rlpList(topics).map((topic) => rlpBytes(topic, 32)),
    bytes: rlpBytes(bytes),
  };
}

function read<Result>(code: EvidenceErrorCode, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof EvidenceError && cause.code === 'RLP_INVALID')
      throw new EvidenceError(code, { cause });
    throw cause;
  }
}
