import { readFileSync } from 'node:fs';
import {
  anchorKey,
  checkpointKey,
  discloseRecord,
  fromBase64,
  fromHex,
  hex,
  inclusionProof,
  type Leaf,
  leafBytes,
  leafHash,
  parseBlock,
  type RecordProof,
  recordProof,
  rootHash,
  transactionsOf,
} from '../../evidence/src/index.ts';
import { type CorpusCase, corpusCase } from './case.ts';

type Recording = {
  blocks: Record<string, string>;
  records: { resource: Record<string, unknown>; salt: string }[];
  leaves: Leaf[];
  vkey: string;
  notes: Record<string, string>;
};
type Anchor = { treeSize: number; block: number; txId: string; valid: boolean };

/** Valid proofs, and the loser of a race, from blocks that a ledger of this kind really wrote. */
export function recordedCases(name: 'fabric-3.1.1-bft' | 'solo'): CorpusCase[] {
  const recording = readRecording(name);
  const policy = JSON.stringify(policyOf(recording, name === 'solo' ? 'solo' : 'fabric'));
  const anchors = anchorsIn(recording);
  return anchors.flatMap((anchor) => {
    const later = anchors.find((other) => other.valid && other.block > anchor.block);
    if (later === undefined && name !== 'solo') return [];
    const positions = [...new Set([0, 3, anchor.treeSize - 1])];
    return positions.map((at) => {
      const label = `${name}: record ${at} of ${anchor.treeSize}, block ${anchor.block}`;
      const proof = proofOf(recording, { anchor, later, at, withheld: at === 3 ? ['note', 'status'] : [] });
      return corpusCase(label, proof, policy, anchor.valid ? 'valid' : 'tampered ANCHOR_TX_INVALID');
    });
  });
}

/** A proof of the recorded BFT network and its policy, to be tampered with. */
export function realProof(): { proof: RecordProof; policy: string } {
  const recording = readRecording('fabric-3.1.1-bft');
  const [anchor, later] = anchorsIn(recording).filter(({ valid, block }) => valid && block >= 13) as [
    Anchor,
    Anchor,
  ];
  const proof = proofOf(recording, { anchor, later, at: 7, withheld: ['note'] });
  return { proof, policy: JSON.stringify(policyOf(recording, 'fabric')) };
}

function readRecording(name: string): Recording {
  const url = new URL(`../../evidence/test/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8'));
}

function bytesOfBlock({ blocks }: Recording, number: number): Uint8Array {
  return fromBase64(blocks[number] ?? '');
}

function policyOf(recording: Recording, ledger: 'fabric' | 'solo') {
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
function anchorsIn(recording: Recording): Anchor[] {
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

type Wish = { anchor: Anchor; later: Anchor | undefined; at: number; withheld: string[] };

function proofOf(recording: Recording, { anchor, later, at, withheld }: Wish): RecordProof {
  const hashes = recording.leaves.map((leaf) => leafHash(leafBytes(leaf)));
  const read = (level: number, index: number) =>
    rootHash(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));
  const { resource, salt } = recording.records[at] as Recording['records'][number];
  const last = later?.block ?? anchor.block;
  return recordProof({
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
