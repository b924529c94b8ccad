import { keccak_256 } from '@noble/hashes/sha3.js';
import { base64, concat, fromHex, hex, sha256, utf8 } from '../src/bytes.ts';
import {
  historyLeafHash,
  type NotaryProof,
  notaryChannelId,
  notaryProofFormat,
} from '../src/evm-notary-proof.ts';
import { type HashReader, inclusionProof, rootHash } from '../src/merkle.ts';

type Item = Uint8Array | Item[];
export const contract = '5fbdb2315678afecb367f032d93f642f64180aa3';
export const chainId = 31_337;
const topic = keccak_256(utf8('Notarized(bytes32,uint64,bytes32,bytes32,uint64,uint32)'));

/** What the notary records of a channel. */
export type Notarized = { number: number; hash: Uint8Array; historyRoot: Uint8Array };

/** A channel's history up to `height`: `known` blocks where they stand, made up ones elsewhere. */
export function historyOf(height: number, known: readonly { number: number; hash: Uint8Array }[]) {
  const hashes = Array.from({ length: height + 1 }, (_, number) => sha256(utf8(`block ${number}`)));
  for (const { number, hash } of known) if (number <= height) hashes[number] = hash;
  const leaves = hashes.map(historyLeafHash);
  const read: HashReader = (level, index) =>
    rootHash(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
  const head: Notarized = {
    number: height,
    hash: hashes[height] ?? new Uint8Array(0),
    historyRoot: rootHash(leaves),
  };
  return { hashes, head, path: (number: number) => inclusionProof(read, number, height + 1).map(hex) };
}

/** A block of an EVM chain with one transaction, which had the notary record the channel up to `block`. */
export function notarize(
  { channel, genesisHash }: { channel: string; genesisHash: string },
  block: Notarized,
): { proof: NotaryProof; trusted: { chainId: number; contract: string; trustedHeaders: object[] } } {
  const channelId = notaryChannelId(channel, genesisHash);
  const event = [
    fromHex(contract),
    [topic, channelId, word(block.number)],
    concat(block.hash, block.historyRoot, word(1), word(2)),
  ];
  const receipt = concat(Uint8Array.of(2), rlp([Uint8Array.of(1), word(9), new Uint8Array(256), [event]]));
  // The only leaf of the trie: its path is RLP(0) = 80.
  const node = rlp([Uint8Array.of(0x20, 0x80), receipt]);
  const filled = (length: number) => new Uint8Array(length).fill(7);
  const header = rlp([
    ...[filled(32), filled(32), filled(20), filled(32), filled(32), keccak_256(node), filled(256)],
    ...[new Uint8Array(0), Uint8Array.of(3), filled(4), filled(3), Uint8Array.of(0x6a, 0x50, 0, 0)],
    ...[new Uint8Array(0), filled(32), filled(8), filled(4)],
  ]);
  const proof = {
    format: notaryProofFormat,
    channelId: hex(channelId),
    height: block.number,
    blockHash: hex(block.hash),
    historyRoot: hex(block.historyRoot),
    chainId,
    contract,
    header: base64(header),
    transactionIndex: 0,
    logIndex: 0,
    receiptProof: [base64(node)],
  } as const;
  const trustedHeaders = [{ number: 3, hash: hex(keccak_256(header)) }];
  return {
    proof: { ...proof, receiptProof: [...proof.receiptProof] },
    trusted: { chainId, contract, trustedHeaders },
  };
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setBigUint64(24, BigInt(value));
  return bytes;
}

function rlp(item: Item): Uint8Array {
  if (!Array.isArray(item)) {
    const [first] = item;
    return item.length === 1 && first !== undefined && first < 0x80
      ? item
      : concat(prefix(0x80, item.length), item);
  }
  const content = concat(...item.map(rlp));
  return concat(prefix(0xc0, content.length), content);
}

function prefix(base: number, length: number): Uint8Array {
  if (length < 56) return Uint8Array.of(base + length);
  return length < 256
    ? Uint8Array.of(base + 56, length)
    : Uint8Array.of(base + 57, length >> 8, length & 255);
}
