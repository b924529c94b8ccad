import type { Assertion } from '../identity/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { ConsentDeps } from './consent-deps.ts';
import { type ConsentEvidence, consentEvidence } from './consent-evidence.ts';
import { type ConsentDraft, draftConsent } from './draft.ts';
import { grantConsent } from './grant.ts';
import { getConsent, listConsents, type Reading } from './read-consents.ts';
import { draftRevocation, type RevocationDraft, revokeConsent } from './revoke.ts';
import type { ConsentView } from './types.ts';

/** The consents kept at this hospital. */
export type Consents = {
  draft(request: { patientId: PatientId; terms: unknown }): Promise<ConsentDraft>;
  grant(signed: { patientId: PatientId; consent: unknown; assertion: Assertion }): Promise<ConsentView>;
  draftRevocation(request: { patientId: PatientId; consentId: string }): Promise<RevocationDraft>;
  revoke(signed: { patientId: PatientId; statement: unknown; assertion: Assertion }): Promise<ConsentView>;
  list(request: Reading & { patientId: PatientId }): Promise<ConsentView[]>;
  get(request: Reading & { consentId: string }): Promise<ConsentView>;
  /** What proves one version, ended ones too. The access is decided on and recorded by the caller. */
  evidence(version: { id: string; version: number }): Promise<ConsentEvidence | undefined>;
};

/** Binds the verbs of consent to their dependencies. */
export function createConsents(deps: ConsentDeps): Consents {
  return {
    draft: (request) => draftConsent(request, deps),
    grant: (signed) => grantConsent(signed, deps),
    draftRevocation: (request) => draftRevocation(request, deps),
    revoke: (signed) => revokeConsent(signed, deps),
    list: (request) => listConsents(request, deps),
    get: (request) => getConsent(request, deps),
    evidence: (version) => consentEvidence(version, deps),
  };
}
