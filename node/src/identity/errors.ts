import { AppError } from '../lib/errors.ts';

export type IdentityCode =
  | 'IDENTITY_TOKEN_MISSING'
  | 'IDENTITY_TOKEN_INVALID'
  | 'IDENTITY_PROVIDER_UNREACHABLE'
  | 'IDENTITY_FORBIDDEN'
  | 'IDENTITY_ACTOR_MISSING'
  | 'IDENTITY_ENROLMENT_CODE_INVALID'
  | 'IDENTITY_PASSKEY_REFUSED'
  | 'IDENTITY_CHALLENGE_INVALID'
  | 'IDENTITY_PATIENT_UNKNOWN'
  | 'IDENTITY_NATIONAL_ID_INVALID'
  | 'IDENTITY_PSEUDONYM_UNAVAILABLE'
  | 'IDENTITY_PSEUDONYM_PROOF_INVALID'
  | 'IDENTITY_PSEUDONYM_REQUEST_INVALID'
  | 'IDENTITY_PSEUDONYM_LIMIT'
  | 'IDENTITY_PEER_UNKNOWN'
  | 'IDENTITY_PEER_DISABLED'
  | 'IDENTITY_PEER_SIGNATURE'
  | 'IDENTITY_PEER_CLOCK'
  | 'IDENTITY_MEMBER_UNKNOWN'
  | 'IDENTITY_MEMBER_INVALID'
  | 'IDENTITY_REQUEST_INVALID';

/** A failure to establish who acts, or that they may. */
export class IdentityError extends AppError<IdentityCode> {
  constructor(code: IdentityCode, options: { message?: string; cause?: unknown } = {}) {
    super(code, options);
    this.name = 'IdentityError';
  }
}
