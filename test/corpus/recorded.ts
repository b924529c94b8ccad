import { anchorsIn, proofOf, readRecording, recordedPolicy } from '../../evidence/test/recorded.ts';
import { type CorpusCase, corpusCase } from './case.ts';

/** Valid proofs, and the loser of a race, from blocks that a ledger of this kind really wrote. */
export function recordedCases(name: 'fabric-3.1.1-bft' | 'solo'): CorpusCase[] {
  const recording = readRecording(name);
  const policy = JSON.stringify(recordedPolicy(recording, name === 'solo' ? 'solo' : 'fabric'));
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
