import { directoryToken, type IndexAddress, type KeyStore, patientToken } from '../crypto/index.ts';
import { nationalIdSystem } from '../identity/index.ts';
import type { PatientId } from '../lib/brand.ts';

/** Whose record it is: a patient's, or nobody's (organisations, practitioners, locations, loose medications). */
export type Owner = PatientId | 'directory';

/** Keyed hash that stands for one resource in the database. */
export function idToken(keyStore: KeyStore, type: string, id: string): Uint8Array {
  return keyStore.token('record', `${type}/${id}`);
}

/** Keyed hash that stands for the owner; the key of the owner's records has the same token. */
export function ownerToken(keyStore: KeyStore, owner: Owner): Uint8Array {
  return owner === 'directory' ? directoryToken(keyStore) : patientToken(keyStore, owner);
}

/** Keyed hash that stands for all records of one type of one owner. `|` is in no FHIR id (R4 datatypes §id). */
export function compartmentToken(keyStore: KeyStore, owner: Owner, type: string): Uint8Array {
  return keyStore.token('compartment', owner === 'directory' ? `|${type}` : `${owner}|${type}`);
}

/** Keyed hash that stands for a business identifier of one type of resource; the two spellings of a national id have one. */
export function identifierToken(
  keyStore: KeyStore,
  type: string,
  { system, value }: { system: string; value: string },
): Uint8Array {
  const spelt = system === nationalIdSystem ? value.replace(/x$/, 'X') : value;
  return keyStore.token('identifier', JSON.stringify([type, system, spelt]));
}

/** Keyed hash that stands for an alliance pseudonym. */
export function pseudonymToken(keyStore: KeyStore, pseudonym: string): Uint8Array {
  return keyStore.token('pseudonym', pseudonym);
}

/** Keyed hash that stands for a privacy officer in a request about one patient. */
export function officerToken(
  keyStore: KeyStore,
  { patientId, staffId }: { patientId: PatientId; staffId: string },
): Uint8Array {
  return keyStore.token('erasure-officer', JSON.stringify([patientId, staffId]));
}

/** Tokens as map keys. */
export function keyOf(token: Uint8Array): string {
  return Buffer.from(token.buffer, token.byteOffset, token.length).toString('latin1');
}

/** Where a patient's sealed identity belongs: one a patient, in no version. */
export function patientIdentityAddress(tenant: string, patientToken: Uint8Array): IndexAddress {
  return { tenant, idToken: patientToken, version: 0 };
}
