import {
  consistencyProof,
  formatCheckpoint,
  leafBytes,
  leafHash,
  nodeHash,
  openNote,
  parseStrictJson,
  parseTrustPolicy,
  signNote,
  treeRoot,
  verifyBundle,
  verifyConsistency,
} from '@medseal/evidence';
import { createLog, origin } from '../evidence/test/proof.ts';
import { realProof } from '../evidence/test/recorded.ts';
import { packed } from '../evidence/test/unpacked.ts';
import type { BenchOptions, Measure } from './harness.ts';
import { timed } from './load.ts';

const recorded = realProof();
const bundle = JSON.stringify(packed(recorded.proof));

/** One process that verifies many bundles of a channel: reading the JSON, every check, the verdict. */
export async function measureBundles({ rounds, quick }: BenchOptions): Promise<Measure[]> {
  const policy = parseTrustPolicy(JSON.parse(recorded.policy));
  const count = quick ? 50 : 500;
  const values: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const took = await timed(() => {
      for (let turn = 0; turn < count; turn += 1)
        if (verifyBundle(parseStrictJson(bundle), policy).verdict !== 'valid')
          throw new Error('a valid bundle was refused');
    });
    if (round > 0) values.push((count * 1000) / took);
  }
  const size = {
    bench: 'evidence',
    measure: 'bundle of a BFT network',
    unit: 'bytes',
    values: [bundle.length],
  };
  return [{ bench: 'evidence', measure: 'bundles verified, BFT', unit: '1/s', values }, size];
}

/** All of a log of 100,000 leaves against its anchors: leaves hashed, each checkpoint's signature, root and consistency. */
export async function measureAudit({ rounds, quick }: BenchOptions): Promise<Measure> {
  const size = quick ? 5_000 : 100_000;
  const log = createLog(1);
  const [first] = log.leaves;
  if (first === undefined) throw new Error('a log without a leaf');
  const leaves = Array.from({ length: size }, (_, at) => ({
    ...first,
    digest: at.toString(16).padStart(64, '0'),
  }));
  const verifiers = [{ name: origin, keyId: log.signer.keyId, publicKey: log.publicKey }];
  const sizes = Array.from({ length: size / 250 }, (_, at) => (at + 1) * 250);
  const read = readerOver(leaves.map((leaf) => leafHash(leafBytes(leaf))));
  const notes = sizes.map((treeSize) => {
    const rootHash = treeRoot(read, treeSize);
    return {
      treeSize,
      rootHash,
      note: signNote(formatCheckpoint({ origin, treeSize, rootHash }), log.signer),
    };
  });
  const values: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const took = await timed(() => {
      const own = readerOver(leaves.map((leaf) => leafHash(leafBytes(leaf))));
      let last = notes[0];
      for (const next of notes) {
        openNote(next.note, verifiers);
        const [oldSize, oldRoot] = [last?.treeSize ?? 0, last?.rootHash ?? next.rootHash];
        const proof = consistencyProof(own, oldSize, next.treeSize);
        const claim = { oldSize, oldRoot, newSize: next.treeSize, newRoot: next.rootHash, proof };
        if (!verifyConsistency(claim)) throw new Error('not consistent');
        last = next;
      }
    });
    if (round > 0) values.push(took);
  }
  return {
    bench: 'evidence',
    measure: `audit of a log of ${size} leaves, ${notes.length} anchors`,
    unit: 'ms',
    values,
  };
}

function readerOver(leaves: Uint8Array[]): (level: number, index: number) => Uint8Array {
  const levels = [leaves];
  for (let below = leaves; below.length > 1; below = levels.at(-1) ?? []) {
    const above: Uint8Array[] = [];
    for (let at = 0; at + 1 < below.length; at += 2)
      above.push(nodeHash(below[at] as Uint8Array, below[at + 1] as Uint8Array));
    levels.push(above);
  }
  return (level, index) => levels[level]?.[index] as Uint8Array;
}
