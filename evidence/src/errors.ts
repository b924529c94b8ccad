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
  | 'VERIFIER_KEY_INVALID';

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
