import { type CaseExhibit, type CaseOpening, hex } from '@medseal/evidence';
import { patientToken } from '../crypto/index.ts';
import { newSecret } from '../lib/ids.ts';
import type { DisputeDeps } from './dispute-deps.ts';
import { DisputeError } from './errors.ts';
import { requireExhibit } from './exhibit.ts';
import { othersIn } from './find-case.ts';
import { type AccessName, subjectOf } from './subject.ts';
import { takeStep } from './take-step.ts';
import type { CaseActor } from './types.ts';

export type OpenRequest = {
  actor: CaseActor;
  access: AccessName;
  grounds: string;
  /** Entries of a party's log that the opener was given. */
  exhibits?: readonly CaseExhibit[] | undefined;
};

const maxOpen = 20;

/**
 * Opens a case about an access and resolves to its id. The ledger learns of it next, then the other party and the
 * regulator are told.
 */
export async function openCase(
  { actor, access, grounds, exhibits = [] }: OpenRequest,
  deps: DisputeDeps,
): Promise<string> {
  await requireRoom(actor, deps);
  const subject = await subjectOf(access, deps);
  for (const exhibit of exhibits) await requireExhibit(exhibit, subject, deps);
  const parties = (
    subject.kind === 'access' ? [subject.custodian] : [subject.source, subject.requester]
  ).sort();
  const caseId = hex(newSecret(16));
  const openedFor = actor.kind === 'patient' ? 'patient' : 'organization';
  const content: CaseOpening = {
    ...{ format: 'medseal/case-opening/v1', caseId, subject, openedFor, grounds },
    exhibits: [...exhibits],
  };
  const deadlineAt = new Date(deps.clock.now().getTime() + deps.answerSeconds * 1000).toISOString();
  const recipients = await othersIn(parties, deps);
  await takeStep(
    {
      caseId,
      step: 'open',
      actor,
      patientId: actor.kind === 'patient' ? actor.patientId : undefined,
      document: { kind: 'opening', content, recipients },
      args: (commitment) => [caseId, JSON.stringify(parties), deadlineAt, commitment],
    },
    deps,
  );
  return caseId;
}

/** A patient's cases that are not over are limited, so that nobody fills the ledger. */
async function requireRoom(actor: CaseActor, { db, keyStore }: DisputeDeps): Promise<void> {
  if (actor.kind !== 'patient') return;
  const { rows } = await db.query<{ count: string }>(
    `select count(*) from dispute_document d
     left join dispute_ledger l on l.case_id = d.case_id and l.is_current
     where d.patient_token = $1 and coalesce(l.dispute->>'state', 'opened') not in ('closed', 'withdrawn')`,
    [patientToken(keyStore, actor.patientId)],
  );
  if (Number(rows[0]?.count ?? 0) >= maxOpen) throw new DisputeError('DISPUTE_LIMIT');
}
