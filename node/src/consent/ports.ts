import type { AuditEntry } from '../audit/index.ts';
import type { Assertion, VerifiedAssertion } from '../identity/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { Queryable } from '../lib/sql.ts';

/** The compiled policy (adapters/opa fits). Throws rather than guess; what it returns is checked by the caller. */
export type PolicyPort = {
  /** SHA-256 of policy.wasm, hex. */
  readonly digest: string;
  readonly wasm: Uint8Array;
  evaluate(input: unknown): unknown;
  /** Evaluates with another version of the policy; `wasm` must have this digest. */
  evaluateWith(policy: { digest: string; wasm: Uint8Array }, input: unknown): unknown;
};

/** How long this node's view of the ledger counts: milliseconds since the epoch, 0 when it never did. */
export type LedgerView = { freshUntil(): number };

/** The ledger, as far as consents need it (adapters/fabric fits). */
export type LedgerPort = {
  submit(contract: string, transaction: string, args: string[]): Promise<{ txId: string }>;
  evaluate(contract: string, transaction: string, args: string[]): Promise<string>;
  transactionStatus(txId: string): Promise<'valid' | 'invalid' | 'absent'>;
};

/** The evidence log: leaves are appended in the caller's transaction (evidence-log `append` fits). */
export type EvidencePort = {
  append(
    tx: Queryable,
    leaves: { kind: 'consent' | 'decision'; digest: Uint8Array; at: string }[],
  ): Promise<readonly (bigint | string | number)[]>;
};

/** The record of accesses: `record` joins the caller's transaction (last in it), `write` resolves when durable. */
export type AccessPort = {
  record(tx: Queryable, entries: AuditEntry[]): Promise<void>;
  write(entry: AuditEntry): Promise<void>;
};

/** Verifies that the patient signed `challenge` with their passkey (identity's `Patients` fits). */
export type AssertionPort = {
  verifyAssertion(
    tx: Queryable,
    request: { patientId: PatientId; assertion: Assertion; challenge: Uint8Array },
  ): Promise<VerifiedAssertion>;
};
