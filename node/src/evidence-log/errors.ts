import { AppError } from '../lib/errors.ts';

export type EvidenceLogCode =
  | 'EVIDENCE_LEAF_INVALID'
  | 'EVIDENCE_LEAF_MISSING'
  | 'EVIDENCE_LEAF_UNKNOWN'
  | 'EVIDENCE_TILE_MISSING'
  | 'EVIDENCE_LOG_DIVERGED'
  | 'EVIDENCE_HISTORY_DIVERGED'
  | 'EVIDENCE_ANCHOR_INVALID'
  | 'EVIDENCE_ACCESS_UNAVAILABLE'
  | 'EVIDENCE_REQUEST_INVALID'
  | 'WITNESS_REQUEST_INVALID'
  | 'WITNESS_LOG_UNKNOWN'
  | 'WITNESS_SIGNATURE_INVALID'
  | 'WITNESS_PROOF_INVALID'
  | 'WITNESS_LOG_FORKED'
  | 'WITNESS_NOT_ANCHORED';

/** The organisation's own log cannot do what was asked. */
export class EvidenceLogError extends AppError<EvidenceLogCode> {
  constructor(code: EvidenceLogCode, options: { message?: string; cause?: unknown } = {}) {
    super(code, options);
    this.name = 'EvidenceLogError';
  }
}
