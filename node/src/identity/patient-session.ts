import { createHash } from 'node:crypto';
import { base64url } from '@medseal/evidence';
import {
  generateAuthenticationOptions,
  type PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';
import type { AuditEntry } from '../audit/index.ts';
import type { PatientId } from '../lib/brand.ts';
import { newSecret } from '../lib/ids.ts';
import type { Queryable } from '../lib/sql.ts';
import { IdentityError } from './errors.ts';
import { type Assertion, challengeOf } from './passkey-messages.ts';
import { openPatient, type PatientColumns, type PatientDeps } from './patient-identity.ts';
import type { PatientActor } from './types.ts';
import { findPasskey, lockPasskey, usePasskey } from './verify-assertion.ts';

/** Start of every patient's bearer, so that it is never taken for a JWT or the other way round. */
export const patientBearerPrefix = 'mps_';

const challengeMilliseconds = 5 * 60_000;
const sessionMilliseconds = 15 * 60_000;

/** Options for `navigator.credentials.get`. They name nobody: the passkey itself says whose it is. */
export async function loginOptions(deps: PatientDeps): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const challenge = newSecret(32);
  const at = deps.clock.now();
  await deps.db.query('delete from login_challenge where expires_at <= $1', [at]);
  await deps.db.query('insert into login_challenge (challenge, expires_at) values ($1, $2)', [
    challenge,
    new Date(at.getTime() + challengeMilliseconds),
  ]);
  return generateAuthenticationOptions({
    rpID: deps.relyingParty.id,
    challenge: Uint8Array.from(challenge),
    userVerification: 'required',
    timeout: challengeMilliseconds,
  });
}

/** Logs a patient in with a passkey: an opaque bearer for 15 minutes, of which only the hash is kept. */
export async function login(
  assertion: Assertion,
  deps: PatientDeps,
): Promise<{ token: string; expiresAt: string; patientId: PatientId }> {
  const challenge = challengeOf(assertion);
  // Outside the transaction below: a challenge is used up by a failed attempt, too.
  const { rowCount } = await deps.db.query(
    'delete from login_challenge where challenge = $1 and expires_at > $2',
    [challenge, deps.clock.now()],
  );
  if (rowCount === 0) throw new IdentityError('IDENTITY_CHALLENGE_INVALID');
  try {
    return await deps.db.transaction((tx) => openWithPasskey(tx, { assertion, challenge }, deps));
  } catch (error) {
    await recordRefusal(assertion, deps);
    throw error;
  }
}

async function openWithPasskey(
  tx: Queryable,
  { assertion, challenge }: { assertion: Assertion; challenge: Uint8Array },
  deps: PatientDeps,
): Promise<{ token: string; expiresAt: string; patientId: PatientId }> {
  const passkey = await lockPasskey(tx, assertion.id);
  await usePasskey(tx, { passkey, assertion, challenge }, deps);
  const patientId = openPatient(deps.keys, passkey);
  const session = await openSession(tx, passkey, deps);
  await deps.access.record(tx, [loginEntry(patientId, 'success', deps)]);
  return { ...session, patientId };
}

/** A refused login with a passkey that exists is part of its patient's history: it can be a copied authenticator. */
async function recordRefusal(assertion: Assertion, deps: PatientDeps): Promise<void> {
  await deps.db.transaction(async (tx) => {
    const passkey = await findPasskey(tx, assertion.id);
    if (passkey === undefined) return;
    await deps.access.record(tx, [loginEntry(openPatient(deps.keys, passkey), 'denied', deps)]);
  });
}

function loginEntry(patientId: PatientId, outcome: 'success' | 'denied', { clock }: PatientDeps): AuditEntry {
  const actor = { kind: 'patient', patientId } as const;
  return { interaction: 'login', outcome, actor, patientId, at: clock.now().toISOString() };
}

/** The patient of a session's bearer; IDENTITY_TOKEN_INVALID for an unknown, expired or ended one. */
export async function verifyPatientSession(
  bearer: string,
  { db, keys, clock }: Pick<PatientDeps, 'db' | 'keys' | 'clock'>,
): Promise<PatientActor> {
  const { rows } = await db.query<PatientColumns>(
    'select patient_token, patient_sealed from patient_session where token_hash = $1 and expires_at > $2',
    [bearerHash(bearer), clock.now()],
  );
  if (rows[0] === undefined) throw new IdentityError('IDENTITY_TOKEN_INVALID');
  return { kind: 'patient', patientId: openPatient(keys, rows[0]) };
}

/** Ends a session at once. */
export async function logout(bearer: string, { db }: Pick<PatientDeps, 'db'>): Promise<void> {
  await db.query('delete from patient_session where token_hash = $1', [bearerHash(bearer)]);
}

async function openSession(
  tx: Queryable,
  patient: PatientColumns,
  { clock }: PatientDeps,
): Promise<{ token: string; expiresAt: string }> {
  const token = `${patientBearerPrefix}${base64url(newSecret(32))}`;
  const at = clock.now();
  const expiresAt = new Date(at.getTime() + sessionMilliseconds);
  await tx.query('delete from patient_session where expires_at <= $1', [at]);
  await tx.query(
    'insert into patient_session (token_hash, patient_token, patient_sealed, expires_at) values ($1, $2, $3, $4)',
    [bearerHash(token), patient.patient_token, patient.patient_sealed, expiresAt],
  );
  return { token, expiresAt: expiresAt.toISOString() };
}

function bearerHash(bearer: string): Uint8Array {
  return createHash('sha256').update('medseal/patient-session/v1\n').update(bearer).digest();
}
