import type { AuditEntry } from '../audit/index.ts';
import type {
  Decision,
  DecisionRequest,
  Permit,
  PreparedDecision,
  RecordDescriptor,
} from '../consent/index.ts';
import type { PatientKey } from '../crypto/index.ts';
import type { LeafEvidence } from '../evidence-log/index.ts';
import type { Resource } from '../fhir/index.ts';
import type { PatientId, Pseudonym } from '../lib/brand.ts';
import type { Queryable } from '../lib/sql.ts';

/** The consent module (consent/ `Decisions` fits). */
export type ConsentPort = {
  /** A decision that becomes durable, with its leaf in the log, with what the caller writes; before that nothing leaves. */
  prepare(request: DecisionRequest, key?: PatientKey): Promise<PreparedDecision>;
  releases(decision: Decision, descriptor: RecordDescriptor): 'release' | 'withhold';
  /** Whether the consents a permit rests on are unchanged; a revocation waits until the transaction ends. */
  stillHolds(tx: Queryable, decision: Decision): Promise<boolean>;
};

/** A record opened for a partner, whole, with what its commitment needs (records/ `ReleasedRecord` fits). */
export type ReleasedRecord = {
  resource: Resource;
  /** Of its JSON, in bytes of UTF-8. */
  length: number;
  versionId: string;
  leafId: bigint;
  contentSalt: Uint8Array;
};

/** A patient with their key, good for the request that asked (records/ `KnownPatient` fits). */
export type KnownPatient = { patientId: PatientId; key: PatientKey };

/** The records module. */
export type RecordsPort = {
  /** The patient of this hospital whom the alliance's pseudonym means. */
  findPatient(pseudonym: Pseudonym): Promise<KnownPatient | undefined>;
  /** 18-digit national id of a patient of this hospital. */
  nationalIdOf(patientId: PatientId): Promise<string | undefined>;
  /** Opens what the decision releases, at most `count`, the newest first; `omitted`: more, for which there is no room. */
  openForRelease(request: {
    patientId: PatientId;
    key: PatientKey;
    types: readonly string[];
    decision: Permit;
    count: number;
  }): Promise<{ records: ReleasedRecord[]; omitted: number }>;
};

/** An anchored checkpoint; evidence-log `AnchoredCheckpoint` fits. */
export type Anchor = { rootHash: Uint8Array; txId: string; blockNumber: number };

/** The evidence log. */
export type LogPort = {
  proofsFor(leafIds: readonly bigint[]): Promise<LeafEvidence[]>;
  /** A member's checkpoint of exactly this size as this node itself read it from the ledger. */
  findAnchor(organizationId: string, treeSize: number): Promise<Anchor | undefined>;
};

/** Records accesses in the caller's transaction: sealed audit event, leaf, place in the patient's sequence. */
export type AccessPort = { record(tx: Queryable, entries: AuditEntry[]): Promise<void> };

/** Alliance pseudonyms of people; rejects while the identity service is away. */
export type PseudonymPort = { pseudonymsOf(nationalIds: readonly string[]): Promise<Pseudonym[]> };
