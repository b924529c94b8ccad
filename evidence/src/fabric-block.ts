import { concat, equalBytes, sha256 } from './bytes.ts';
import { refusal } from './errors.ts';
import { readEnvelope } from './fabric-envelope.ts';
import { blockMessage } from './fabric-messages.ts';
import { present, readMessage } from './protobuf.ts';

/** A Fabric block, taken apart. `hash` is recomputed from the header, never read. */
export type Block = {
  readonly number: number;
  readonly previousHash: Uint8Array;
  readonly dataHash: Uint8Array;
  readonly headerBytes: Uint8Array;
  readonly hash: Uint8Array;
  readonly envelopes: readonly Uint8Array[];
  /** By common.BlockMetadataIndex: 0 signatures, 1 last config (unsigned: unused), 2 transactions filter. */
  readonly metadata: readonly Uint8Array[];
};

const maxBlockLength = 32 * 1024 * 1024;
const hashLength = 32;
const maxMetadata = 5;

/** Takes a block apart and checks its shape; nothing in it is trusted yet. */
export function parseBlock(bytes: Uint8Array): Block {
  if (bytes.length > maxBlockLength) throw refusal('BLOCK_TOO_LARGE', `over ${maxBlockLength} bytes`);
  const { header, data, metadata } = readMessage(blockMessage, bytes, { code: 'BLOCK_MALFORMED' });
  const { number, previousHash, dataHash } = present(header, 'BLOCK_MALFORMED');
  if (!Number.isSafeInteger(number)) throw refusal('BLOCK_MALFORMED', 'number');
  if (dataHash.length !== hashLength) throw refusal('BLOCK_MALFORMED', 'data hash');
  if (previousHash.length !== (number === 0 ? 0 : hashLength))
    throw refusal('BLOCK_MALFORMED', 'previous hash');
  const headerBytes = encodeHeader(number, previousHash, dataHash);
  return {
    number,
    previousHash,
    dataHash,
    headerBytes,
    hash: sha256(headerBytes),
    envelopes: present(data, 'BLOCK_MALFORMED').envelopes,
    metadata: metadataOf(metadata?.entries ?? []),
  };
}

/** Fabric has five entries. Nobody signs what stands beyond the first, so there must be no room for more. */
function metadataOf(entries: Uint8Array[]): Uint8Array[] {
  if (entries.length > maxMetadata) throw refusal('BLOCK_MALFORMED', 'metadata');
  return entries;
}

/** The bytes an orderer signs and the next block links to: DER SEQUENCE of number, previous hash, data hash. */
export function encodeHeader(number: number, previousHash: Uint8Array, dataHash: Uint8Array): Uint8Array {
  const content = concat(derInteger(number), derOctets(previousHash), derOctets(dataHash));
  return concat(Uint8Array.of(0x30, content.length), content);
}

/** SHA-256 over all envelopes joined (protoutil.ComputeBlockDataHash): it has no length marks, see requireWellFormed. */
export function dataHashOf(envelopes: readonly Uint8Array[]): Uint8Array {
  return sha256(concat(...envelopes));
}

/**
 * Checks that the envelopes are the ones the header commits to. As the data hash joins them without lengths, each must
 * also be a well-formed envelope ({@link readEnvelope}), else two could be merged into one (CVE-2023-46132).
 */
export function requireData(block: Block, kind: 'genesis' | 'block'): void {
  if (block.envelopes.length === 0) throw refusal('BLOCK_MALFORMED', 'empty');
  if (!equalBytes(dataHashOf(block.envelopes), block.dataHash))
    throw refusal('BLOCK_DATA_HASH', 'not over this data');
  for (const bytes of block.envelopes) {
    const { payload, signature } = readEnvelope(bytes, 'BLOCK_ENVELOPE_MALFORMED');
    const signed = signature.length > 0 || kind === 'genesis';
    if (payload.length === 0 || !signed) throw refusal('BLOCK_ENVELOPE_MALFORMED', 'empty part');
  }
}

/** Checks that `block` directly follows `previous`. */
export function requireSuccessor(block: Block, previous: Pick<Block, 'number' | 'hash'>): void {
  if (block.number !== previous.number + 1 || !equalBytes(block.previousHash, previous.hash)) {
    throw refusal('BLOCK_SUCCESSION', `not the successor of block ${previous.number}`);
  }
}

/**
 * The validation codes that a peer wrote beside the transactions (peer.TxValidationCode; 0 is VALID). Nobody signs
 * them: they are a peer's word.
 */
export function validationCodes(block: Block): number[] {
  const filter = block.metadata[2] ?? new Uint8Array(0);
  if (filter.length !== block.envelopes.length) throw refusal('BLOCK_MALFORMED', 'transactions filter');
  return [...filter];
}

function derInteger(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.unshift(rest % 256);
    rest = Math.floor(rest / 256);
  } while (rest > 0);
  if ((bytes[0] ?? 0) >= 0x80) bytes.unshift(0);
  return Uint8Array.of(0x02, bytes.length, ...bytes);
}

function derOctets(bytes: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0x04, bytes.length), bytes);
}
