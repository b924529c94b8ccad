import { type CaseContent, caseCommitment, hex } from '@medseal/evidence';
import type { AuditActor, AuditEntry } from '../audit/index.ts';
import { patientToken } from '../crypto/index.ts';
import type { PatientId } from '../lib/brand.ts';
import { newSecret } from '../lib/ids.ts';
import type { Queryable } from '../lib/sql.ts';
import { queueDeliveries } from './delivery-store.ts';
import type { DisputeDeps } from './dispute-deps.ts';
import { keepDocument, nextAttempt } from './document-store.ts';
import { DisputeError } from './errors.ts';
import { queueStep } from './step-store.ts';
import type { DocumentKind, DocumentName, StepName } from './types.ts';

/** A step that this organisation takes. */
export type OwnStep = {
  caseId: string;
  step: StepName;
  actor: AuditActor;
  patientId?: PatientId | undefined;
  /** What it says; absent from a step that says nothing. */
  document?: { kind: DocumentKind; content: CaseContent; recipients: readonly string[] } | undefined;
  /** Documents of others that leave with it. */
  relayed?: readonly { name: DocumentName; recipients: readonly string[] }[];
  /** The arguments of its transaction; the commitment is that of its document. */
  args(commitment: string): string[];
};

/**
 * Writes a step: its sealed document, its task for the ledger, its deliveries, its access entry with a leaf in the log,
 * all in one transaction. DISPUTE_STATE where this organisation has taken it before.
 */
export async function takeStep(own: OwnStep, deps: DisputeDeps): Promise<void> {
  await deps.db.transaction((tx) => write(tx, own, deps));
  deps.onQueued?.();
}

async function write(tx: Queryable, own: OwnStep, deps: DisputeDeps): Promise<void> {
  const { caseId, step, actor, document, patientId } = own;
  const at = deps.clock.now();
  const kept = document === undefined ? undefined : { content: document.content, salt: hex(newSecret(32)) };
  const commitment = kept === undefined ? undefined : caseCommitment(kept);
  const args = own.args(commitment ?? '');
  if (!(await queueStep(tx, { caseId, step, args, commitment, at }))) throw new DisputeError('DISPUTE_STATE');
  if (document !== undefined && kept !== undefined) {
    const name = { caseId, kind: document.kind, author: deps.tenant };
    const patientToken = tokenOfOpener(own, deps);
    const attempt = await nextAttempt(tx, name);
    await keepDocument(tx, { name, attempt, kept: { document: kept, patientId }, patientToken, at }, deps);
    await queueDeliveries(tx, name, { recipients: document.recipients, afterStep: step, at });
  }
  for (const { name, recipients } of own.relayed ?? [])
    await queueDeliveries(tx, name, { recipients, afterStep: step, at });
  await deps.access.record(tx, [auditOf({ caseId, act: step, actor, patientId }, deps)]);
}

/** A patient finds the cases that they opened; one that their hospital opened is not theirs. */
function tokenOfOpener(
  { step, actor, patientId }: OwnStep,
  { keyStore }: DisputeDeps,
): Uint8Array | undefined {
  if (step !== 'open' || actor.kind !== 'patient' || patientId === undefined) return undefined;
  return patientToken(keyStore, patientId);
}

/** The access entry of an act on a case. */
export function auditOf(
  {
    caseId,
    act,
    actor,
    patientId,
    counterpart,
  }: {
    caseId: string;
    act: string;
    actor: AuditActor;
    patientId?: string | undefined;
    counterpart?: string | undefined;
  },
  { clock }: Pick<DisputeDeps, 'clock'>,
): AuditEntry {
  return {
    interaction: 'dispute',
    outcome: 'success',
    actor,
    at: clock.now().toISOString(),
    patientId,
    purpose: actor.kind === 'patient' ? 'PATRQT' : 'HOPERAT',
    query: `/disputes/${caseId}/${act}`,
    counterpart,
  };
}
