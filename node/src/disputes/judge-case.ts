import type { CaseDecision } from '@medseal/evidence';
import type { DisputeDeps } from './dispute-deps.ts';
import { DisputeError } from './errors.ts';
import { caseToJudge, findCase, partiesOf, requireCurrent } from './find-case.ts';
import { takeStep } from './take-step.ts';
import type { CaseActor } from './types.ts';

type CaseRequest = { actor: CaseActor; caseId: string };

/** The regulator decides an examined case. */
export async function decideCase(
  { actor, caseId, outcome, reasons }: CaseRequest & Pick<CaseDecision, 'outcome' | 'reasons'>,
  deps: DisputeDeps,
): Promise<void> {
  const found = await caseToJudge({ actor, caseId }, deps);
  if (requireCurrent(found).state !== 'examined') throw new DisputeError('DISPUTE_STATE');
  const content: CaseDecision = { format: 'medseal/case-decision/v1', caseId, outcome, reasons };
  await takeStep(
    {
      caseId,
      step: 'decide',
      actor,
      document: { kind: 'decision', content, recipients: partiesOf(found) },
      args: (commitment) => [caseId, commitment],
    },
    deps,
  );
}

/** The regulator ends a decided case; the last step that reads the decision, so that it is shown to have taken effect. */
export async function closeCase({ actor, caseId }: CaseRequest, deps: DisputeDeps): Promise<void> {
  const found = await caseToJudge({ actor, caseId }, deps);
  if (requireCurrent(found).state !== 'decided') throw new DisputeError('DISPUTE_STATE');
  await takeStep({ caseId, step: 'close', actor, args: () => [caseId] }, deps);
}

/** Whoever opened a case takes it back before it is examined. */
export async function withdrawCase({ actor, caseId }: CaseRequest, deps: DisputeDeps): Promise<void> {
  const found = await findCase(caseId, actor, deps);
  const { opener, state } = requireCurrent(found);
  if (opener !== deps.tenant) throw new DisputeError('DISPUTE_NOT_PARTY');
  // A patient's case is the patient's to take back.
  if (found.opening?.openedFor === 'patient' && actor.kind !== 'patient')
    throw new DisputeError('DISPUTE_NOT_PARTY');
  if (!['opened', 'overdue', 'answered'].includes(state)) throw new DisputeError('DISPUTE_STATE');
  const patientId = actor.kind === 'patient' ? actor.patientId : undefined;
  await takeStep({ caseId, step: 'withdraw', actor, patientId, args: () => [caseId] }, deps);
}
