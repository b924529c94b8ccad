import { base64url, fromBase64url, isSoundPasskey } from '@medseal/evidence';
import {
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  verifyRegistrationResponse,
  type WebAuthnCredential,
} from '@simplewebauthn/server';
import { newSecret } from '../lib/ids.ts';
import type { Queryable } from '../lib/sql.ts';
import { codeToken } from './enrolment-code.ts';
import { IdentityError } from './errors.ts';
import { assertOwnFrame, type Registration } from './passkey-messages.ts';
import { openPatient, type PatientColumns, type PatientDeps } from './patient-identity.ts';

// COSE: EdDSA, ES256, RS256.
const algorithms = [-8, -7, -257];

/** Options for `navigator.credentials.create`, for the holder of a valid enrolment code. */
export async function registrationOptions(
  code: string,
  deps: PatientDeps,
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const challenge = newSecret(32);
  const { rows } = await deps.db.query<PatientColumns>(
    `update enrolment_code set challenge = $2 where code_token = $1 and expires_at > $3
     returning patient_token, patient_sealed`,
    [codeToken(deps.keys, code), challenge, deps.clock.now()],
  );
  const patient = rows[0];
  if (patient === undefined) throw new IdentityError('IDENTITY_ENROLMENT_CODE_INVALID');
  return generateRegistrationOptions({
    rpName: deps.relyingParty.name,
    rpID: deps.relyingParty.id,
    userName: deps.relyingParty.name,
    userID: Uint8Array.from(patient.patient_token),
    challenge: Uint8Array.from(challenge),
    attestationType: 'none',
    excludeCredentials: await credentialsOf(patient.patient_token, deps.db),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: algorithms,
  });
}

/** Binds a new passkey to the patient of the code. Code and challenge are used up together with the passkey's row. */
export async function registerPasskey(
  { code, response }: { code: string; response: Registration },
  deps: PatientDeps,
): Promise<{ credentialId: string }> {
  return deps.db.transaction(async (tx) => {
    const at = deps.clock.now();
    const { rows } = await tx.query<PatientColumns & { challenge: Uint8Array | null }>(
      `delete from enrolment_code where code_token = $1 and expires_at > $2
       returning patient_token, patient_sealed, challenge`,
      [codeToken(deps.keys, code), at],
    );
    const enrolment = rows[0];
    if (!enrolment?.challenge) throw new IdentityError('IDENTITY_ENROLMENT_CODE_INVALID');
    const credential = await verify(response, enrolment.challenge, deps);
    await savePasskey(tx, credential, { ...enrolment, at });
    const patientId = openPatient(deps.keys, enrolment);
    const actor = { kind: 'patient', patientId } as const;
    const entry = { interaction: 'enrol', outcome: 'success', actor, patientId } as const;
    await deps.access.record(tx, [{ ...entry, at: at.toISOString() }]);
    return { credentialId: credential.id };
  });
}

async function verify(
  response: Registration,
  challenge: Uint8Array,
  { relyingParty }: PatientDeps,
): Promise<WebAuthnCredential> {
  try {
    assertOwnFrame(response.response.clientDataJSON);
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: base64url(challenge),
      expectedOrigin: relyingParty.origin,
      expectedRPID: relyingParty.id,
      requireUserVerification: true,
      supportedAlgorithmIDs: algorithms,
    });
    // What no verifier could judge later signs no consent here (docs/formats/bundle.md, passkeys).
    if (verified && isSoundPasskey(registrationInfo.credential.publicKey)) return registrationInfo.credential;
  } catch (cause) {
    throw new IdentityError('IDENTITY_PASSKEY_REFUSED', { cause });
  }
  throw new IdentityError('IDENTITY_PASSKEY_REFUSED');
}

async function savePasskey(
  tx: Queryable,
  credential: WebAuthnCredential,
  { patient_token, patient_sealed, at }: PatientColumns & { at: Date },
): Promise<void> {
  const { rowCount } = await tx.query(
    `insert into passkey (credential_id, patient_token, patient_sealed, public_key, counter, created_at)
     values ($1, $2, $3, $4, $5, $6) on conflict (credential_id) do nothing`,
    [
      fromBase64url(credential.id),
      patient_token,
      patient_sealed,
      credential.publicKey,
      credential.counter,
      at,
    ],
  );
  // A credential id that another patient holds already would let one of the two act as the other (WebAuthn §7.1 step 26).
  if (rowCount === 0) throw new IdentityError('IDENTITY_PASSKEY_REFUSED');
}

async function credentialsOf(patientToken: Uint8Array, db: Queryable): Promise<{ id: string }[]> {
  const { rows } = await db.query<{ credential_id: Uint8Array }>(
    'select credential_id from passkey where patient_token = $1',
    [patientToken],
  );
  return rows.map((row) => ({ id: base64url(row.credential_id) }));
}
