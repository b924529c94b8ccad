export { anchorKey, checkpointKey } from './anchored-write.ts';
export {
  type BlockTransaction,
  type BundleParts,
  bundleFormat,
  type EvidenceBundle,
  evidenceBundle,
  type ParsedBundle,
  parseBundle,
} from './bundle.ts';
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
  type CaseArchive,
  type CaseParts,
  type CaseStepPlace,
  caseArchive,
  caseArchiveFormat,
} from './case-archive.ts';
export type { CaseCheck, CaseCheckName } from './case-checks.ts';
export { type AnchoredLog, openItem } from './case-claims.ts';
export {
  type CaseClaim,
  type CaseContent,
  type CaseDecision,
  type CaseDocument,
  type CaseExhibit,
  type CaseFiling,
  type CaseFinding,
  type CaseOpening,
  type CaseSubject,
  type ClaimFinding,
  type ClaimName,
  caseCommitment,
  exhibitOf,
  type LoggedItem,
  maxCaseConsents,
  maxCaseExhibits,
  parseCaseDocument,
} from './case-documents.ts';
export type { CaseErrorCode } from './case-errors.ts';
export { type CaseQuestion, examineCase, isAbout } from './case-examine.ts';
export { type EntryFacts, factsOf } from './case-facts.ts';
export {
  anchorMember,
  type CaseLedger,
  type ConsentVersion,
  consentMember,
  referencesOf,
} from './case-references.ts';
export { caseReport, claimTexts, findingTexts, withheldText } from './case-report.ts';
export { type CaseState, parseCaseState } from './case-state.ts';
export { type CaseVerdict, verifyCase } from './case-verify.ts';
export type { CheckHeading, CheckStatus } from './check-list.ts';
export type { NotaryPart } from './check-notary.ts';
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
  splitNote,
  verifierKey,
  verifyEd25519,
} from './checkpoint.ts';
export type { Check, CheckName } from './checks.ts';
export { type CommitmentDomain, commit } from './commitment.ts';
export {
  type Cosignature,
  cosign,
  cosigner,
  cosignerKey,
  openCosignatures,
  parseCosignerKey,
  requireTimely,
  witnessKey,
  witnessName,
  witnessOf,
} from './cosignature.ts';
export {
  EvidenceError,
  type EvidenceErrorCode,
  type FabricErrorCode,
  type ProofErrorCode,
} from './errors.ts';
export { type EvmHeader, parseEvmHeader } from './evm-chain.ts';
export type { NotaryCheck, NotaryCheckName } from './evm-checks.ts';
export type { NotaryErrorCode } from './evm-errors.ts';
export {
  historyLeafHash,
  type NotaryProof,
  type NotaryTrust,
  notaryChannelId,
  notaryProofFormat,
  parseNotaryTrust,
} from './evm-notary-proof.ts';
export { type HistoryBlock, type NotaryPolicy, type NotaryVerdict, verifyNotaryProof } from './evm-verify.ts';
export {
  type Block,
  dataHashOf,
  encodeHeader,
  parseBlock,
  requireSuccessor,
  validationCodes,
} from './fabric-block.ts';
export { type EndorsementPolicy, type TransactionSigners, verifyTransaction } from './fabric-endorsement.ts';
export type { Identity, Msp, Role } from './fabric-msp.ts';
export {
  type LedgerRead,
  type LedgerWrite,
  parseTransaction,
  type Transaction,
} from './fabric-transaction.ts';
export { type ChannelTrust, channelTrust, isConfigBlock, type Ordering } from './fabric-trust.ts';
export {
  applyConfig,
  type BlockRequirements,
  followConfig,
  type TransactionView,
  transactionsOf,
  type VerifiedBlock,
  verifyBlock,
} from './fabric-verify.ts';
export {
  type ForkKind,
  type ForkProof,
  type ForkVerdict,
  forkProof,
  forkProofFormat,
  verifyForkProof,
} from './fork-proof.ts';
export { type Leaf, type LeafKind, leafBytes, leafHash, leafOf, parseLeaf } from './leaf.ts';
export {
  type ConsistencyClaim,
  consistencyProof,
  type GrowthPath,
  growthPath,
  growthRoots,
  type HashReader,
  type InclusionClaim,
  inclusionProof,
  inclusionProofs,
  nodeHash,
  rootHash,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
export { isSoundPasskey, type PasskeyVerifier, passkeyVerifier } from './passkey.ts';
export {
  commitRecord,
  type DisclosedElement,
  discloseRecord,
  disclosureMatches,
  openDisclosure,
  type RecordDisclosure,
  type WithheldElement,
} from './record-commitment.ts';
export { headings, limits, marks, type Text, verdictTexts } from './report.ts';
export { parseStrictJson } from './strict-json.ts';
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
  tilesForInclusions,
  tilesForRoot,
} from './tiles.ts';
export { parseTrustPolicy, type TrustedLog, type TrustPolicy, trustPolicyFormat } from './trust-policy.ts';
export { type BundleVerdict, type Verdict, verifyBundle } from './verify-bundle.ts';
export {
  judgeWitnesses,
  parseWitnessPolicy,
  type WitnessPolicy,
  type WitnessVerdict,
} from './witness-policy.ts';
export { WrittenNumber } from './written-number.ts';
