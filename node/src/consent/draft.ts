import type { PatientId } from '../lib/brand.ts';
import { newId } from '../lib/ids.ts';
import { buildConsent } from './build-consent.ts';
import type { ConsentDeps } from './consent-deps.ts';
import { ConsentError } from './errors.ts';
import { parseTerms } from './parse-terms.ts';
import { challengeText, grantChallenge } from './statement.ts';
import { type Names, summarize, wordsFor } from './summary.ts';
import type { ConsentResource, ConsentTerms, Text } from './types.ts';

export type ConsentDraft = {
  consent: ConsentResource;
  /** What the passkey has to sign, base64url. */
  challenge: string;
  summary: Text;
};

/**
 * Builds the Consent that a patient may sign, from what they chose. Nothing is stored: the draft comes back signed, and
 * is then built again and compared.
 */
export async function draftConsent(
  { patientId, terms: chosen }: { patientId: PatientId; terms: unknown },
  deps: Pick<ConsentDeps, 'members' | 'clock' | 'tenant'>,
): Promise<ConsentDraft> {
  const now = deps.clock.now();
  const terms = parseTerms(chosen, now);
  const frame = { id: newId(), patientId, dateTime: now.toISOString() };
  const { consent, summary } = await composeConsent(terms, frame, deps);
  return { consent, challenge: challengeText(grantChallenge(consent)), summary };
}

/** The active Consent of these terms with its words; every organisation in it must be a registered member. */
export async function composeConsent(
  terms: ConsentTerms,
  frame: { id: string; patientId: PatientId; dateTime: string },
  { members, tenant }: Pick<ConsentDeps, 'members' | 'tenant'>,
): Promise<{ consent: ConsentResource; summary: Text }> {
  const names = await namesOf(terms, { members, tenant });
  const summary = summarize(terms, { names, custodian: tenant });
  const words = wordsFor(summary);
  return { consent: buildConsent(terms, { ...frame, status: 'active', custodian: tenant, words }), summary };
}

async function namesOf(
  terms: ConsentTerms,
  { members, tenant }: Pick<ConsentDeps, 'members' | 'tenant'>,
): Promise<Names> {
  const recipients = [
    ...terms.recipients,
    ...terms.exclusions.flatMap((exclusion) => exclusion.recipients ?? []),
  ];
  const names = new Map<string, Text>();
  for (const id of new Set([tenant, ...recipients])) {
    const member = await members.get(id);
    const isRecipient = id !== tenant && member?.state === 'registered';
    if (id !== tenant && !isRecipient) throw unknownRecipient();
    if (member !== undefined) names.set(id, member.names);
  }
  if (recipients.includes(tenant)) throw unknownRecipient();
  return names;
}

function unknownRecipient(): ConsentError {
  return new ConsentError('CONSENT_RECIPIENT_UNKNOWN', { field: 'terms.recipients' });
}
