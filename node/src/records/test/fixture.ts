import { createTestDatabase, type TestDatabase } from '../../../../test/database.ts';
import { keyStoreOf } from '../../adapters/keys/key-store.ts';
import { type Decision, type DecisionRequest, type Grant, releases } from '../../consent/index.ts';
import { createEvidenceLog } from '../../evidence-log/index.ts';
import type { Staff } from '../../identity/index.ts';
import type { OrganizationId, PatientId } from '../../lib/brand.ts';
import { manualClock } from '../../lib/clock.ts';
import { newId } from '../../lib/ids.ts';
import { silentLogger } from '../../lib/logger.ts';
import { erasePatient } from '../erase.ts';
import { createOpenedVersions } from '../opened-versions.ts';
import type { RecordsDeps } from '../records-deps.ts';
import { sealHere } from '../sealing.ts';
import type { Caller } from '../types.ts';

const seed = (byte: string): string => byte.repeat(32);
const hospital = 'hospital-a' as OrganizationId;

/** Keys of the tests; every test file has a database of its own. */
export const keyStore = keyStoreOf({
  masterKey: seed('01'),
  tokenKey: seed('02'),
  logSeed: seed('03'),
  messageSeed: seed('04'),
  receiptSeed: seed('05'),
  agreementSeed: seed('06'),
});

const wholeGrant: Grant = { types: 'all', labels: 'all', exclusions: [] };

/** What the test's policy answers; everything is permitted until a test says otherwise. */
export type Policy = (request: DecisionRequest) => 'deny' | { grants: Grant[]; redactions?: string[] };

export type Fixture = {
  database: TestDatabase;
  deps: RecordsDeps;
  clock: ReturnType<typeof manualClock>;
  clinician: Caller;
  /** Replaces the policy until the next `setPolicy`. */
  setPolicy(policy: Policy): void;
  /** What was asked of the policy so far. */
  asked: DecisionRequest[];
};

/** Records over a real database, key store, evidence log and consent's own `releases`; only the policy is the test's. */
export async function createFixture(): Promise<Fixture> {
  const database = await createTestDatabase();
  const clock = manualClock('2026-03-01T08:00:00.000Z');
  const log = createEvidenceLog({
    db: database.db,
    keyStore,
    source: { organizationId: hospital },
    ledger: {
      submit: () => Promise.reject(new Error('no ledger here')),
      evaluate: () => Promise.reject(new Error('no ledger here')),
      transactionStatus: () => Promise.reject(new Error('no ledger here')),
    },
    clock,
    logger: silentLogger,
  });
  const asked: DecisionRequest[] = [];
  let policy: Policy = ({ patient }) => (patient === undefined ? 'deny' : { grants: [wholeGrant] });
  const decide = async (request: DecisionRequest): Promise<Decision> => {
    asked.push(request);
    if (request.patient !== undefined) return decisionOf(policy(request));
    // Of nobody nothing may be seen; a new patient may be taken in.
    return decisionOf(request.action === 'write' ? { grants: [wholeGrant] } : 'deny');
  };
  const deps: RecordsDeps = {
    db: database.db,
    keyStore,
    clock,
    tenant: hospital,
    baseUrl: 'https://a.example/fhir/R4',
    consent: {
      decide,
      prepare: async (request) => ({
        decision: await decide(request),
        record: { entry: request, write: async () => undefined },
        keep: async () => undefined,
      }),
      releases,
    },
    log: { append: log.append },
    access: { write: log.accessWriter.write, record: log.recordAccess },
    seal: sealHere,
    opened: createOpenedVersions({ clock, keyStore }),
    forget: [],
  };
  return {
    database,
    deps,
    clock,
    asked,
    clinician: callerOf(['clinician']),
    setPolicy: (next) => {
      policy = next;
    },
  };
}

/** A member of the hospital's staff. */
export function callerOf(roles: Staff['roles'], purpose = 'TREAT', staffId = 'dr-li'): Caller {
  const staff: Staff = {
    kind: 'staff',
    staffId,
    displayName: 'Li Wei',
    roles,
    organizationId: hospital,
    authenticatedAt: '2026-03-01T07:59:00.000Z',
  };
  return { actor: staff, purpose };
}

/** A privacy officer at work. */
export function officer(staffId = 'officer-1'): Caller {
  return callerOf(['privacy-officer'], 'HOPERAT', staffId);
}

/** Erases a patient as it has to be: by two officers. */
export async function eraseByTwo(patientId: PatientId, deps: RecordsDeps): Promise<void> {
  for (const staffId of ['officer-1', 'officer-2'])
    await erasePatient(patientId, { caller: officer(staffId), deps });
}

function decisionOf(answer: ReturnType<Policy>): Decision {
  const receipt = { decisionId: newId() } as Decision['receipt'];
  if (answer === 'deny') {
    const text = { zh: '不', en: 'no' };
    return { permit: false, reasons: [{ rule: 'test.denied', ...text, next: text }], receipt };
  }
  return {
    permit: true,
    obligations: [],
    redactions: answer.redactions ?? [],
    grants: answer.grants,
    receipt,
  };
}

/** A Patient to be created. */
export function patient(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { resourceType: 'Patient', gender: 'female', birthDate: '1980-05-01', ...more };
}

/** An Observation about a patient, to be created. */
export function observation(patientId: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '718-7', display: 'Hemoglobin' }] },
    subject: { reference: `Patient/${patientId}` },
    effectiveDateTime: '2025-11-03T10:00:00+08:00',
    valueQuantity: { value: 13.1, unit: 'g/dL', system: 'http://unitsofmeasure.org', code: 'g/dL' },
    ...more,
  };
}

/** A patient's id as a branded type. */
export function asPatientId(id: string): PatientId {
  return id as PatientId;
}
