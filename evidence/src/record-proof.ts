import { base64, fromBase64, fromHex } from './bytes.ts';
import { EvidenceError, refusal } from './errors.ts';
import type { Leaf } from './leaf.ts';
import type { RecordDisclosure } from './record-commitment.ts';
import { hasExactly, isJsonObject } from './strict-shape.ts';

/** The format line of a record proof. */
export const recordProofFormat = 'medseal/record-proof/v1';

/** One file that proves one record, as JSON (docs/formats/record-proof.md). Blocks are base64, hashes hex. */
export type RecordProof = {
  format: typeof recordProofFormat;
  disclosure: RecordDisclosure;
  leaf: Leaf;
  leafIndex: number;
  inclusionProof: string[];
  /** The signed note whose tree the inclusion proof leads to. */
  checkpoint: string;
  anchor: { txId: string; blockNumber: number; block: string };
  /** Configuration blocks in ascending order, those that the verifier's policy does not hold. */
  configBlocks: string[];
  /** A later transaction that read what the anchor wrote: shows that the organisations took it for valid. */
  confirmation?: { txId: string; block: string };
};

/** What a record proof is put together from. */
export type RecordProofParts = Omit<RecordProof, 'format' | 'anchor' | 'configBlocks' | 'confirmation'> & {
  anchor: { txId: string; blockNumber: number };
  block: Uint8Array;
  configBlocks: readonly Uint8Array[];
  confirmation?: BlockTransaction;
};

/** Puts a record proof together. */
export function recordProof({
  block,
  anchor,
  configBlocks,
  confirmation,
  ...parts
}: RecordProofParts): RecordProof {
  return {
    format: recordProofFormat,
    ...parts,
    anchor: { ...anchor, block: base64(block) },
    configBlocks: configBlocks.map(base64),
    ...(confirmation === undefined
      ? {}
      : { confirmation: { txId: confirmation.txId, block: base64(confirmation.block) } }),
  };
}

/** A transaction of a block, both still to be checked. */
export type BlockTransaction = { txId: string; block: Uint8Array };

/** A record proof whose shape was checked; its parts are still unchecked. */
export type ParsedProof = {
  disclosure: RecordDisclosure;
  leaf: unknown;
  leafIndex: number;
  inclusionProof: Uint8Array[];
  checkpoint: string;
  anchor: BlockTransaction & { blockNumber: number };
  configBlocks: Uint8Array[];
  confirmation: BlockTransaction | undefined;
};

const members = [
  'format',
  'disclosure',
  'leaf',
  'leafIndex',
  'inclusionProof',
  'checkpoint',
  'anchor',
  'configBlocks',
];
const maxPathLength = 53;
const maxConfigBlocks = 64;
const hashText = /^[0-9a-f]{64}$/;

/** Checks the shape of a proof: exactly the documented members (whatever else a file held would be uncovered). */
export function parseRecordProof(value: unknown): ParsedProof {
  if (!isJsonObject(value) || value['format'] !== recordProofFormat) {
    throw refusal('PROOF_UNKNOWN_FORMAT', 'not a record proof of version 1');
  }
  const { confirmation, ...proof } = value;
  if (!hasExactly(proof, members)) throw malformed('members');
  const { leafIndex, checkpoint, disclosure } = proof;
  if (!isCount(leafIndex)) throw malformed('leafIndex');
  if (typeof checkpoint !== 'string') throw malformed('checkpoint');
  return {
    disclosure: disclosure as RecordDisclosure, // openDisclosure checks it member by member
    leaf: proof['leaf'],
    leafIndex,
    inclusionProof: texts(proof['inclusionProof'], maxPathLength).map(hashOf),
    checkpoint,
    anchor: anchorOf(proof['anchor']),
    configBlocks: texts(proof['configBlocks'], maxConfigBlocks).map((block) => bytesOf(block, fromBase64)),
    confirmation: Object.hasOwn(value, 'confirmation')
      ? transactionOf(confirmation, ['txId', 'block'])
      : undefined,
  };
}

function anchorOf(value: unknown): ParsedProof['anchor'] {
  const transaction = transactionOf(value, ['txId', 'block', 'blockNumber']);
  const blockNumber = isJsonObject(value) ? value['blockNumber'] : undefined;
  if (!isCount(blockNumber)) throw malformed('blockNumber');
  return { ...transaction, blockNumber };
}

function transactionOf(value: unknown, names: readonly string[]): BlockTransaction {
  if (!hasExactly(value, names)) throw malformed('anchor or confirmation');
  const { txId, block } = value;
  if (typeof txId !== 'string' || !hashText.test(txId) || typeof block !== 'string')
    throw malformed('txId or block');
  return { txId, block: bytesOf(block, fromBase64) };
}

function texts(value: unknown, maxLength: number): string[] {
  if (!Array.isArray(value) || value.length > maxLength) throw malformed('list');
  return value.map((item: unknown) => {
    if (typeof item !== 'string') throw malformed('list');
    return item;
  });
}

function hashOf(text: string): Uint8Array {
  if (!hashText.test(text)) throw malformed('hash');
  return fromHex(text);
}

function bytesOf(text: string, decode: (text: string) => Uint8Array): Uint8Array {
  try {
    return decode(text);
  } catch (cause) {
    throw new EvidenceError('PROOF_MALFORMED', { message: 'encoding', cause });
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function malformed(part: string): EvidenceError {
  return refusal('PROOF_MALFORMED', part);
}
