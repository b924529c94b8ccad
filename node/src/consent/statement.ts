import { base64url, canonicalJson, concat, sha256, utf8 } from '@medseal/evidence';
import { z } from 'zod';
import { ConsentError } from './errors.ts';
import type { ConsentResource, RevocationStatement } from './types.ts';

/** What the patient's passkey signs to grant: SHA-256("medseal/consent-grant/v1\n" ‖ RFC 8785 canonical Consent). */
export function grantChallenge(consent: ConsentResource): Uint8Array {
  return sha256(concat(utf8('medseal/consent-grant/v1\n'), utf8(canonicalJson(consent))));
}

/** What it signs to revoke: SHA-256("medseal/consent-revoke/v1\n" ‖ RFC 8785 canonical statement). */
export function revocationChallenge(statement: RevocationStatement): Uint8Array {
  return sha256(concat(utf8('medseal/consent-revoke/v1\n'), utf8(canonicalJson(statement))));
}

/** A challenge as WebAuthn writes it. */
export function challengeText(challenge: Uint8Array): string {
  return base64url(challenge);
}

const revocation = z.strictObject({
  v: z.literal(1),
  type: z.literal('medseal/consent-revocation'),
  consentId: z.uuid(),
  consentVersion: z.int().min(1),
  custodian: z.string(),
  at: z.iso.datetime({ precision: 3 }),
});

/** Parses a revocation statement that came back signed. */
export function parseRevocation(value: unknown): RevocationStatement {
  const parsed = revocation.safeParse(value);
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new ConsentError('CONSENT_INVALID', { field: path === '' ? 'statement' : `statement.${path}` });
  }
  return parsed.data;
}
