export { auditEvent } from './audit-event.ts';
export { type AuditCode, AuditError } from './errors.ts';
export { createAuditSeal } from './seal.ts';
export { findByPatient, findEvent, record } from './store.ts';
export type {
  AuditActor,
  AuditContent,
  AuditEntry,
  AuditEvent,
  AuditInteraction,
  AuditOutcome,
  AuditRow,
  AuditSeal,
  AuditSource,
  AuditStaff,
} from './types.ts';
