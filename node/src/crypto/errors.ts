import { AppError } from '../lib/errors.ts';

export type CryptoCode =
  | 'SEAL_REFUSED'
  | 'KEY_FILE_REFUSED'
  | 'KEY_FILE_EXISTS'
  | 'KEY_FILE_UNREADABLE'
  | 'KEY_FILE_EXPOSED'
  | 'KEY_FILE_PASSPHRASE'
  | 'KEY_FILE_FOREIGN'
  | 'PATIENT_KEY_DESTROYED';

/**
 * A failure of the key store or of a seal. Whatever fails while opening is one SEAL_REFUSED with one message: which
 * byte was wrong is nobody's business (padding-oracle class of attacks).
 */
export class CryptoError extends AppError<CryptoCode> {
  constructor(code: CryptoCode, options: { message?: string; cause?: unknown } = {}) {
    super(code, options);
    this.name = 'CryptoError';
  }
}
