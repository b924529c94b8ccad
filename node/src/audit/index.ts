export { auditEvent } from './audit-event.ts';
export { type AuditCode, AuditError } from './errors.ts';
export { createAuditSeal } from './seal.ts';
export type {
  AuditActor,
  AuditContent,
  AuditEntry,
  AuditEvent,
  AuditInteraction,
  AuditOutcome,
  AuditSeal,
  AuditSource,
  AuditStaff,
} from './types.ts';
