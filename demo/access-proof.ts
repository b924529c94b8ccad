import {
  commit,
  fromHex,
  hex,
  type Leaf,
  leafBytes,
  leafHash,
  openNote,
  parseCheckpoint,
  parseVerifierKey,
  verifyInclusion,
} from '@medseal/evidence';

/** Where a leaf stands in a log, as a node shows it. */
export type LeafProof = {
  state?: string;
  leaf: Leaf;
  leafIndex: number;
  inclusionProof: string[];
  checkpoint: string;
};
/** Whether the leaf stands where the proof says, in the log whose head the organisation signed. */
export function isInLog(proof: LeafProof, logKey: string): boolean {
  const { leaf, leafIndex, inclusionProof, checkpoint } = proof;
  const { treeSize, rootHash } = parseCheckpoint(openNote(checkpoint, [parseVerifierKey(logKey)]).text);
  return verifyInclusion({
    leafHash: leafHash(leafBytes(leaf)),
    leafIndex,
    treeSize,
    proof: inclusionProof.map(fromHex),
    rootHash,
  });
}

/** An entry of an access history with what recomputes its leaf. */
export type LoggedEntry = { content: object; salt: string; evidence: LeafProof };

/** Whether the entry is the one that was logged. */
export function isLogged({ content, salt, evidence }: LoggedEntry): boolean {
  return hex(commit('access', content, fromHex(salt))) === evidence.leaf.digest;
}
