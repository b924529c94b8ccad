import { patientToken } from '../crypto/index.ts';
import type { Actor } from '../identity/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { ConsentDeps } from './consent-deps.ts';
import { findById, findByPatient } from './consent-store.ts';
import { ConsentError } from './errors.ts';
import { openConsentRow } from './open-consent.ts';
import { consentToken } from './tokens.ts';
import type { ConsentView } from './types.ts';
import { viewOf } from './view.ts';

const readers: ReadonlySet<string> = new Set(['clinician', 'registrar', 'privacy-officer']);

type Reading = { actor: Actor; requestId?: string | undefined };

/** A patient's consents, newest first, revoked ones too: for the patient and for the custodian's staff. */
export async function listConsents(
  { actor, patientId, requestId }: Reading & { patientId: PatientId },
  deps: ConsentDeps,
): Promise<ConsentView[]> {
  if (!mayRead(actor, patientId, deps)) {
    await audit({ actor, patientId, outcome: 'denied', requestId }, deps);
    throw new ConsentError('CONSENT_FORBIDDEN');
  }
  const rows = await findByPatient(deps.db, patientToken(deps.keyStore, patientId));
  const views = rows.filter((row) => row.patient_wrapped_key !== null).map((row) => viewOf(row, deps));
  const instances = views.map(({ id }) => `Consent/${id}`);
  await audit({ actor, patientId, outcome: 'success', requestId, instances }, deps);
  return views;
}

/** One consent. An absent one and one that the actor may not read are the same CONSENT_NOT_FOUND. */
export async function getConsent(
  { actor, consentId, requestId }: Reading & { consentId: string },
  deps: ConsentDeps,
): Promise<ConsentView> {
  const row = await findById(deps.db, consentToken(deps.keyStore, consentId));
  const opened = row === undefined ? undefined : openConsentRow(row, deps);
  if (row === undefined || opened === undefined) throw new ConsentError('CONSENT_NOT_FOUND');
  const { patientId } = opened.consent;
  const outcome = mayRead(actor, patientId, deps) ? 'success' : 'denied';
  await audit({ actor, patientId, outcome, requestId, instances: [`Consent/${consentId}`] }, deps);
  if (outcome === 'denied') throw new ConsentError('CONSENT_NOT_FOUND');
  return viewOf(row, deps);
}

function mayRead(actor: Actor, patientId: PatientId, { tenant }: ConsentDeps): boolean {
  if (actor.kind === 'patient') return actor.patientId === patientId;
  return (
    actor.kind === 'staff' && actor.organizationId === tenant && actor.roles.some((role) => readers.has(role))
  );
}

type Reported = Reading & {
  patientId: PatientId;
  outcome: 'success' | 'denied';
  instances?: string[];
};

async function audit(
  { actor, patientId, outcome, requestId, instances = [] }: Reported,
  { access, clock }: ConsentDeps,
): Promise<void> {
  await access.write({
    interaction: instances.length === 1 ? 'read' : 'search',
    outcome,
    actor,
    at: clock.now().toISOString(),
    patientId,
    purpose: actor.kind === 'patient' ? 'PATRQT' : 'HOPERAT',
    instances,
    ...(outcome === 'denied' ? { reasons: ['CONSENT_FORBIDDEN'] } : {}),
    ...(requestId === undefined ? {} : { requestId }),
  });
}
