import { type LedgerConsent, recordConsent } from '@medseal/chaincode/rules';
import { canonicalJson, utf8 } from '@medseal/evidence';
import { type Authenticator, createAuthenticator } from '../../../../demo/authenticator.ts';
import { createTestDatabase, type TestDatabase } from '../../../../test/database.ts';
import { openPolicy } from '../../adapters/opa/policy.ts';
import { createKeys, type KeyStore, patientToken } from '../../crypto/index.ts';
import { createEvidenceLog, type EvidenceLog } from '../../evidence-log/index.ts';
import { createPatients, type Member, type PeerActor, type Role, type Staff } from '../../identity/index.ts';
import { newKeyStore, registrar, relyingParty } from '../../identity/test/fixture.ts';
import type { OrganizationId, PatientId } from '../../lib/brand.ts';
import { manualClock } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { newId } from '../../lib/ids.ts';
import { silentLogger } from '../../lib/logger.ts';
import {
  type Consents,
  type ConsentTransaction,
  type ConsentView,
  createConsents,
  createDecisions,
  type DecisionRequest,
  type Decisions,
  type LedgerPort,
  type PolicyPort,
} from '../index.ts';

export const tenant = 'hospital-a' as OrganizationId;
export const startAt = '2026-03-01T08:00:00.000Z';

/** A ledger in memory that applies the chaincode's own rules and keeps the blocks it would have written. */
export type TestLedger = LedgerPort & {
  transactions: ConsentTransaction[];
  /** Thrown by the next submission; `after` commits it first. */
  failNext(error: Error, when: 'before' | 'after'): void;
  submissions: number;
};

export type ConsentFixture = TestDatabase & {
  clock: ReturnType<typeof manualClock>;
  keyStore: KeyStore;
  log: EvidenceLog;
  members: Map<string, Member>;
  ledger: TestLedger;
  policy: PolicyPort;
  consents: Consents;
  decisions: Decisions;
  /** Milliseconds; what the node's view of the ledger is fresh until. */
  view: { freshUntil: number };
  /** Enrols a passkey for a new patient, or for one who is known. */
  enrol(known?: PatientId): Promise<{ patientId: PatientId; authenticator: Authenticator }>;
  grant(person: { patientId: PatientId; authenticator: Authenticator }, terms: object): Promise<ConsentView>;
  revoke(
    person: { patientId: PatientId; authenticator: Authenticator },
    consentId: string,
  ): Promise<ConsentView>;
};

export function member(organizationId: string, state: Member['state'] = 'registered'): Member {
  const names: Record<string, { zh: string; en: string }> = {
    'hospital-a': { zh: '安和医院', en: 'Anhe Hospital' },
    'hospital-b': { zh: '博仁医院', en: 'Boren Hospital' },
    'hospital-c': { zh: '长青医院', en: 'Changqing Hospital' },
  };
  return {
    organizationId: organizationId as OrganizationId,
    mspId: `${organizationId}-msp`,
    kind: 'hospital',
    names: names[organizationId] ?? { zh: organizationId, en: organizationId },
    nodeUrl: `https://${organizationId}.test`,
    tlsFingerprint: '0'.repeat(64),
    sealingKey: '0'.repeat(64),
    logKey: 'none',
    messageKey: '0'.repeat(64),
    state,
    blockNumber: 1,
  };
}

export function staff(roles: Role[], organizationId: string = tenant): Staff {
  return { ...registrar, roles, organizationId: organizationId as OrganizationId };
}

export function peer(roles: Role[] = ['clinician'], organizationId = 'hospital-b'): PeerActor {
  return {
    kind: 'peer',
    organizationId: organizationId as OrganizationId,
    mspId: `${organizationId}-msp`,
    staff: { staffId: 'b-1', displayName: '王医生', roles },
  };
}

/** Hospital B's clinician asks for observations to treat. */
export function asking(
  patient: PatientId | undefined,
  changes: Partial<DecisionRequest> = {},
): DecisionRequest {
  return {
    actor: peer(),
    patient,
    purpose: 'TREAT',
    action: 'search',
    types: ['Observation'],
    requestedAt: startAt,
    ...changes,
  };
}

export function createTestLedger(): TestLedger {
  const state = new Map<string, LedgerConsent>();
  const transactions: ConsentTransaction[] = [];
  let failure: { error: Error; when: 'before' | 'after' } | undefined;
  const commit = (args: string[]): string => {
    const [id = '', version, commitment = '', status] = args;
    const next = {
      id,
      version: Number(version),
      commitment,
      status: status as 'active',
      organizationId: tenant,
    };
    const existing = state.get(id);
    const consent = recordConsent(next, existing);
    const txId = `tx-${transactions.length}`;
    if (consent === existing) return txId;
    state.set(id, consent);
    const value = utf8(canonicalJson(consent));
    const write = { namespace: 'medseal', key: `\u0000consent\u0000${id}\u0000`, value, isDelete: false };
    const place = { txId, blockNumber: transactions.length + 1, validationCode: 0, timestamp: startAt };
    transactions.push({ ...place, writes: [write] });
    return txId;
  };
  const refusing = <Result>(work: () => Result): Result => {
    try {
      return work();
    } catch (error) {
      throw Object.assign(new AppError('LEDGER_REFUSED'), {
        chaincodeCode: (error as { code?: string }).code,
      });
    }
  };
  const ledger: TestLedger = {
    transactions,
    submissions: 0,
    failNext: (error, when) => {
      failure = { error, when };
    },
    submit: async (_contract, _transaction, args) => {
      ledger.submissions += 1;
      const failing = failure;
      failure = undefined;
      if (failing?.when === 'before') throw failing.error;
      const txId = refusing(() => commit(args));
      if (failing !== undefined) throw failing.error;
      return { txId };
    },
    evaluate: async (_contract, _transaction, [id = '']) => {
      const consent = state.get(id);
      if (consent === undefined)
        throw Object.assign(new AppError('LEDGER_REFUSED'), { chaincodeCode: 'CONSENT_ABSENT' });
      return canonicalJson(consent);
    },
    transactionStatus: async (txId) =>
      transactions.some((transaction) => transaction.txId === txId) ? 'valid' : 'absent',
  };
  return ledger;
}

/** Consent over a database of its own with real keys, passkeys, log and policy. */
export async function createConsentFixture(): Promise<ConsentFixture> {
  const database = await createTestDatabase();
  const { db } = database;
  const clock = manualClock(startAt);
  const keyStore = newKeyStore();
  const ledger = createTestLedger();
  const log = createEvidenceLog({
    db,
    keyStore,
    clock,
    logger: silentLogger,
    source: { organizationId: tenant },
    ledger: ledger as never,
  });
  const patients = createPatients({
    db,
    keys: keyStore,
    clock,
    relyingParty,
    access: { record: log.recordAccess },
    patients: { exists: async () => true },
  });
  const members = new Map(['hospital-a', 'hospital-b', 'hospital-c'].map((id) => [id, member(id)]));
  const shared = { db, keyStore, clock, tenant, members: { get: async (id: string) => members.get(id) } };
  const view = { freshUntil: Date.parse(startAt) + 30_000 };
  const policy = openPolicy();
  const decisions = await createDecisions({
    ...shared,
    journal: db,
    ledgerView: { freshUntil: () => view.freshUntil },
    policy,
    logger: silentLogger,
  });
  const consents = createConsents({
    ...shared,
    decisions,
    evidence: log,
    access: { record: log.recordAccess, write: log.accessWriter.write },
    assertions: patients,
  });
  const enrol: ConsentFixture['enrol'] = async (known) => {
    const patientId = known ?? (newId() as PatientId);
    await createKeys(db, [patientToken(keyStore, patientId)], { keyStore, at: clock.now() });
    const authenticator = createAuthenticator({ origin: relyingParty.origin });
    const { code } = await patients.issueEnrolmentCode({ patientId, staff: registrar });
    const creation = await patients.registrationOptions(code);
    await patients.registerPasskey({ code, response: authenticator.register(creation) });
    return { patientId, authenticator };
  };
  return {
    ...database,
    clock,
    keyStore,
    log,
    members,
    ledger,
    policy,
    consents,
    decisions,
    view,
    enrol,
    grant: async ({ patientId, authenticator }, terms) => {
      const { consent, challenge } = await consents.draft({ patientId, terms });
      const assertion = authenticator.assert({ challenge, rpId: relyingParty.id });
      return consents.grant({ patientId, consent, assertion });
    },
    revoke: async ({ patientId, authenticator }, consentId) => {
      const { statement, challenge } = await consents.draftRevocation({ patientId, consentId });
      const assertion = authenticator.assert({ challenge, rpId: relyingParty.id });
      return consents.revoke({ patientId, statement, assertion });
    },
  };
}
