import { hex } from '@medseal/evidence';
import { type KeyStore, patientToken } from '../crypto/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { Clock } from '../lib/clock.ts';
import type { Database, Queryable } from '../lib/sql.ts';
import type { AccessPort, PatientDirectory } from './ports.ts';

/** The site a passkey is bound to (WebAuthn Level 3 §5.4.2). */
export type RelyingParty = { id: string; origin: string; name: string };

export type PatientDeps = {
  db: Database;
  keys: KeyStore;
  clock: Clock;
  access: AccessPort;
  patients: PatientDirectory;
  relyingParty: RelyingParty;
};

/** How a patient stands in identity's tables: a token to find the rows, the id itself sealed. */
export type PatientColumns = { patient_token: Uint8Array; patient_sealed: Uint8Array };

export function sealPatient(keys: KeyStore, patientId: PatientId): PatientColumns {
  const token = patientToken(keys, patientId);
  const sealed = keys.wrapKey(new TextEncoder().encode(patientId), contextOf(token));
  return { patient_token: token, patient_sealed: sealed };
}

export function openPatient(keys: KeyStore, row: PatientColumns): PatientId {
  const bytes = keys.unwrapKey(row.patient_sealed, contextOf(row.patient_token));
  return new TextDecoder().decode(bytes) as PatientId;
}

/**
 * Removes everything identity keeps of a patient; part of an erasure, in its transaction. In this order: who registers a
 * passkey holds the code's row and who logs in the passkey's, so what they add is there when its turn comes. Returns the
 * number of passkeys.
 */
export async function forgetPatient(tx: Queryable, patientId: PatientId, keys: KeyStore): Promise<number> {
  const token = patientToken(keys, patientId);
  await tx.query('delete from enrolment_code where patient_token = $1', [token]);
  const { rowCount } = await tx.query('delete from passkey where patient_token = $1', [token]);
  await tx.query('delete from patient_session where patient_token = $1', [token]);
  return rowCount;
}

function contextOf(token: Uint8Array): string {
  return `identity/patient/${hex(token)}`;
}
