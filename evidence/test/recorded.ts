import { readFileSync } from 'node:fs';
import { anchorKey, checkpointKey } from '../src/anchored-write.ts';
import { fromBase64, fromHex, hex } from '../src/bytes.ts';
import { type Block, parseBlock } from '../src/fabric-block.ts';
import { transactionsOf } from '../src/fabric-verify.ts';
import { type Leaf, leafBytes, leafHash } from '../src/leaf.ts';
import { inclusionProof, rootHash } from '../src/merkle.ts';
import { discloseRecord } from '../src/record-commitment.ts';
import { type UnpackedBundle, unpackedBundle } from './unpacked.ts';

/** Blocks that a ledger really wrote, with the log that it anchored. */
export type Recording = {
  blocks: Record<string, string>;
  records: { resource: Record<string, unknown>; salt: string }[];
  leaves: Leaf[];
  vkey: string;
  notes: Record<string, string>;
};
export type Anchor = { treeSize: number; block: number; txId: string; valid: boolean };

export function readRecording(name: 'fabric-3.1.1-bft' | 'solo'): Recording {
  const url = new URL(`vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8'));
}

function bytesOfBlock({ blocks }: Recording, number: number): Uint8Array {
  return fromBase64(blocks[number] ?? '');
}

/** Its blocks, in order. */
export function recordedBlocks(recording: Recording): Block[] {
  return Object.keys(recording.blocks).map((number) => parseBlock(bytesOfBlock(recording, Number(number))));
}

export function recordedPolicy(recording: Recording, ledger: 'fabric' | 'solo') {
  return {
    format: 'medseal/trust-policy/v1',
    ledger,
    channel: 'care',
    chaincode: { name: 'medseal', versions: ['1.0'] },
    genesisHash: hex(parseBlock(bytesOfBlock(recording, 0)).hash),
    logs: [{ organizationId: 'hospital-a', mspId: 'HospitalAMSP', verifierKeys: [recording.vkey] }],
  };
}

/** Which transaction anchored which size, in the order of the ledger. */
export function anchorsIn(recording: Recording): Anchor[] {
  const blocks = Object.keys(recording.blocks).map(Number);
  const sizes = Object.keys(recording.notes).map(Number);
  return blocks.flatMap((block) =>
    transactionsOf(parseBlock(bytesOfBlock(recording, block))).flatMap(({ txId, writes, validationCode }) => {
      if (!writes.some(({ key }) => key === anchorKey('hospital-a'))) return [];
      const treeSize = sizes.find((size) =>
        writes.some(({ key }) => key === checkpointKey('hospital-a', size)),
      );
      return treeSize === undefined ? [] : [{ treeSize, block, txId, valid: validationCode === 0 }];
    }),
  );
}

export type Wish = { anchor: Anchor; later: Anchor | undefined; at: number; withheld: string[] };

export function proofOf(recording: Recording, { anchor, later, at, withheld }: Wish): UnpackedBundle {
  const hashes = recording.leaves.map((leaf) => leafHash(leafBytes(leaf)));
  const read = (level: number, index: number) =>
    rootHash(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));
  const { resource, salt } = recording.records[at] as Recording['records'][number];
  const last = later?.block ?? anchor.block;
  return unpackedBundle({
    disclosure: discloseRecord(resource, fromHex(salt), new Set(withheld.filter((name) => name in resource))),
    leaf: recording.leaves[at] as Leaf,
    leafIndex: at,
    inclusionProof: inclusionProof(read, at, anchor.treeSize).map(hex),
    checkpoint: recording.notes[anchor.treeSize] as string,
    anchor: { txId: anchor.txId, blockNumber: anchor.block },
    block: bytesOfBlock(recording, anchor.block),
    configBlocks: configsOf(recording, last),
    ...(later === undefined
      ? {}
      : { confirmation: { txId: later.txId, block: bytesOfBlock(recording, later.block) } }),
  });
}

/** Blocks without endorsed transactions are configurations. */
function configsOf(recording: Recording, last: number): Uint8Array[] {
  return Object.keys(recording.blocks)
    .map(Number)
    .filter((number) => number < last)
    .map((number) => bytesOfBlock(recording, number))
    .filter((bytes) => transactionsOf(parseBlock(bytes)).length === 0);
}

/** A proof of the recorded BFT network and its policy, to be tampered with. */
export function realProof(): { proof: UnpackedBundle; policy: string } {
  const recording = readRecording('fabric-3.1.1-bft');
  const [anchor, later] = anchorsIn(recording).filter(({ valid, block }) => valid && block >= 13) as [
    Anchor,
    Anchor,
  ];
  const proof = proofOf(recording, { anchor, later, at: 7, withheld: ['note'] });
  return { proof, policy: JSON.stringify(recordedPolicy(recording, 'fabric')) };
}
