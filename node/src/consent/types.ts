import type { Actor } from '../identity/index.ts';
import type { OrganizationId, PatientId } from '../lib/brand.ts';

/** v3-ActReason codes of purpose of use that the policy knows. */
export type Purpose = 'TREAT' | 'HPAYMT' | 'HOPERAT' | 'HRESCH' | 'PATRQT' | 'BTG';
/** Purposes that a patient can consent to. */
export type ConsentPurpose = 'TREAT' | 'HPAYMT' | 'HOPERAT' | 'HRESCH';
export type Action = 'read' | 'search' | 'history' | 'everything' | 'write' | 'erase';

/** First and last day (YYYY-MM-DD, both included) of the records meant, as written on the record. */
export type DataPeriod = { start?: string; end?: string };

/** What a nested deny takes back (FHIR R4 Consent.provision.provision). All criteria must hold; an absent one always does. */
export type Exclusion = {
  recipients?: string[];
  purposes?: ConsentPurpose[];
  period?: { start?: string; end?: string };
  types?: string[];
  labels?: string[];
  instances?: string[];
  dataPeriod?: DataPeriod;
};

/** What a patient agrees to, parsed. Lists are sorted and free of duplicates; instants are ISO 8601 UTC with milliseconds. */
export type ConsentTerms = {
  recipients: string[];
  purposes: ConsentPurpose[];
  period: { start: string; end: string };
  types: string[] | 'all';
  /** Sensitive labels that are opened; none unless named. */
  labels: string[];
  instances?: string[];
  dataPeriod?: DataPeriod;
  exclusions: Exclusion[];
};

export type ConsentStatus = 'active' | 'inactive';

/** A FHIR R4 Consent of our profile (docs/formats/consent.md). */
export type ConsentResource = { resourceType: 'Consent'; id: string } & Record<string, unknown>;

/** A parsed Consent resource. */
export type Consent = {
  id: string;
  status: ConsentStatus;
  patientId: PatientId;
  custodian: string;
  dateTime: string;
  terms: ConsentTerms;
};

/** The patient's signed word that a consent ends. */
export type RevocationStatement = {
  v: 1;
  type: 'medseal/consent-revocation';
  consentId: string;
  consentVersion: number;
  custodian: string;
  at: string;
};

/** One text in the two languages of the product. */
export type Text = { zh: string; en: string };

/** What the ledger says of a consent: not there yet, as here, ended, or something else than here. */
export type LedgerState = 'pending' | 'active' | 'inactive' | 'mismatch';

/** A consent as patients and staff of the custodian see it. */
export type ConsentView = {
  id: string;
  version: number;
  status: ConsentStatus;
  signedAt: string;
  revokedAt?: string;
  terms: ConsentTerms;
  summary: Text;
  ledger: { id: string; state: LedgerState; txId?: string; blockNumber?: number };
  resource: ConsentResource;
};

/** What the decision is asked. */
export type DecisionRequest = {
  actor: Actor;
  /** Whose records; undefined where nobody is known by what the requester gave. */
  patient: PatientId | undefined;
  /** A Purpose; anything else is denied. */
  purpose: string;
  action: Action;
  types: readonly string[] | 'all';
  /** ISO 8601. */
  requestedAt: string;
};

/** One reason of a permit: a record is released when some grant covers it. */
export type Grant = {
  /** Absent where no consent is needed (own staff, the patient). */
  consentId?: string;
  consentVersion?: number;
  types: readonly string[] | 'all';
  /** Sensitive labels opened. */
  labels: readonly string[] | 'all';
  dataPeriod?: DataPeriod;
  /** `Type/id`; absent = all. */
  instances?: readonly string[];
  exclusions: readonly GrantExclusion[];
};

/** Part of a grant that is taken back; all criteria must hold. */
export type GrantExclusion = {
  types?: readonly string[];
  labels?: readonly string[];
  instances?: readonly string[];
  dataPeriod?: DataPeriod;
};

/** Why something was denied, and what to do next. */
export type Reason = { rule: string; zh: string; en: string; next: Text };

/** Why a single consent did not count. Never leaves the custodian. */
export type Finding = Reason & { consentId: string };

/** Signed statement of one decision; replayable at the organisation that made it (docs/formats/decision-receipt.md). */
export type DecisionReceipt = {
  v: 1;
  decisionId: string;
  organizationId: OrganizationId;
  at: string;
  permit: boolean;
  ruleIds: string[];
  consents: { id: string; version: number }[];
  /** SHA-256 of policy.wasm, hex. */
  policyDigest: string;
  /** Salted commitment to the policy's input, hex. */
  inputDigest: string;
  /** The Ed25519 key that signs receipts (hex), signed by the organisation's registered message key. */
  key: { publicKey: string; endorsement: string };
  /** Ed25519, base64url. */
  signature: string;
};

export type Permit = {
  permit: true;
  grants: readonly Grant[];
  /** Top-level elements to withhold: `note` of any type, `Patient.name` of that type only. */
  redactions: readonly string[];
  obligations: readonly string[];
  receipt: DecisionReceipt;
};
export type Denial = { permit: false; reasons: readonly Reason[]; receipt: DecisionReceipt };
export type Decision = Permit | Denial;

/** What the decision is applied to, record by record. `until` is the end of a period, null while it has none. */
export type RecordDescriptor = {
  type: string;
  id: string;
  date?: string;
  until?: string | null;
  labels: readonly string[];
};
