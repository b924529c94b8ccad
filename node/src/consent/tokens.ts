import type { KeyStore } from '../crypto/index.ts';

/** Keyed hash of a consent's FHIR id. */
export function consentToken(keyStore: KeyStore, consentId: string): Uint8Array {
  return keyStore.token('consent', consentId);
}

/** Keyed hash of an organisation that a consent names. */
export function recipientToken(keyStore: KeyStore, organizationId: string): Uint8Array {
  return keyStore.token('consent-recipient', organizationId);
}
