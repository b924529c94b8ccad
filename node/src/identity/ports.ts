import type { AuditEntry } from '../audit/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { Queryable } from '../lib/sql.ts';

/** The ledger, as far as identity needs it (adapters/fabric fits). */
export type LedgerPort = {
  submit(
    contract: string,
    transaction: string,
    args: string[],
  ): Promise<{ txId: string; blockNumber: number | bigint; result: string }>;
  evaluate(contract: string, transaction: string, args: string[]): Promise<string>;
};

/** The evidence log: a leaf is written in the caller's transaction (evidence-log `append` fits). */
export type EvidencePort = {
  append(
    tx: Queryable,
    leaves: { kind: 'administration'; digest: Uint8Array; at: string }[],
  ): Promise<readonly (string | number | bigint)[]>;
};

/** Records acts in the caller's transaction: sealed audit event, leaf, place in the patient's sequence (evidence-log fits). */
export type AccessPort = { record(tx: Queryable, entries: AuditEntry[]): Promise<void> };

/** Carries a request to a member's node (adapters/peers fits). Rejects with an AppError whose code starts with PEER_. */
export type PeerPort = {
  send(
    request: PeerRequest,
  ): Promise<{ status: number; fields: Readonly<Record<string, string>>; body: Uint8Array }>;
};

export type PeerRequest = {
  member: { organizationId: string; mspId: string; nodeUrl: string; tlsFingerprint: string };
  method: 'POST';
  path: string;
  fields: Readonly<Record<string, string>>;
  body: Uint8Array;
};

/** Whether this hospital keeps records of a patient; one who is there is not erased before `tx` ends. */
export type PatientDirectory = { exists(tx: Queryable, patientId: PatientId): Promise<boolean> };

/** Verifies signature, issuer, audience and times of a bearer token and returns its claims (adapters/oidc). */
export type TokenVerifier = { verify(token: string): Promise<Record<string, unknown>> };

/** Carries blinded elements to the alliance's identity service and brings its answer back. */
export type EvaluationTransport = (request: EvaluationRequest) => Promise<unknown>;

/** Body of an evaluation request: ristretto255 elements, hex. */
export type EvaluationRequest = { blinded: string[] };
