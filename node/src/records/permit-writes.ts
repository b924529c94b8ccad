import type { AuditEntry } from '../audit/index.ts';
import type { Decision, DecisionRequest } from '../consent/index.ts';
import type { Actor } from '../identity/index.ts';
import type { PatientId } from '../lib/brand.ts';
import { auditEntry } from './audit-entry.ts';
import { descriptorOf } from './descriptor.ts';
import { RecordsError } from './errors.ts';
import type { Owner } from './tokens.ts';
import type { PendingWrite, Predecessor, WriteContext, WriteEntry } from './write-context.ts';

const writers = new Set<string>(['clinician', 'registrar']);

/** Records are written by this organisation's own clinical staff and by the node itself, by nobody else. */
export function assertWriter(actor: Actor, tenant: string): void {
  const isOwnStaff = actor.kind === 'staff' && actor.organizationId === tenant;
  if (actor.kind === 'system' || (isOwnStaff && actor.roles.some((role) => writers.has(role)))) return;
  throw new RecordsError('RECORDS_WRITE_FORBIDDEN');
}

/** Nobody is known yet whom a new Patient would be: the policy is asked about nobody, by role and purpose. */
export async function permitNewPatients(
  entries: readonly WriteEntry[],
  { caller, deps, at }: WriteContext,
): Promise<void> {
  if (!entries.some(({ type, interaction }) => type === 'Patient' && interaction === 'create')) return;
  const decision = await deps.consent.decide(requestOf(undefined, { caller, at }));
  if (!decision.permit) throw new RecordsError('RECORDS_WRITE_FORBIDDEN');
}

/** Who learns by a condition that a record is there is somebody who might have written it. */
export async function permitMatches(
  matches: readonly { owner: Owner }[],
  context: WriteContext,
): Promise<void> {
  await permitOwners(new Set(matches.map(({ owner }) => owner)), context);
}

/** What may not be changed answers like what is not there. */
export async function permitChanges(
  predecessors: ReadonlyMap<number, Predecessor>,
  context: WriteContext,
): Promise<void> {
  for (const { index } of predecessors.values()) {
    if (index.owner === 'directory') continue;
    const decision = await decisionOn(index.owner, context);
    if (decision.permit && context.deps.consent.releases(decision, descriptorOf(index)) === 'release')
      continue;
    context.denials.push(denial(index.owner, decision, context));
    throw new RecordsError('RECORDS_NOT_FOUND');
  }
}

/** A patient for whom the caller may not write answers like one who is not there. */
export async function permitCreations(
  writes: readonly PendingWrite[],
  newPatients: ReadonlySet<string>,
  context: WriteContext,
): Promise<void> {
  const creations = writes.filter(({ change }) => change.kind === 'create');
  const owners = creations.map(({ owner }) => owner).filter((owner) => !newPatients.has(owner));
  await permitOwners(new Set(owners), context);
}

async function permitOwners(owners: ReadonlySet<Owner>, context: WriteContext): Promise<void> {
  for (const owner of owners) {
    if (owner === 'directory') continue;
    const decision = await decisionOn(owner, context);
    if (decision.permit) continue;
    context.denials.push(denial(owner, decision, context));
    throw new RecordsError('RECORDS_PATIENT_UNKNOWN');
  }
}

async function decisionOn(patient: PatientId, context: WriteContext): Promise<Decision> {
  const known = context.decisions.get(patient);
  if (known !== undefined) return known;
  const decision = await context.deps.consent.decide(requestOf(patient, context));
  context.decisions.set(patient, decision);
  return decision;
}

function requestOf(
  patient: PatientId | undefined,
  { caller: { actor, purpose }, at }: Pick<WriteContext, 'caller' | 'at'>,
): DecisionRequest {
  return { actor, patient, purpose, action: 'write', types: 'all', requestedAt: at.toISOString() };
}

function denial(patientId: PatientId, decision: Decision, { caller, at }: WriteContext): AuditEntry {
  return auditEntry(caller, {
    interaction: 'update',
    outcome: 'denied',
    at: at.toISOString(),
    patientId,
    decision,
  });
}
