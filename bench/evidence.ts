import { createHash, randomBytes } from 'node:crypto';
import { commitRecord, inclusionProof, nodeHash, verifyInclusion } from '@medseal/evidence';
import { dataFolder, readBundles } from './bundles.ts';
import { measureAudit, measureBundles } from './evidence-bundles.ts';
import { measureCommand } from './evidence-command.ts';
import type { Bench, BenchOptions, Measure } from './harness.ts';
import { timed } from './load.ts';

type Resource = Record<string, unknown>;

/** Every level of a complete tree over `leaves`: level 0 are the leaves. */
function levelsOf(leaves: Uint8Array[]): Uint8Array[][] {
  const levels = [leaves];
  for (let below = leaves; below.length > 1; below = levels.at(-1) ?? []) {
    const above: Uint8Array[] = [];
    for (let at = 0; at + 1 < below.length; at += 2)
      above.push(nodeHash(below[at] as Uint8Array, below[at + 1] as Uint8Array));
    levels.push(above);
  }
  return levels;
}

async function rateOf(count: number, work: () => void): Promise<number> {
  return (count * 1000) / (await timed(work));
}

/** Proofs of places all over a log of 2^17 leaves, made and checked. */
async function measureProofs({ rounds, quick }: BenchOptions): Promise<Measure[]> {
  const treeSize = 131_072;
  const count = quick ? 500 : 5_000;
  const leaves = Array.from({ length: treeSize }, () => Uint8Array.from(randomBytes(32)));
  const levels = levelsOf(leaves);
  const rootHash = levels.at(-1)?.[0] as Uint8Array;
  const reader = (level: number, index: number): Uint8Array => levels[level]?.[index] as Uint8Array;
  const places = Array.from({ length: count }, (_, turn) => (turn * 7_919) % treeSize);
  const made: number[] = [];
  const checked: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const proofs: Uint8Array[][] = [];
    const making = await rateOf(count, () => {
      for (const leafIndex of places) proofs.push(inclusionProof(reader, leafIndex, treeSize));
    });
    const checking = await rateOf(count, () => {
      places.forEach((leafIndex, at) => {
        const claim = {
          leafHash: leaves[leafIndex] as Uint8Array,
          leafIndex,
          treeSize,
          proof: proofs[at] ?? [],
          rootHash,
        };
        if (!verifyInclusion(claim)) throw new Error('a valid proof was refused');
      });
    });
    if (round > 0) made.push(making);
    if (round > 0) checked.push(checking);
  }
  return [
    { bench: 'evidence', measure: 'inclusion proofs made, log of 131,072', unit: '1/s', values: made },
    { bench: 'evidence', measure: 'inclusion proofs verified', unit: '1/s', values: checked },
  ];
}

/** Commitments with selective disclosure against one hash over the whole JSON. */
async function measureCommitments(options: BenchOptions): Promise<Measure> {
  const { patients } = await readBundles(dataFolder(options), 1);
  const resources = patients.flatMap(({ texts }) => texts.map((text) => JSON.parse(text) as Resource));
  const salt = Uint8Array.from(randomBytes(32));
  const ours: number[] = [];
  const plain: number[] = [];
  for (let round = 0; round <= options.rounds; round += 1) {
    const committing = await rateOf(resources.length, () => {
      for (const resource of resources) commitRecord(resource, salt);
    });
    const hashing = await rateOf(resources.length, () => {
      for (const resource of resources)
        createHash('sha256').update(salt).update(JSON.stringify(resource)).digest();
    });
    if (round > 0) ours.push(committing);
    if (round > 0) plain.push(hashing);
  }
  const baseline = { name: 'SHA-256 of the plain JSON', values: plain };
  return { bench: 'evidence', measure: 'record commitments', unit: '1/s', values: ours, baseline };
}

export const bench: Bench = {
  name: 'evidence',
  about: 'commitments of records, inclusion proofs, bundles, audit of a log',
  run: async (options) => [
    await measureCommitments(options),
    ...(await measureProofs(options)),
    ...(await measureBundles(options)),
    ...(await measureCommand(options)),
    await measureAudit(options),
  ],
};
