import { AppError } from '../lib/errors.ts';

export type DisputeCode =
  // What a caller of this node is told.
  | 'DISPUTE_REQUEST_INVALID'
  | 'DISPUTE_NOT_FOUND'
  | 'DISPUTE_ACCESS_UNKNOWN'
  | 'DISPUTE_EXHIBIT_INVALID'
  | 'DISPUTE_LIMIT'
  | 'DISPUTE_NOT_PARTY'
  | 'DISPUTE_STATE'
  | 'DISPUTE_NOT_WITHHELD'
  | 'DISPUTE_EARLY'
  | 'DISPUTE_NOT_FILED'
  | 'DISPUTE_NOT_ANCHORED'
  | 'DISPUTE_INCOMPLETE'
  | 'DISPUTE_TOO_LARGE'
  | 'DISPUTE_UNREADABLE'
  // What a partner is told.
  | 'DISPUTE_REQUEST_REFUSED'
  | 'DISPUTE_NOT_ON_LEDGER'
  | 'DISPUTE_COMMITMENT'
  // What stops the projection.
  | 'DISPUTE_LEDGER_INVALID';

/** A step of a case that cannot be taken as asked. The message never carries what a document says. */
export class DisputeError extends AppError<DisputeCode> {
  constructor(code: DisputeCode, options: { message?: string; cause?: unknown } = {}) {
    super(code, options);
    this.name = 'DisputeError';
  }
}
