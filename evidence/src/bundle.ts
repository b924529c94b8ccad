import { base64, concat, fromBase64, fromHex, hex, sha256, utf8 } from './bytes.ts';
import { canonicalJson } from './canonical.ts';
import type { ConsentPart } from './check-consent.ts';
import type { NotaryPart } from './check-notary.ts';
import { EvidenceError, refusal } from './errors.ts';
import type { NotaryProof } from './evm-notary-proof.ts';
import type { Leaf } from './leaf.ts';
import { packBlocks, unpackBlocks } from './packed-blocks.ts';
import type { RecordDisclosure } from './record-commitment.ts';
import { hasExactly, isJsonObject, type JsonObject } from './strict-shape.ts';

/** The format line of an evidence bundle. */
export const bundleFormat = 'medseal/bundle/v1';

/** One file that proves one record, as JSON (docs/formats/bundle.md). Hashes are hex. */
export type EvidenceBundle = {
  format: typeof bundleFormat;
  disclosure: RecordDisclosure;
  leaf: Leaf;
  leafIndex: number;
  inclusionProof: string[];
  /** The signed note whose tree the inclusion proof leads to. */
  checkpoint: string;
  anchor: { txId: string; blockNumber: number };
  /** A later transaction that read what the anchor wrote: shows that the organisations took it for valid. */
  confirmation?: { txId: string };
  /**
   * Configuration blocks in ascending order, those that the verifier's policy does not hold; the anchor's block; the
   * confirmation's. Packed, base64.
   */
  blocks: string;
  /** The notary's record of the channel's history, with the path from the anchor's block to its root (hex). */
  notary?: { proof: NotaryProof; inclusionProof: string[] };
  /** Where the record was given to somebody: the source's receipt and decision (docs/formats/exchange.md). */
  release?: { receipt: object; decision: object };
  /** The patient's consent for that release, with its place in the same log. */
  consent?: { content: object; salt: string; leaf: Leaf; leafIndex: number; inclusionProof: string[] };
  /** Over all other members, so that no byte can change unnoticed; no evidence, as anybody can compute it. */
  digest: string;
};

/** What a bundle is put together from. */
export type BundleParts = Pick<
  EvidenceBundle,
  'disclosure' | 'leaf' | 'leafIndex' | 'inclusionProof' | 'checkpoint' | 'anchor' | 'release' | 'consent'
> & {
  block: Uint8Array;
  configBlocks: readonly Uint8Array[];
  confirmation?: BlockTransaction;
  notary?: { proof: NotaryProof; inclusionProof: readonly Uint8Array[] };
};

/** Puts a bundle together. */
export function evidenceBundle(parts: BundleParts): EvidenceBundle {
  const { block, configBlocks, confirmation, notary, ...rest } = parts;
  const later = confirmation === undefined ? [] : [confirmation.block];
  return sealed({
    format: bundleFormat,
    ...rest,
    ...(confirmation === undefined ? {} : { confirmation: { txId: confirmation.txId } }),
    blocks: base64(packBlocks([...configBlocks, block, ...later])),
    ...(notary === undefined
      ? {}
      : { notary: { ...notary, inclusionProof: notary.inclusionProof.map(hex) } }),
  });
}

/** The members with the digest over them. */
export function sealed<Members extends object>(members: Members): Members & { digest: string } {
  return { ...members, digest: hex(digestOf(members)) };
}

function digestOf(members: object): Uint8Array {
  return sha256(concat(utf8(`${bundleFormat}\n`), utf8(canonicalJson(members))));
}

/** A transaction of a block, both still to be checked. */
export type BlockTransaction = { txId: string; block: Uint8Array };

/** A bundle whose shape was checked; its parts are still unchecked. */
export type ParsedBundle = {
  disclosure: RecordDisclosure;
  leaf: unknown;
  leafIndex: number;
  inclusionProof: Uint8Array[];
  checkpoint: string;
  anchor: BlockTransaction & { blockNumber: number };
  configBlocks: Uint8Array[];
  confirmation: BlockTransaction | undefined;
  notary: NotaryPart | undefined;
  release: unknown;
  consent: ConsentPart | undefined;
};

const members = [
  'format',
  'disclosure',
  'leaf',
  'leafIndex',
  'inclusionProof',
  'checkpoint',
  'anchor',
  'blocks',
  'digest',
];
const maxPathLength = 53;
const maxConfigBlocks = 64;
const hashText = /^[0-9a-f]{64}$/;

/** Checks the shape of a bundle: exactly the documented members (whatever else a file held would be uncovered). */
export function parseBundle(value: unknown): ParsedBundle {
  if (!isJsonObject(value) || value['format'] !== bundleFormat) {
    throw refusal('PROOF_UNKNOWN_FORMAT', 'not a bundle of version 1');
  }
  const { confirmation, notary, release, consent, ...bundle } = value;
  if (!hasExactly(bundle, members)) throw malformed('members');
  const { leafIndex, checkpoint, disclosure } = bundle;
  if (!isCount(leafIndex)) throw malformed('leafIndex');
  if (typeof checkpoint !== 'string') throw malformed('checkpoint');
  const confirmed = Object.hasOwn(value, 'confirmation') ? txIdIn(confirmation, ['txId']) : undefined;
  return {
    disclosure: disclosure as RecordDisclosure, // openDisclosure checks it member by member
    leaf: bundle['leaf'],
    leafIndex,
    inclusionProof: hashesOf(bundle['inclusionProof'], maxPathLength),
    checkpoint,
    ...ledgerPart(bundle, confirmed),
    notary: Object.hasOwn(value, 'notary') ? notaryOf(notary) : undefined,
    release: Object.hasOwn(value, 'release') ? (release ?? null) : undefined,
    consent: Object.hasOwn(value, 'consent') ? consentOf(consent) : undefined,
  };
}

/** Refuses a bundle that is not, member for member, the one that was put together. */
export function requireDigest(value: unknown): void {
  const { digest, ...rest } = value as JsonObject;
  if (digest !== hex(digestOf(rest))) throw refusal('BUNDLE_DIGEST', 'not over these members');
}

type LedgerPart = Pick<ParsedBundle, 'anchor' | 'configBlocks' | 'confirmation'>;

/** Which block is which follows from its place alone. */
function ledgerPart({ anchor, blocks }: JsonObject, confirmed: string | undefined): LedgerPart {
  const txId = txIdIn(anchor, ['txId', 'blockNumber']);
  const blockNumber = isJsonObject(anchor) ? anchor['blockNumber'] : undefined;
  if (!isCount(blockNumber)) throw malformed('blockNumber');
  if (typeof blocks !== 'string') throw malformed('blocks');
  const configBlocks = unpackBlocks(bytesOf(blocks));
  const later = confirmed === undefined ? undefined : configBlocks.pop();
  const block = configBlocks.pop();
  if (block === undefined || configBlocks.length > maxConfigBlocks) throw malformed('blocks');
  return {
    anchor: { txId, block, blockNumber },
    configBlocks,
    confirmation:
      confirmed === undefined || later === undefined ? undefined : { txId: confirmed, block: later },
  };
}

function txIdIn(value: unknown, names: readonly string[]): string {
  const txId = hasExactly(value, names) ? value['txId'] : undefined;
  if (typeof txId !== 'string' || !hashText.test(txId)) throw malformed('anchor or confirmation');
  return txId;
}

function consentOf(value: unknown): ConsentPart {
  if (!hasExactly(value, ['content', 'salt', 'leaf', 'leafIndex', 'inclusionProof']))
    throw malformed('consent');
  const { content, salt, leaf, leafIndex } = value;
  if (!isCount(leafIndex)) throw malformed('leafIndex');
  if (typeof salt !== 'string' || !hashText.test(salt)) throw malformed('salt');
  const inclusionProof = hashesOf(value['inclusionProof'], maxPathLength);
  return { content, salt: fromHex(salt), leaf, leafIndex, inclusionProof };
}

function notaryOf(value: unknown): NotaryPart {
  if (!hasExactly(value, ['proof', 'inclusionProof'])) throw malformed('notary');
  return { proof: value['proof'], inclusionProof: hashesOf(value['inclusionProof'], maxPathLength) };
}

function hashesOf(value: unknown, maxLength: number): Uint8Array[] {
  if (!Array.isArray(value) || value.length > maxLength) throw malformed('hashes');
  return value.map((hash: unknown) => {
    if (typeof hash !== 'string' || !hashText.test(hash)) throw malformed('hash');
    return fromHex(hash);
  });
}

function bytesOf(text: string): Uint8Array {
  try {
    return fromBase64(text);
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
