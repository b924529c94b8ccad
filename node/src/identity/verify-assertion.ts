import { base64url, concat, equalBytes, fromBase64url, passkeyVerifier, sha256 } from '@medseal/evidence';
import { verifyAuthenticationResponse } from '@simplewebauthn/server';
import { patientToken } from '../crypto/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { Queryable } from '../lib/sql.ts';
import { IdentityError } from './errors.ts';
import { type Assertion, assertOwnFrame, challengeOf } from './passkey-messages.ts';
import type { PatientColumns, PatientDeps } from './patient-identity.ts';

/** What a third party needs to check the signature again: the key, and the two parts the signature covers. */
export type VerifiedAssertion = {
  credentialId: string;
  /** COSE_Key, base64url. */
  publicKey: string;
  authenticatorData: string;
  clientDataJSON: string;
  signature: string;
};

export type PasskeyRow = PatientColumns & {
  credential_id: Uint8Array;
  public_key: Uint8Array;
  counter: string;
};

type AssertionDeps = Pick<PatientDeps, 'keys' | 'clock' | 'relyingParty'>;

/**
 * Verifies that `patientId` signed `challenge` (32 bytes, a consent's hash) with their passkey, verified by the device
 * (WebAuthn Level 3 §7.2). In the caller's transaction: the signature counter moves and the challenge is spent, so the
 * same assertion, or another one over the same hash, is refused afterwards (IDENTITY_CHALLENGE_INVALID).
 */
export async function verifyPatientAssertion(
  tx: Queryable,
  { patientId, assertion, challenge }: { patientId: PatientId; assertion: Assertion; challenge: Uint8Array },
  deps: AssertionDeps,
): Promise<VerifiedAssertion> {
  if (challenge.length !== 32 || !equalBytes(challengeOf(assertion), challenge)) {
    throw new IdentityError('IDENTITY_CHALLENGE_INVALID');
  }
  const passkey = await lockPasskey(tx, assertion.id);
  if (!equalBytes(passkey.patient_token, patientToken(deps.keys, patientId))) {
    throw new IdentityError('IDENTITY_PASSKEY_REFUSED');
  }
  const { rowCount } = await tx.query(
    'insert into spent_challenge (challenge, spent_at) values ($1, $2) on conflict do nothing',
    [challenge, deps.clock.now()],
  );
  if (rowCount === 0) throw new IdentityError('IDENTITY_CHALLENGE_INVALID');
  await usePasskey(tx, { passkey, assertion, challenge }, deps);
  const { authenticatorData, clientDataJSON, signature } = assertion.response;
  const publicKey = base64url(passkey.public_key);
  return { credentialId: assertion.id, publicKey, authenticatorData, clientDataJSON, signature };
}

/** Locks the passkey's row, so that two assertions with one counter value cannot both pass. */
export async function lockPasskey(tx: Queryable, credentialId: string): Promise<PasskeyRow> {
  const passkey = await findPasskey(tx, credentialId);
  if (passkey === undefined) throw new IdentityError('IDENTITY_PASSKEY_REFUSED');
  return passkey;
}

/** The passkey with this id, its row locked. */
export async function findPasskey(tx: Queryable, credentialId: string): Promise<PasskeyRow | undefined> {
  const { rows } = await tx.query<PasskeyRow>(
    `select credential_id, patient_token, patient_sealed, public_key, counter from passkey
     where credential_id = $1 for update`,
    [credentialBytes(credentialId)],
  );
  return rows[0];
}

/** Verifies the assertion with a locked passkey and moves its counter. */
export async function usePasskey(
  tx: Queryable,
  { passkey, assertion, challenge }: { passkey: PasskeyRow; assertion: Assertion; challenge: Uint8Array },
  { relyingParty, clock }: AssertionDeps,
): Promise<void> {
  const expected = { expectedOrigin: relyingParty.origin, expectedRPID: relyingParty.id };
  const counter = await newCounter(passkey, { ...expected, response: assertion, challenge });
  await tx.query('update passkey set counter = $2, used_at = $3 where credential_id = $1', [
    passkey.credential_id,
    counter,
    clock.now(),
  ]);
}

async function newCounter(
  passkey: PasskeyRow,
  request: { expectedOrigin: string; expectedRPID: string; response: Assertion; challenge: Uint8Array },
): Promise<number> {
  try {
    assertOwnFrame(request.response.response.clientDataJSON);
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: request.response,
      expectedChallenge: base64url(request.challenge),
      expectedOrigin: request.expectedOrigin,
      expectedRPID: request.expectedRPID,
      requireUserVerification: true,
      credential: {
        id: request.response.id,
        publicKey: Uint8Array.from(passkey.public_key),
        counter: Number(passkey.counter),
      },
    });
    if (verified && isJudgedValid(passkey, request.response)) return authenticationInfo.newCounter;
  } catch (cause) {
    throw new IdentityError('IDENTITY_PASSKEY_REFUSED', { cause });
  }
  throw new IdentityError('IDENTITY_PASSKEY_REFUSED');
}

/** Whether a stranger's verifier accepts the signature, too: a consent that it would refuse must not come to be. */
function isJudgedValid({ public_key }: PasskeyRow, { response }: Assertion): boolean {
  const [authenticator, client, signature] = [
    fromBase64url(response.authenticatorData),
    fromBase64url(response.clientDataJSON),
    fromBase64url(response.signature),
  ];
  return passkeyVerifier(public_key)?.(concat(authenticator, sha256(client)), signature) === true;
}

function credentialBytes(credentialId: string): Uint8Array {
  try {
    return fromBase64url(credentialId);
  } catch (cause) {
    throw new IdentityError('IDENTITY_PASSKEY_REFUSED', { cause });
  }
}
