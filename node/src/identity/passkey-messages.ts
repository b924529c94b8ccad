import { fromBase64url } from '@medseal/evidence';
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { z } from 'zod';
import { parseJson } from '../lib/strict-json.ts';
import { IdentityError } from './errors.ts';

/** What a browser returns from `navigator.credentials.create` (WebAuthn Level 3 §5.1.9, JSON form). */
export type Registration = RegistrationResponseJSON;
/** What a browser returns from `navigator.credentials.get`, JSON form. */
export type Assertion = AuthenticationResponseJSON;

const bytes = z
  .string()
  .min(1)
  .max(8_192)
  .regex(/^[A-Za-z0-9_-]+$/);
const credentialId = bytes.max(1_366);
const envelope = {
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  authenticatorAttachment: z.enum(['platform', 'cross-platform']).nullish(),
  clientExtensionResults: z.record(z.string(), z.unknown()).default({}),
};
const registration = z.strictObject({
  ...envelope,
  response: z.object({ clientDataJSON: bytes, attestationObject: bytes }),
});
const assertion = z.strictObject({
  ...envelope,
  response: z.object({
    clientDataJSON: bytes,
    authenticatorData: bytes,
    signature: bytes,
    userHandle: bytes.nullish(),
  }),
});

/** Parses the response of a registration. Attestation is not asked for, so its statement's other parts are dropped. */
export function parseRegistration(value: unknown): Registration {
  const parsed = registration.safeParse(value);
  if (!parsed.success)
    throw new IdentityError('IDENTITY_REQUEST_INVALID', { message: 'response is malformed' });
  const { id, rawId, type, response } = parsed.data;
  return { id, rawId, type, response, clientExtensionResults: {} };
}

/** Parses an assertion, of a login or of a consent. */
export function parseAssertion(value: unknown): Assertion {
  const parsed = assertion.safeParse(value);
  if (!parsed.success)
    throw new IdentityError('IDENTITY_REQUEST_INVALID', { message: 'assertion is malformed' });
  const { id, rawId, type, response } = parsed.data;
  const { clientDataJSON, authenticatorData, signature } = response;
  return {
    id,
    rawId,
    type,
    response: { clientDataJSON, authenticatorData, signature },
    clientExtensionResults: {},
  };
}

/** Refuses a response made inside another site's frame, whose page could have dressed up what is signed. */
export function assertOwnFrame(clientDataJson: string): void {
  if (clientData(clientDataJson)['crossOrigin'] === true) throw new IdentityError('IDENTITY_PASSKEY_REFUSED');
}

/** The challenge an assertion answers, not verified yet. */
export function challengeOf(response: Assertion): Uint8Array {
  const { challenge } = clientData(response.response.clientDataJSON);
  if (typeof challenge !== 'string' || challenge.length > 256)
    throw new IdentityError('IDENTITY_PASSKEY_REFUSED');
  try {
    return fromBase64url(challenge);
  } catch (cause) {
    throw new IdentityError('IDENTITY_PASSKEY_REFUSED', { cause });
  }
}

function clientData(clientDataJson: string): Record<string, unknown> {
  try {
    const value = parseJson(fromBase64url(clientDataJson));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch (cause) {
    throw new IdentityError('IDENTITY_PASSKEY_REFUSED', { cause });
  }
  throw new IdentityError('IDENTITY_PASSKEY_REFUSED');
}
