import { equalBytes } from '@medseal/evidence';
import { type KeyStore, openPatientKey } from '../crypto/index.ts';
import type { SealedConsentRow } from './consent-store.ts';
import { ConsentError } from './errors.ts';
import { parseConsent } from './parse-consent.ts';
import { type ConsentContent, openConsent } from './sealed-consent.ts';
import type { Consent } from './types.ts';

/** `salt` opens the commitment. */
export type OpenedConsent = { content: ConsentContent; consent: Consent; salt: Uint8Array };

/**
 * Opens a stored version: undefined when the patient was erased, CONSENT_UNREADABLE when it was altered. What is sealed
 * must be what the row says it is; a row that was moved or put back does not pass for another.
 */
export function openConsentRow(
  row: SealedConsentRow,
  { keyStore, tenant }: { keyStore: KeyStore; tenant: string },
): OpenedConsent | undefined {
  if (row.patient_wrapped_key === null) return undefined;
  const key = openPatientKey(
    { patient_token: row.patient_token, wrapped_key: row.patient_wrapped_key },
    keyStore,
  );
  if (key === undefined) return undefined;
  const { content, commitment, salt } = openConsent(
    { wrappedKey: row.wrapped_key, body: row.body_sealed },
    { key, address: { tenant, ledgerId: row.ledger_id, version: row.version } },
  );
  if (content.version !== row.version || !equalBytes(commitment, row.commitment)) {
    throw new ConsentError('CONSENT_UNREADABLE');
  }
  return { content, consent: parseConsent(content.consent), salt };
}
