import { concat, fromBase64, fromHex, sha256, utf8 } from './bytes.ts';
import { EvidenceError, refusal } from './errors.ts';
import { leafHash } from './leaf.ts';
import { hasExactly, isJsonObject } from './strict-shape.ts';

/** The format line of a notary proof. */
export const notaryProofFormat = 'medseal/notary-proof/v1';

/** A notary proof as its file says it (docs/formats/notary-proof.md). Hex is lower case without 0x. */
export type NotaryProof = {
  format: typeof notaryProofFormat;
  channelId: string;
  height: number;
  blockHash: string;
  /** Root of the tree over the hashes of the blocks 0 to `height` (docs/formats/notary-proof.md). */
  historyRoot: string;
  chainId: number;
  contract: string;
  /** RLP of the EVM block's header, base64. */
  header: string;
  transactionIndex: number;
  /** Place of the event among the logs of its receipt. */
  logIndex: number;
  /** Nodes of the receipts trie from the root down to the receipt, base64. */
  receiptProof: string[];
};

export type ParsedNotaryProof = {
  channelId: Uint8Array;
  height: number;
  blockHash: Uint8Array;
  historyRoot: Uint8Array;
  chainId: number;
  contract: Uint8Array;
  header: Uint8Array;
  transactionIndex: number;
  logIndex: number;
  receiptProof: readonly Uint8Array[];
};

/** What a verifier takes for granted about the notary. It comes from the verifier's side, never from the proof. */
export type NotaryTrust = {
  readonly chainId: number;
  readonly contract: Uint8Array;
  /** Hashes of EVM headers that the verifier got from elsewhere, by block number. */
  readonly headers: ReadonlyMap<number, Uint8Array>;
};

const members = [
  'format',
  'channelId',
  'height',
  'blockHash',
  'historyRoot',
  'chainId',
  'contract',
  'header',
  'transactionIndex',
  'logIndex',
  'receiptProof',
];
const historyDomain = utf8('medseal/history-leaf/v1\n');
const maxHeaderLength = 4_096;
const maxNodes = 16;
const maxNodeLength = 32_768;

/** The id under which a channel is notarized: its name and the genesis block it starts with. */
export function notaryChannelId(channel: string, genesisHash: string): Uint8Array {
  const domain = utf8('medseal/notary-channel/v1\n');
  return sha256(Uint8Array.from([...domain, ...fromHex(genesisHash), ...utf8(channel)]));
}

/** The leaf of a block in the tree over a channel's history, whose index is the block's number. */
export function historyLeafHash(blockHash: Uint8Array): Uint8Array {
  return leafHash(concat(historyDomain, blockHash));
}

/** Reads a proof strictly: exactly the members, nothing beside them. */
export function parseNotaryProof(value: unknown): ParsedNotaryProof {
  if (!isJsonObject(value) || value['format'] !== notaryProofFormat)
    throw refusal('NOTARY_UNKNOWN_FORMAT', 'not a notary proof');
  if (!hasExactly(value, members)) throw malformed('members');
  const nodes = value['receiptProof'];
  if (!Array.isArray(nodes) || nodes.length === 0 || nodes.length > maxNodes) throw malformed('receiptProof');
  return {
    channelId: hexOf(value['channelId'], 32),
    height: whole(value['height']),
    blockHash: hexOf(value['blockHash'], 32),
    historyRoot: hexOf(value['historyRoot'], 32),
    chainId: whole(value['chainId']),
    contract: hexOf(value['contract'], 20),
    header: bytesOf(value['header'], maxHeaderLength),
    transactionIndex: whole(value['transactionIndex']),
    logIndex: whole(value['logIndex']),
    receiptProof: nodes.map((node) => bytesOf(node, maxNodeLength)),
  };
}

/** Reads the `notary` part of a trust policy: `{chainId, contract, trustedHeaders: [{number, hash}]}`. */
export function parseNotaryTrust(value: unknown): NotaryTrust {
  try {
    if (!hasExactly(value, ['chainId', 'contract', 'trustedHeaders'])) throw malformed('notary');
    const list = value['trustedHeaders'];
    if (!Array.isArray(list)) throw malformed('trustedHeaders');
    const headers = new Map<number, Uint8Array>();
    for (const entry of list) {
      if (!hasExactly(entry, ['number', 'hash'])) throw malformed('trustedHeaders');
      const number = whole(entry['number']);
      if (headers.has(number)) throw malformed('a header twice');
      headers.set(number, hexOf(entry['hash'], 32));
    }
    return { chainId: whole(value['chainId']), contract: hexOf(value['contract'], 20), headers };
  } catch (cause) {
    throw new EvidenceError('POLICY_INVALID', { message: 'notary', cause });
  }
}

function hexOf(value: unknown, length: number): Uint8Array {
  if (typeof value !== 'string' || value.length !== 2 * length || !/^[0-9a-f]*$/.test(value))
    throw malformed('hex');
  return fromHex(value);
}

function whole(value: unknown): number {
  if (!Number.isSafeInteger(value) || Number(value) < 0 || Object.is(value, -0)) throw malformed('number');
  return Number(value);
}

function bytesOf(value: unknown, maxLength: number): Uint8Array {
  if (typeof value !== 'string' || value.length > 4 * Math.ceil(maxLength / 3)) throw malformed('base64');
  try {
    return fromBase64(value);
  } catch (cause) {
    throw new EvidenceError('NOTARY_MALFORMED', { message: 'base64', cause });
  }
}

function malformed(member: string): EvidenceError {
  return refusal('NOTARY_MALFORMED', member);
}
