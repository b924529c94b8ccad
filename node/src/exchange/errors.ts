import { AppError } from '../lib/errors.ts';

export type ExchangeCode =
  // What a caller of this node is told.
  | 'EXCHANGE_REQUEST_INVALID'
  | 'EXCHANGE_NOT_FOUND'
  | 'EXCHANGE_PATIENT_UNKNOWN'
  | 'EXCHANGE_MEMBER_DISABLED'
  | 'EXCHANGE_UNAVAILABLE'
  | 'EXCHANGE_PROOF_PENDING'
  | 'EXCHANGE_PROOF_INVALID'
  // What a partner is told.
  | 'EXCHANGE_REPLAYED';

/** A request that is not answered. `cause` holds the exact reason, for the audit record. */
export class ExchangeError extends AppError<ExchangeCode> {
  constructor(code: ExchangeCode, options: { message?: string; cause?: unknown } = {}) {
    super(code, options);
    this.name = 'ExchangeError';
  }
}

/** Why nothing came from a source, as staff are told. All that is wrong with a reply is one PEER_INVALID_RESPONSE. */
export type SourceFailureCode =
  | 'EXCHANGE_SOURCE_UNKNOWN'
  | 'EXCHANGE_SOURCE_DISABLED'
  | 'PEER_UNREACHABLE'
  | 'PEER_TIMEOUT'
  | 'PEER_CERTIFICATE'
  | 'PEER_REFUSED'
  | 'PEER_UNAVAILABLE'
  | 'PEER_INVALID_RESPONSE';

/** The exact check that a reply failed; for the audit record only. */
export type ReplyCode =
  | 'REPLY_FORM'
  | 'REPLY_SIGNATURE'
  | 'REPLY_SEAL'
  | 'REPLY_PADDING'
  | 'REPLY_CONTENT'
  | 'REPLY_OTHER_REQUEST'
  | 'REPLY_RECEIPT'
  | 'REPLY_DECISION'
  | 'REPLY_SCOPE'
  | 'REPLY_DISCLOSURE'
  | 'REPLY_LEAF'
  | 'REPLY_PATIENTS'
  | 'REPLY_CHECKPOINT'
  | 'REPLY_NOT_ANCHORED'
  | 'REPLY_PROOF';

/** A reply of which nothing is delivered. */
export class ReplyRejected extends AppError<ReplyCode> {
  constructor(code: ReplyCode, options: { cause?: unknown } = {}) {
    super(code, options);
    this.name = 'ReplyRejected';
  }
}
