export {
  base64,
  base64url,
  concat,
  equalBytes,
  fromBase64,
  fromBase64url,
  fromHex,
  fromUtf8,
  hex,
  sha256,
  utf8,
} from './bytes.ts';
export { canonicalJson } from './canonical.ts';
export {
  type Checkpoint,
  formatCheckpoint,
  type NoteSigner,
  type NoteVerifier,
  noteSigner,
  type OpenedNote,
  openNote,
  parseCheckpoint,
  parseVerifierKey,
  signNote,
  verifierKey,
  verifyEd25519,
} from './checkpoint.ts';
export { type CommitmentDomain, commit } from './commitment.ts';
export { EvidenceError, type EvidenceErrorCode } from './errors.ts';
export { type Leaf, type LeafKind, leafBytes, leafHash, leafOf, parseLeaf } from './leaf.ts';
export {
  type ConsistencyClaim,
  consistencyProof,
  type HashReader,
  type InclusionClaim,
  inclusionProof,
  nodeHash,
  rootHash,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
export {
  commitRecord,
  type DisclosedElement,
  discloseRecord,
  disclosureMatches,
  openDisclosure,
  type RecordDisclosure,
  type WithheldElement,
} from './record-commitment.ts';
export {
  appendToTiles,
  type Tile,
  type TileId,
  type TileReader,
  type TileWidth,
  tileHashReader,
  tilePath,
  tilesForAppend,
  tilesForConsistency,
  tilesForInclusion,
  tilesForRoot,
} from './tiles.ts';
