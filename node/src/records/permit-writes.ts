import type { AuditEntry } from '../audit/index.ts';
import type { Decision } from '../consent/index.ts';
import type { Actor } from '../identity/index.ts';
import type { PatientId } from '../lib/brand.ts';
import { auditEntry } from './audit-entry.ts';
import { descriptorOf } from './descriptor.ts';
import { RecordsError } from './errors.ts';
import type { PendingWrite, Predecessor, WriteContext } from './write-context.ts';

const writers = new Set<string>(['clinician', 'registrar']);

/** Records are written by this organisation's own clinical staff and by the node itself, by nobody else. */
export function assertWriter(actor: Actor, tenant: string): void {
  const isOwnStaff = actor.kind === 'staff' && actor.organizationId === tenant;
  if (actor.kind === 'system' || (isOwnStaff && actor.roles.some((role) => writers.has(role)))) return;
  throw new RecordsError('RECORDS_WRITE_FORBIDDEN');
}

/** What may not be changed answers like what is not there. */
export async function permitChanges(
  predecessors: ReadonlyMap<number, Predecessor>,
  context: WriteContext,
): Promise<void> {
  for (const { index } of predecessors.values()) {
    if (index.owner === 'directory') continue;
    const decision = await decisionOn(index.owner, context);
    if (decision.permit && context.deps.consent.releases(decision, descriptorOf(index)) === 'release') continue;
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
  const owners = new Set(creations.map(({ owner }) => owner));
  for (const owner of owners) {
    if (owner === 'directory' || newPatients.has(owner)) continue;
    const decision = await decisionOn(owner, context);
    if (decision.permit) continue;
    context.denials.push(denial(owner, decision, context));
    throw new RecordsError('RECORDS_PATIENT_UNKNOWN');
  }
}

async function decisionOn(patient: PatientId, context: WriteContext): Promise<Decision> {
  const known = context.decisions.get(patient);
  if (known !== undefined) return known;
  const { caller, deps, at } = context;
  const decision = await deps.consent.decide({
    actor: caller.actor,
    patient,
    purpose: caller.purpose,
    action: 'write',
    types: 'all',
    requestedAt: at.toISOString(),
  });
  context.decisions.set(patient, decision);
  return decision;
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
