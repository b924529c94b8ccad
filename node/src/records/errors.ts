import { AppError } from '../lib/errors.ts';

export type RecordsCode =
  | 'RECORDS_NOT_FOUND'
  | 'RECORDS_DELETED'
  | 'RECORDS_PRECONDITION_REQUIRED'
  | 'RECORDS_PRECONDITION_INVALID'
  | 'RECORDS_VERSION_CONFLICT'
  | 'RECORDS_ID_MISMATCH'
  | 'RECORDS_OWNER_CHANGED'
  | 'RECORDS_PATIENT_UNKNOWN'
  | 'RECORDS_PATIENT_EXISTS'
  | 'RECORDS_PATIENT_IN_USE'
  | 'RECORDS_REFERENCE_UNKNOWN'
  | 'RECORDS_CONDITION_AMBIGUOUS'
  | 'RECORDS_WRITE_FORBIDDEN'
  | 'RECORDS_SEARCH_UNBOUND'
  | 'RECORDS_CURSOR_INVALID'
  | 'RECORDS_TRANSACTION_READ'
  | 'RECORDS_PROOF_PENDING'
  | 'RECORDS_PROOF_UNVERIFIED'
  | 'RECORDS_UNAVAILABLE';

/** What a client is told: the status, and what it may do about it. Never a word about the record, hidden or absent. */
const meanings: Record<RecordsCode, readonly [status: number, text: string]> = {
  RECORDS_NOT_FOUND: [404, 'No such record, or none that may be shown to you.'],
  RECORDS_DELETED: [410, 'The record was deleted; its versions are in its history.'],
  RECORDS_PRECONDITION_REQUIRED: [
    428,
    'An update names the version it replaces: send If-Match with the ETag that you read.',
  ],
  RECORDS_PRECONDITION_INVALID: [
    400,
    'If-Match takes W/"version"; If-None-Exist takes identifier=system|value.',
  ],
  RECORDS_VERSION_CONFLICT: [412, 'The record has another version by now: read it again, and decide anew.'],
  RECORDS_ID_MISMATCH: [400, 'The type or id of the resource is not that of the URL.'],
  RECORDS_OWNER_CHANGED: [422, 'A record cannot move to another patient.'],
  RECORDS_PATIENT_UNKNOWN: [
    422,
    'The patient whom the record is about is not known here, or you may not write for them: take the patient in first.',
  ],
  RECORDS_PATIENT_EXISTS: [
    409,
    'A patient with this resident identity number is known already: search by identifier.',
  ],
  RECORDS_PATIENT_IN_USE: [
    409,
    'Records hang on this patient: a patient is erased (Patient/[id]/$erase), not deleted.',
  ],
  RECORDS_REFERENCE_UNKNOWN: [
    422,
    'A reference leads to nothing that this record may refer to: the same patient, or the directory.',
  ],
  RECORDS_CONDITION_AMBIGUOUS: [412, 'The condition fits more than one record.'],
  RECORDS_WRITE_FORBIDDEN: [403, 'Your role and purpose do not allow this to be written.'],
  RECORDS_SEARCH_UNBOUND: [400, 'Name the patient, an _id or an identifier in the search.'],
  RECORDS_CURSOR_INVALID: [
    400,
    'The link to this page is not valid, or of another user or search: search again.',
  ],
  RECORDS_TRANSACTION_READ: [400, 'A transaction takes no reads beside its writes: send them in a batch.'],
  RECORDS_PROOF_PENDING: [409, 'The record is not anchored yet: try again in some seconds.'],
  RECORDS_PROOF_UNVERIFIED: [
    503,
    'The node could not verify the evidence itself, so it gives no certificate for it.',
  ],
  RECORDS_UNAVAILABLE: [503, 'The records cannot be reached now: try again.'],
};

/** A refused request on records. `status` is what HTTP answers; a hidden record is RECORDS_NOT_FOUND like an absent one. */
export class RecordsError extends AppError<RecordsCode> {
  readonly status: number;
  /** For the client. */
  readonly text: string;

  constructor(code: RecordsCode, options: { message?: string; cause?: unknown } = {}) {
    super(code, options);
    this.name = 'RecordsError';
    [this.status, this.text] = meanings[code];
  }
}
