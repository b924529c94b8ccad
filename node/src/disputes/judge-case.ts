import { type CaseDecision, type CaseFiling, examineCase } from '@medseal/evidence';
import type { DisputeDeps } from './dispute-deps.ts';
import { contentOf } from './document-store.ts';
import { DisputeError } from './errors.ts';
import { type FoundCase, findCase, isRegulator, requireCurrent } from './find-case.ts';
import { gatherReferences } from './gather-references.ts';
import { takeStep } from './take-step.ts';
import type { CaseActor } from './types.ts';

type CaseRequest = { actor: CaseActor; caseId: string };

/**
 * Compares both sides with the ledger and states the finding. With it the filings go to the parties, which see each
 * other's only now.
 */
export async function examine({ actor, caseId }: CaseRequest, deps: DisputeDeps): Promise<void> {
  const found = await caseToJudge({ actor, caseId }, deps);
  const state = requireCurrent(found);
  if (state.state !== 'answered' && state.state !== 'overdue') throw new DisputeError('DISPUTE_STATE');
  if (found.opening === undefined) throw new DisputeError('DISPUTE_INCOMPLETE');
  const filings = filingsOf(found);
  const { opening, steps } = found;
  const highestBlock = steps.at(-1)?.blockNumber ?? 0;
  const { ledger } = await gatherReferences({ opening, filings: [...filings.values()], highestBlock }, deps);
  const content = examineCase({ opening, state, filings, ledger });
  const recipients = partiesOf(found);
  await takeStep(
    {
      caseId,
      step: 'examine',
      actor,
      document: { kind: 'finding', content, recipients },
      relayed: [...filings.keys()].map((author) => ({
        name: { caseId, kind: 'filing', author },
        recipients: recipients.filter((recipient) => recipient !== author),
      })),
      args: (commitment) => [caseId, commitment],
    },
    deps,
  );
}

/** The ledger takes these steps from the regulator alone; another organisation is told so at once. */
async function caseToJudge({ actor, caseId }: CaseRequest, deps: DisputeDeps): Promise<FoundCase> {
  const found = await findCase(caseId, actor, deps);
  if (!(await isRegulator(deps))) throw new DisputeError('DISPUTE_NOT_PARTY');
  return found;
}

/** Every filing that the ledger holds; one that has not arrived yet is DISPUTE_INCOMPLETE. */
function filingsOf(found: FoundCase): Map<string, CaseFiling> {
  const { filings } = requireCurrent(found);
  return new Map(
    filings.map(({ organizationId }) => {
      const filing = contentOf<CaseFiling>(found.documents, `filing/${organizationId}`);
      if (filing === undefined) throw new DisputeError('DISPUTE_INCOMPLETE');
      return [organizationId, filing];
    }),
  );
}

function partiesOf(found: FoundCase): string[] {
  return requireCurrent(found).parties.map(({ organizationId }) => organizationId);
}

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
