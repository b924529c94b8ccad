/** A member of staff as an audit event names them. */
export type AuditStaff = { staffId: string; displayName: string; roles: readonly string[] };

/** Who acted. The actors of identity/ fit without conversion. */
export type AuditActor =
  | ({ kind: 'staff'; organizationId: string } & AuditStaff)
  | { kind: 'patient'; patientId: string }
  | { kind: 'peer'; organizationId: string; mspId: string; staff: AuditStaff }
  | { kind: 'system'; name: string };

/** What was done. The first group are FHIR RESTful interactions and operations, the second acts of the alliance. */
export type AuditInteraction =
  | 'read'
  | 'vread'
  | 'search'
  | 'history'
  | 'everything'
  | 'create'
  | 'update'
  | 'delete'
  | 'transaction'
  | 'batch'
  | 'request'
  | 'disclose'
  | 'receive'
  | 'grant'
  | 'revoke'
  | 'break-glass'
  | 'ask-erasure'
  | 'erase'
  | 'withdraw-erasure'
  | 'enrol'
  | 'unenrol'
  | 'login'
  | 'administer'
  | 'dispute';

export type AuditOutcome = 'success' | 'denied' | 'failed';

/** One act to be recorded; of one patient at most (an act on several patients is several entries). */
export type AuditEntry = {
  interaction: AuditInteraction;
  outcome: AuditOutcome;
  actor: AuditActor;
  /** ISO 8601, UTC, milliseconds. */
  at: string;
  /** Logical id of the Patient at this hospital. */
  patientId?: string | undefined;
  /** v3-ActReason code, e.g. TREAT. */
  purpose?: string | undefined;
  /** Relative references of what was touched, e.g. `Observation/1` or `Observation/1/_history/2`. */
  instances?: readonly string[] | undefined;
  /** What was asked: path and names of the parameters; never a value that names a person or a finding. */
  query?: string | undefined;
  /** Stable codes or rule ids that say why it was denied or failed. */
  reasons?: readonly string[] | undefined;
  /** Id of the decision receipt this act rests on. */
  decisionId?: string | undefined;
  requestId?: string | undefined;
  /** The other organisation of an exchange. */
  counterpart?: string | undefined;
  /** IP address of the client, where it is kept. */
  clientAddress?: string | undefined;
};

/** The node that writes the events. */
export type AuditSource = { organizationId: string; nodeUrl?: string | undefined };

/** A FHIR R4 AuditEvent. */
export type AuditEvent = { resourceType: 'AuditEvent'; id: string } & Record<string, unknown>;

/** What is sealed in a row: the event and the salt of its commitment in the evidence log. */
export type AuditContent = { salt: string; auditEvent: AuditEvent };

/** Seals events at rest; who read whose records is personal data itself. */
export type AuditSeal = {
  seal(content: AuditContent): Uint8Array;
  open(sealed: Uint8Array, eventId: string): AuditContent;
};
