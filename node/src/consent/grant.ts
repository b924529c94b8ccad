import { canonicalJson } from '@medseal/evidence';
import { findPatientKey, patientToken } from '../crypto/index.ts';
import type { Assertion } from '../identity/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { Queryable } from '../lib/sql.ts';
import { appendVersion } from './append-version.ts';
import type { ConsentDeps } from './consent-deps.ts';
import { countActive, findById } from './consent-store.ts';
import { composeConsent } from './draft.ts';
import { ConsentError } from './errors.ts';
import { newLedgerId } from './ledger-id.ts';
import { parseConsent } from './parse-consent.ts';
import { grantChallenge } from './statement.ts';
import { consentToken } from './tokens.ts';
import type { Consent, ConsentResource, ConsentView } from './types.ts';
import { viewOf } from './view.ts';

/** How long a draft may be read before it is signed. */
const draftMilliseconds = 15 * 60_000;
const maxActive = 100;

export type SignedConsent = { patientId: PatientId; consent: unknown; assertion: Assertion };

/**
 * Takes in a Consent that the patient signed. It must be, byte for byte, what this node would draft from its terms: so
 * the words the patient read are ours, and nothing is in it that the policy could not enforce. In one transaction: the
 * passkey's assertion over its hash, the sealed version, its leaf, the task to tell the ledger, the access entry.
 * The same signed Consent again gives the stored one.
 */
export async function grantConsent(signed: SignedConsent, deps: ConsentDeps): Promise<ConsentView> {
  const consent = parseConsent(signed.consent);
  if (consent.patientId !== signed.patientId) throw new ConsentError('CONSENT_FORBIDDEN');
  const resource = signed.consent as ConsentResource;
  const stored = await storedBefore(consent, resource, deps);
  if (stored !== undefined) return stored;
  await requireOwnDraft(consent, resource, deps);
  try {
    await deps.db.transaction((tx) => store(tx, { consent, resource, assertion: signed.assertion }, deps));
  } catch (error) {
    // Another request may have been faster, with this very consent or with another one under its id.
    const meanwhile = await storedBefore(consent, resource, deps);
    if (meanwhile === undefined) throw error;
    return meanwhile;
  }
  deps.onQueued?.();
  const row = await findById(deps.db, consentToken(deps.keyStore, consent.id));
  if (row === undefined) throw new ConsentError('CONSENT_NOT_FOUND');
  return viewOf(row, deps);
}

async function storedBefore(
  consent: Consent,
  resource: ConsentResource,
  deps: ConsentDeps,
): Promise<ConsentView | undefined> {
  const row = await findById(deps.db, consentToken(deps.keyStore, consent.id));
  if (row === undefined) return undefined;
  const view = viewOf(row, deps);
  const same = canonicalJson({ ...view.resource, status: 'active' }) === canonicalJson(resource);
  if (!same || view.status !== 'active') throw new ConsentError('CONSENT_DUPLICATE');
  return view;
}

async function requireOwnDraft(
  consent: Consent,
  resource: ConsentResource,
  deps: ConsentDeps,
): Promise<void> {
  const now = deps.clock.now().getTime();
  const age = now - Date.parse(consent.dateTime);
  if (age < 0 || age > draftMilliseconds || Date.parse(consent.terms.period.end) <= now) {
    throw new ConsentError('CONSENT_DRAFT_EXPIRED');
  }
  const { id, patientId, dateTime, terms } = consent;
  const { consent: expected } = await composeConsent(terms, { id, patientId, dateTime }, deps);
  if (canonicalJson(expected) !== canonicalJson(resource)) throw new ConsentError('CONSENT_DRAFT_CHANGED');
}

async function store(
  tx: Queryable,
  { consent, resource, assertion }: { consent: Consent; resource: ConsentResource; assertion: Assertion },
  deps: ConsentDeps,
): Promise<void> {
  const { patientId } = consent;
  const active = await countActive(tx, patientToken(deps.keyStore, patientId));
  const key = await findPatientKey(tx, patientId, { keyStore: deps.keyStore, lock: 'share' });
  if (key === undefined) throw new ConsentError('CONSENT_PATIENT_UNKNOWN');
  if (active >= maxActive) throw new ConsentError('CONSENT_LIMIT');
  const challenge = grantChallenge(resource);
  const verified = await deps.assertions.verifyAssertion(tx, { patientId, assertion, challenge });
  const content = { v: 1 as const, version: 1, consent: resource, revocation: null, assertion: verified };
  await appendVersion(tx, { content, consent, ledgerId: newLedgerId(), key, act: 'grant' }, deps);
}
