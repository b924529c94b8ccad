import { AppError } from '../lib/errors.ts';

export type AuditCode = 'AUDIT_ENTRY_INVALID' | 'AUDIT_SEAL_REFUSED';

/** An access that cannot be recorded as it is described. */
export class AuditError extends AppError<AuditCode> {
  constructor(code: AuditCode, options: { message?: string; cause?: unknown } = {}) {
    super(code, options);
    this.name = 'AuditError';
  }
}
