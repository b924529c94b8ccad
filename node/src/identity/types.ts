import type { OrganizationId, PatientId, Pseudonym } from '../lib/brand.ts';

/** What a member of staff may do, from the identity provider's claims. */
export const roles = [
  'clinician',
  'registrar',
  'pharmacist',
  'privacy-officer',
  'administrator',
  'regulator',
  'researcher',
] as const;
export type Role = (typeof roles)[number];

/** A member of this node's own staff, authenticated by the organisation's OpenID provider. */
export type Staff = {
  kind: 'staff';
  staffId: string;
  displayName: string;
  roles: Role[];
  organizationId: OrganizationId;
  authenticatedAt: string;
};

/** A patient of this node, authenticated by passkey. */
export type PatientActor = { kind: 'patient'; patientId: PatientId };

/** A partner's node (mutual TLS) and the human it speaks for (signed request, exchange/). */
export type PeerActor = {
  kind: 'peer';
  organizationId: OrganizationId;
  mspId: string;
  staff: { staffId: string; displayName: string; roles: Role[] };
};

/** The node itself, in background work. */
export type SystemActor = { kind: 'system'; name: string };

export type Actor = Staff | PatientActor | PeerActor | SystemActor;

export type MemberKind = 'hospital' | 'pharmacy' | 'regulator' | 'research';
export type MemberState = 'saved' | 'registered' | 'disabled' | 'deleted';

/** What an organisation publishes about itself on the ledger (chaincode `member:save`). */
export type MemberProfile = {
  organizationId: OrganizationId;
  kind: MemberKind;
  names: { zh: string; en: string };
  nodeUrl: string;
  /** SHA-256 of the node's DER certificate, lower-case hex. */
  tlsFingerprint: string;
  /** X25519 public key, hex. */
  sealingKey: string;
  /** Verifier key of the organisation's log (C2SP signed-note vkey). */
  logKey: string;
  /** Ed25519 public key, hex. */
  messageKey: string;
};

/** A member of the alliance as the ledger states it. */
export type Member = MemberProfile & { mspId: string; state: MemberState; blockNumber: number };

/** The members, read from the projection of the ledger. */
export type Members = {
  get(organizationId: string): Promise<Member | undefined>;
  list(): Promise<Member[]>;
  /** The member of one of these MSPs, in any state but deleted, whose registered TLS certificate has this SHA-256 (hex). */
  findByFingerprint(fingerprint: string, mspIds: readonly string[]): Promise<Member | undefined>;
};

/** One write of a verified ledger transaction; `value` is the chaincode's canonical JSON. */
export type LedgerWrite = { namespace: string; key: string; value: Uint8Array; isDelete: boolean };

/** What the member projection needs of a verified ledger transaction (evidence/ `TransactionView` fits). */
export type LedgerTransaction = {
  txId: string;
  blockNumber: number | bigint;
  validationCode: number;
  writes: readonly LedgerWrite[];
};

export type { OrganizationId, PatientId, Pseudonym };
