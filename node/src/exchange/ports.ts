import type { AuditEntry } from '../audit/index.ts';
import type { LeafEvidence } from '../evidence-log/index.ts';
import type { Resource } from '../fhir/index.ts';
import type { Actor } from '../identity/index.ts';
import type { PatientId, Pseudonym } from '../lib/brand.ts';
import type { Queryable } from '../lib/sql.ts';
import type { DataPeriod, DenialReason, ExchangePurpose } from './types.ts';

/** What is known of a record before it is opened to anybody; the decision is applied to it. */
export type RecordDescriptor = { type: string; id: string; date?: string; labels: string[] };

/** What the exchange asks of a decision and its receipt (consent/ `Decision` fits). */
export type DecisionReceiptView = { decisionId: string; consents: { id: string; version: number }[] };
export type ExchangeDecision<Receipt extends DecisionReceiptView = DecisionReceiptView> =
  | { permit: true; redactions: readonly string[]; obligations: readonly string[]; receipt: Receipt }
  | { permit: false; reasons: readonly DenialReason[]; receipt: Receipt };

/** One question to the policy; no `patient` stands for a person who is not known here. */
export type DecisionRequest = {
  actor: Actor;
  patient: PatientId | undefined;
  purpose: ExchangePurpose;
  action: 'search';
  types: string[];
  requestedAt: string;
};

/** The consent module. Its decisions are durable, with their leaf in the evidence log, when `decide` resolves. */
export type ConsentPort<Decision extends ExchangeDecision = ExchangeDecision> = {
  decide(request: DecisionRequest): Promise<Decision>;
  releases(decision: Decision, descriptor: RecordDescriptor): 'release' | 'withhold';
  /** Whether the consents a decision rests on are unchanged; holds them until the transaction ends. */
  stillHolds(tx: Queryable, decision: Decision): Promise<boolean>;
};

/** A record opened for a partner, with what its commitment needs. */
export type ReleasedRecord = {
  resource: Resource;
  versionId: string;
  leafId: bigint;
  contentSalt: Uint8Array;
};

/** What is to be opened: the newest `count` records for which `releases` says so. */
export type ReleaseRequest = {
  patient: PatientId;
  types: string[];
  dataPeriod?: DataPeriod | undefined;
  count: number;
  releases(descriptor: RecordDescriptor): boolean;
};

/** The records module. */
export type RecordsPort = {
  findByPseudonym(pseudonym: Pseudonym): Promise<PatientId | undefined>;
  /** 18-digit national id of a patient of this hospital. */
  nationalIdOf(patient: PatientId): Promise<string | undefined>;
  openForRelease(request: ReleaseRequest): Promise<ReleasedRecord[]>;
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

/** Carries a request to a partner's node (adapters/peers fits). Rejects with an AppError whose code starts with PEER_. */
export type PeerPort = {
  send(request: {
    member: { organizationId: string; mspId: string; nodeUrl: string; tlsFingerprint: string };
    method: 'POST';
    path: string;
    fields: Readonly<Record<string, string>>;
    body: Uint8Array;
  }): Promise<{ status: number; fields: Readonly<Record<string, string>>; body: Uint8Array }>;
};

/** Whether a decision receipt was signed by the organisation whose registered message key (hex) this is. */
export type DecisionVerifier = (receipt: Record<string, unknown>, messageKey: string) => boolean;
