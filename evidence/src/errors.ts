import type { CaseErrorCode } from './case-errors.ts';
import type { NotaryErrorCode } from './evm-errors.ts';

/** Everything this library can refuse, as stable codes. Messages never carry the content that was checked. */
export type EvidenceErrorCode =
  | 'BYTES_INVALID'
  | 'CANONICAL_INVALID'
  | 'COMMITMENT_INVALID'
  | 'DISCLOSURE_INVALID'
  | 'LEAF_INVALID'
  | 'MERKLE_INVALID'
  | 'TILE_INVALID'
  | 'CHECKPOINT_INVALID'
  | 'NOTE_INVALID'
  | 'NOTE_SIGNATURE_INVALID'
  | 'NOTE_NOT_SIGNED'
  | 'VERIFIER_KEY_INVALID'
  | 'COSIGNATURE_INVALID'
  | 'COSIGNATURE_TIME'
  | 'FORK_LOG_UNKNOWN'
  | 'FORK_NOT_PROVED'
  | CaseErrorCode
  | FabricErrorCode
  | NotaryErrorCode
  | ProofErrorCode;

/** Refusals of Fabric blocks, identities, configurations and transactions. */
export type FabricErrorCode =
  | 'BLOCK_TOO_LARGE'
  | 'BLOCK_MALFORMED'
  | 'BLOCK_ENVELOPE_MALFORMED'
  | 'BLOCK_DATA_HASH'
  | 'BLOCK_SUCCESSION'
  | 'BLOCK_SIGNATURES_MALFORMED'
  | 'BLOCK_LAST_CONFIG'
  | 'ORDERER_SIGNATURE'
  | 'ORDERER_UNKNOWN'
  | 'ORDERER_ROLE'
  | 'ORDERER_QUORUM'
  | 'GENESIS_HASH'
  | 'CONFIG_MALFORMED'
  | 'CONFIG_LINEAGE'
  | 'CHANNEL_MISMATCH'
  | 'CERTIFICATE_MALFORMED'
  | 'IDENTITY_MALFORMED'
  | 'IDENTITY_UNKNOWN_MSP'
  | 'IDENTITY_UNTRUSTED'
  | 'IDENTITY_EXPIRED'
  | 'IDENTITY_REVOKED'
  | 'IDENTITY_ROLE'
  | 'TX_MALFORMED'
  | 'TX_ID'
  | 'TX_CREATOR_SIGNATURE'
  | 'TX_PROPOSAL_HASH'
  | 'TX_HEADER_MISMATCH'
  | 'TX_RESPONSE'
  | 'ENDORSEMENT_SIGNATURE'
  | 'ENDORSER_ROLE'
  | 'ENDORSEMENT_POLICY';

/** Refusals of proof files and trust policies. */
export type ProofErrorCode =
  | 'JSON_INVALID'
  | 'JSON_DUPLICATE_KEY'
  | 'PROOF_UNKNOWN_FORMAT'
  | 'PROOF_MALFORMED'
  | 'PROOF_TOO_LARGE'
  | 'BUNDLE_DIGEST'
  | 'RELEASE_MALFORMED'
  | 'RELEASE_SIGNATURE'
  | 'RELEASE_RECORD'
  | 'RELEASE_DECISION'
  | 'RELEASE_DECISION_SIGNATURE'
  | 'CONSENT_MALFORMED'
  | 'CONSENT_COMMITMENT'
  | 'CONSENT_INCLUSION'
  | 'CONSENT_DECISION'
  | 'CONSENT_SCOPE'
  | 'CONSENT_SIGNATURE'
  | 'POLICY_INVALID'
  | 'LEAF_KIND'
  | 'LEAF_DIGEST'
  | 'LEAF_IN_FUTURE'
  | 'LOG_UNKNOWN'
  | 'CHECKPOINT_ORIGIN'
  | 'INCLUSION_INDEX'
  | 'INCLUSION_LENGTH'
  | 'INCLUSION_ROOT'
  | 'GENESIS_ABSENT'
  | 'LEDGER_KIND'
  | 'ANCHOR_BLOCK'
  | 'ANCHOR_TX_ABSENT'
  | 'ANCHOR_TX_INVALID'
  | 'ANCHOR_CHAINCODE'
  | 'ANCHOR_CREATOR'
  | 'ANCHOR_WRITE_ABSENT'
  | 'ANCHOR_MISMATCH'
  | 'CONFIRMATION_ORDER'
  | 'CONFIRMATION_VERSION';

/** A refusal with a stable code. */
export class EvidenceError extends Error {
  readonly code: EvidenceErrorCode;

  constructor(code: EvidenceErrorCode, options: { message?: string; cause?: unknown } = {}) {
    super(
      options.message === undefined ? code : `${code}: ${options.message}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'EvidenceError';
    this.code = code;
  }
}

/** A refusal with a short reason. */
export function refusal(code: EvidenceErrorCode, message: string): EvidenceError {
  return new EvidenceError(code, { message });
}

/** What `work` comes to: its result, or the refusal that it throws. Any other error is thrown on. */
export function attempt<Result>(work: () => Result): Result | EvidenceError {
  try {
    return work();
  } catch (error) {
    if (error instanceof EvidenceError) return error;
    throw error;
  }
}
