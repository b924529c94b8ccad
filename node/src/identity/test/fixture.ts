import { randomBytes } from 'node:crypto';
import { ristretto255_oprf } from '@noble/curves/ed25519.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/database.ts';
import { keyStoreOf } from '../../adapters/keys/key-store.ts';
import type { KeyStore } from '../../crypto/index.ts';
import { createEvidenceLog, type EvidenceLog } from '../../evidence-log/index.ts';
import { manualClock } from '../../lib/clock.ts';
import { silentLogger } from '../../lib/logger.ts';
import { createPatients, type OrganizationId, type PatientId, type Patients, type Staff } from '../index.ts';

export const relyingParty = { id: 'localhost', origin: 'https://localhost:8443', name: 'Hospital A' };
export const alice = 'alice-1' as PatientId;
export const bob = 'bob-2' as PatientId;
export const registrar: Staff = {
  kind: 'staff',
  staffId: 'hospital-a-registrar-1',
  displayName: '林挂号员',
  roles: ['registrar'],
  organizationId: 'hospital-a' as OrganizationId,
  authenticatedAt: '2026-01-01T08:00:00.000Z',
};

export type IdentityFixture = TestDatabase & {
  clock: ReturnType<typeof manualClock>;
  keys: KeyStore;
  log: EvidenceLog;
  patients: Patients;
};

export function newKeyStore(): KeyStore {
  const secret = (): string => randomBytes(32).toString('hex');
  return keyStoreOf({
    masterKey: secret(),
    tokenKey: secret(),
    logSeed: secret(),
    messageSeed: secret(),
    receiptSeed: secret(),
    agreementSeed: secret(),
    voprfKey: Buffer.from(ristretto255_oprf.voprf.generateKeyPair().secretKey).toString('hex'),
  });
}

/** Identity over a database of its own, with the genuine evidence log; the ledger is never reached. */
export async function createIdentityFixture(): Promise<IdentityFixture> {
  const database = await createTestDatabase();
  const { db } = database;
  const clock = manualClock('2026-01-01T08:00:00.000Z');
  const keys = newKeyStore();
  const unreachable = (): Promise<never> => Promise.reject(new Error('no ledger in this test'));
  const log = createEvidenceLog({
    db,
    keyStore: keys,
    clock,
    logger: silentLogger,
    source: { organizationId: 'hospital-a' },
    ledger: { submit: unreachable, evaluate: unreachable, transactionStatus: unreachable } as never,
  });
  const patients = createPatients({
    db,
    keys,
    clock,
    relyingParty,
    access: { record: log.recordAccess },
    patients: { exists: async (_tx, patientId) => patientId === alice || patientId === bob },
  });
  return { ...database, clock, keys, log, patients };
}
