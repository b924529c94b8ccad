import { AppError } from '../lib/errors.ts';

export type ConsentCode =
  | 'CONSENT_INVALID'
  | 'CONSENT_UNSUPPORTED'
  | 'CONSENT_DRAFT_CHANGED'
  | 'CONSENT_DRAFT_EXPIRED'
  | 'CONSENT_DUPLICATE'
  | 'CONSENT_LIMIT'
  | 'CONSENT_RECIPIENT_UNKNOWN'
  | 'CONSENT_NOT_FOUND'
  | 'CONSENT_NOT_ACTIVE'
  | 'CONSENT_FORBIDDEN'
  | 'CONSENT_PATIENT_UNKNOWN'
  | 'CONSENT_LEDGER_INVALID'
  | 'CONSENT_UNREADABLE'
  | 'CONSENT_REQUEST_INVALID'
  | 'DECISION_NOT_FOUND'
  | 'DECISION_UNREADABLE'
  | 'POLICY_INVALID'
  | 'POLICY_UNAVAILABLE';

const placeText = /^[A-Za-z0-9_.]{1,120}$/;

/** A consent or a decision that cannot be made as asked. `field` names the place, never the value. */
export class ConsentError extends AppError<ConsentCode> {
  readonly field: string | undefined;

  constructor(code: ConsentCode, options: { message?: string; cause?: unknown; field?: string } = {}) {
    const { field, message, ...rest } = options;
    // Names of members come from the client, too; one that is no plain name is not repeated.
    const place = field !== undefined && placeText.test(field) ? field : undefined;
    const text = message ?? (place === undefined ? undefined : `At: ${place}.`);
    super(code, text === undefined ? rest : { ...rest, message: text });
    this.name = 'ConsentError';
    this.field = place;
  }
}
