import { patientToken } from '../crypto/index.ts';
import type { Actor } from '../identity/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { ConsentDeps } from './consent-deps.ts';
import { findById, findByPatient } from './consent-store.ts';
import { ConsentError } from './errors.ts';
import { openConsentRow } from './open-consent.ts';
import { releases } from './releases.ts';
import { consentToken } from './tokens.ts';
import type { ConsentView, Decision } from './types.ts';
import { viewOf } from './view.ts';

/** Who reads, what for (v3-ActReason), and the request as the audit names it. */
export type Reading = { actor: Actor; purpose: string; requestId?: string | undefined };
type Act = Reading & { interaction: 'read' | 'search'; patientId: PatientId };

/** A patient's consents, newest first, revoked ones too: for the patient and for the custodian's staff, as the policy decides. */
export async function listConsents(
  { patientId, ...reading }: Reading & { patientId: PatientId },
  deps: ConsentDeps,
): Promise<ConsentView[]> {
  const act = { ...reading, patientId, interaction: 'search' as const };
  const decision = await decisionOn(act, deps);
  if (!showsConsents(decision)) {
    await audit(act, { decision, instances: [] }, deps);
    throw new ConsentError('CONSENT_FORBIDDEN');
  }
  const rows = await findByPatient(deps.db, patientToken(deps.keyStore, patientId));
  const views = rows.filter((row) => row.patient_wrapped_key !== null).map((row) => viewOf(row, deps));
  await audit(act, { decision, instances: views.map(({ id }) => `Consent/${id}`) }, deps);
  return views;
}

/** One consent. An absent one and one that the actor may not read are the same CONSENT_NOT_FOUND. */
export async function getConsent(
  { consentId, ...reading }: Reading & { consentId: string },
  deps: ConsentDeps,
): Promise<ConsentView> {
  const row = await findById(deps.db, consentToken(deps.keyStore, consentId));
  const opened = row === undefined ? undefined : openConsentRow(row, deps);
  if (row === undefined || opened === undefined) throw new ConsentError('CONSENT_NOT_FOUND');
  const act = { ...reading, patientId: opened.consent.patientId, interaction: 'read' as const };
  const decision = await decisionOn(act, deps);
  await audit(act, { decision, instances: [`Consent/${consentId}`] }, deps);
  if (!showsConsents(decision)) throw new ConsentError('CONSENT_NOT_FOUND');
  return viewOf(row, deps);
}

function decisionOn({ actor, purpose, patientId, interaction }: Act, deps: ConsentDeps): Promise<Decision> {
  return deps.decisions.decide({
    actor,
    patient: patientId,
    purpose,
    action: interaction,
    types: ['Consent'],
    requestedAt: deps.clock.now().toISOString(),
  });
}

function showsConsents(decision: Decision): boolean {
  return releases(decision, { type: 'Consent', id: '', labels: [] }) === 'release';
}

async function audit(
  { actor, purpose, patientId, interaction, requestId }: Act,
  { decision, instances }: { decision: Decision; instances: string[] },
  { access, clock }: ConsentDeps,
): Promise<void> {
  await access.write({
    interaction,
    outcome: decision.permit ? 'success' : 'denied',
    actor,
    at: clock.now().toISOString(),
    patientId,
    purpose,
    instances,
    decisionId: decision.receipt.decisionId,
    ...(decision.permit ? {} : { reasons: decision.reasons.map(({ rule }) => rule) }),
    ...(requestId === undefined ? {} : { requestId }),
  });
}
