import { AppError } from '../../lib/errors.ts';

export type NotaryCode =
  | 'NOTARY_UNREACHABLE'
  | 'NOTARY_WRONG_CHAIN'
  | 'NOTARY_KEY_INVALID'
  | 'NOTARY_REFUSED'
  | 'NOTARY_CONFLICT'
  | 'NOTARY_PROOF_FAILED';

/** The notary's chain or contract did not do what was asked. */
export class NotaryError extends AppError<NotaryCode> {
  constructor(code: NotaryCode, options: { message?: string; cause?: unknown } = {}) {
    super(code, options);
    this.name = 'NotaryError';
  }
}
