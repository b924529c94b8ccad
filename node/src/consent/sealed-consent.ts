import { commit } from '@medseal/evidence';
import {
  openRecord,
  type RecordAddress,
  type SealedRecord,
  type SealingKey,
  sealRecord,
} from '../crypto/index.ts';
import type { VerifiedAssertion } from '../identity/index.ts';
import { ConsentError } from './errors.ts';
import type { ConsentResource, RevocationStatement } from './types.ts';

/** Everything that proves one version of a consent: the resource, and what the patient signed with which key. */
export type ConsentContent = {
  v: 1;
  version: number;
  consent: ConsentResource;
  /** Present in the version that ends the consent; that version's assertion is over it. */
  revocation: RevocationStatement | null;
  assertion: VerifiedAssertion;
};

/** Where a version is sealed: the random ledger id stands for the consent, so a row reveals no FHIR id. */
export type ConsentAddress = { tenant: string; ledgerId: string; version: number };

type Sealing = { key: SealingKey; address: ConsentAddress };

/** Seals one version under the patient's key; the commitment's salt dies with that key. */
export function sealConsent(
  content: ConsentContent,
  { key, address }: Sealing,
): { sealed: SealedRecord; commitment: Uint8Array } {
  const { sealed, leafSalt } = sealRecord(JSON.stringify(content), { key, address: recordAddress(address) });
  return { sealed, commitment: commit('consent', content, leafSalt) };
}

/** Opens `sealConsent` and recomputes the commitment under its salt. */
export function openConsent(
  sealed: SealedRecord,
  { key, address }: Sealing,
): { content: ConsentContent; commitment: Uint8Array; salt: Uint8Array } {
  try {
    const { text, leafSalt } = openRecord(sealed, { key, address: recordAddress(address) });
    const content = JSON.parse(text) as ConsentContent;
    return { content, commitment: commit('consent', content, leafSalt), salt: leafSalt };
  } catch (cause) {
    throw new ConsentError('CONSENT_UNREADABLE', { cause });
  }
}

function recordAddress({ tenant, ledgerId, version }: ConsentAddress): RecordAddress {
  return { tenant, type: 'Consent', id: ledgerId, version };
}
