import type { Leaf, RecordDisclosure } from '@medseal/evidence';
import type { Resource } from '../fhir/index.ts';
import type { Role } from '../identity/index.ts';

/** v3-PurposeOfUse and v3-ActReason codes under which a partner may ask. */
export const exchangePurposes = ['TREAT', 'HPAYMT', 'HOPERAT', 'HRESCH'] as const;
export type ExchangePurpose = (typeof exchangePurposes)[number];

/** A span of clinical dates, YYYY-MM-DD, both ends included. */
export type DataPeriod = { start?: string | undefined; end?: string | undefined };

/** The human on whose behalf the requesting organisation asks. */
export type RequestingStaff = { staffId: string; displayName: string; roles: Role[] };

/** What is asked of a source; body of the signed request (docs/formats/exchange.md). */
export type ExchangeRequest = {
  v: 1;
  requestId: string;
  pseudonym: string;
  purpose: ExchangePurpose;
  types: string[];
  dataPeriod?: DataPeriod | undefined;
  count: number;
  staff: RequestingStaff;
};

/** A reason of a denial, as the policy words it. */
export type DenialReason = { rule: string; zh: string; en: string; next: { zh: string; en: string } };

/** The source's signed statement about one request: what it released, or that it did not. */
export type ExchangeReceipt = {
  v: 1;
  exchangeId: string;
  requestDigest: string;
  source: string;
  requester: string;
  purpose: string;
  permit: boolean;
  decisionId: string;
  /** Digest of the decision receipt that came with a release; absent from a denial, whose receipt stays inside. */
  decisionDigest?: string | undefined;
  /** Leaf digests of the released records, in their order. */
  records: string[];
  /** Rules that a denial names. */
  rules: string[];
  at: string;
  /** Ed25519 by the source's registered message key, base64. */
  signature: string;
};

/** One released record with the proof that it stands in the source's log. */
export type SentRecord = {
  version: string;
  leaf: Leaf;
  leafIndex: number;
  /** Hex. */
  inclusionProof: string[];
  disclosure: RecordDisclosure;
};

/** What an offline check of one received record needs, as staff get it. */
export type RecordProof = Omit<SentRecord, 'version'> & {
  checkpoint: string;
  anchor: { txId: string; blockNumber: number };
};

/** The checkpoint all proofs of a reply lead to, and where it is anchored. */
export type SentCheckpoint = { note: string; txId: string; blockNumber: number };

/** What is sealed in a reply. */
export type ReplyPayload =
  | { v: 1; permit: false; receipt: ExchangeReceipt; reasons: readonly DenialReason[] }
  | {
      v: 1;
      permit: true;
      receipt: ExchangeReceipt;
      decision: Record<string, unknown>;
      obligations: readonly string[];
      redactions: readonly string[];
      records: SentRecord[];
      checkpoint: SentCheckpoint | null;
      /** Records that the decision releases but whose place in the log is not anchored yet. */
      pending: number;
      /** Records that the decision releases but for which this reply has no room. */
      omitted: number;
    };

/** A check that a reply passed. */
export type PassedCheck = { name: string; status: 'passed' };

/** A received record after all checks. */
export type ReceivedRecord = {
  type: string;
  id: string;
  version: string;
  resource: Resource;
  /** Top-level elements the source withheld. */
  withheld: string[];
  evidence: SentRecord;
};

/** A reply of which everything was verified. */
export type VerifiedReply =
  | { permit: false; receipt: ExchangeReceipt; reasons: readonly DenialReason[]; checks: PassedCheck[] }
  | {
      permit: true;
      receipt: ExchangeReceipt;
      /** The source's signed decision receipt. */
      decision: Record<string, unknown>;
      obligations: readonly string[];
      records: ReceivedRecord[];
      checkpoint: SentCheckpoint | null;
      pending: number;
      omitted: number;
      checks: PassedCheck[];
    };
