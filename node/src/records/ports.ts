import type { AuditEntry } from '../audit/index.ts';
import type { Decision, DecisionRequest, PreparedDecision, RecordDescriptor } from '../consent/index.ts';
import type { PatientKey } from '../crypto/index.ts';
import type { Companion } from '../evidence-log/index.ts';
import type { Pseudonym } from '../lib/brand.ts';
import type { Queryable } from '../lib/sql.ts';

/** The consent module: decides about one patient's records, then about each record (consent/ fits). */
export type ConsentPort = {
  decide(request: DecisionRequest): Promise<Decision>;
  /** Like `decide`, but the decision becomes durable with the access that is recorded together with it. */
  prepare(request: DecisionRequest, key?: PatientKey): Promise<PreparedDecision>;
  releases(decision: Decision, descriptor: RecordDescriptor): 'release' | 'withhold';
};

/** The evidence log: leaves are appended in the caller's transaction (evidence-log `append` fits). */
export type LogPort = {
  append(tx: Queryable, leaves: { kind: 'record'; digest: Uint8Array; at: string }[]): Promise<bigint[]>;
};

/** Records of access: `write` resolves when the entry is durable, `record` joins the caller's transaction, last. */
export type AccessPort = {
  write(entry: AuditEntry, companion?: Companion): Promise<void>;
  record(tx: Queryable, entries: AuditEntry[]): Promise<void>;
};

/** The alliance's pseudonyms of people (identity/ `pseudonymsOf` fits); rejects while the regulator is away. */
export type PseudonymPort = (nationalIds: readonly string[]) => Promise<readonly Pseudonym[]>;
