import type { PatientKey } from '../crypto/index.ts';
import type { Queryable } from '../lib/sql.ts';
import type { ConsentDeps } from './consent-deps.ts';
import { insertConsent } from './consent-store.ts';
import { queueVersion } from './outbox-store.ts';
import { type ConsentContent, sealConsent } from './sealed-consent.ts';
import { consentToken, recipientToken } from './tokens.ts';
import type { Consent } from './types.ts';

type NewVersion = {
  content: ConsentContent;
  consent: Consent;
  ledgerId: string;
  key: PatientKey;
  act: 'grant' | 'revoke';
};

/** Writes one version of a consent with its leaf, its task for the ledger and its access entry. */
export async function appendVersion(
  tx: Queryable,
  { content, consent, ledgerId, key, act }: NewVersion,
  { keyStore, tenant, clock, evidence, access }: ConsentDeps,
): Promise<void> {
  const { version } = content;
  const recordedAt = clock.now();
  const at = recordedAt.toISOString();
  const { sealed, commitment } = sealConsent(content, { key, address: { tenant, ledgerId, version } });
  const [leafId] = await evidence.append(tx, [{ kind: 'consent', digest: commitment, at }]);
  await insertConsent(tx, {
    ledgerId,
    version,
    idToken: consentToken(keyStore, consent.id),
    patientToken: key.token,
    recipientTokens: consent.terms.recipients.map((id) => recipientToken(keyStore, id)),
    active: act === 'grant',
    commitment,
    wrappedKey: sealed.wrappedKey,
    body: sealed.body,
    leafId: String(leafId),
    recordedAt,
  });
  await queueVersion(tx, { ledgerId, version, at: recordedAt });
  const { patientId } = consent;
  await access.record(tx, [
    {
      interaction: act,
      outcome: 'success',
      actor: { kind: 'patient', patientId },
      at,
      patientId,
      purpose: 'PATRQT',
      instances: [`Consent/${consent.id}`],
    },
  ]);
}
