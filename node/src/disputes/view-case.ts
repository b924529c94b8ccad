import { type CaseDecision, type CaseFinding, claimTexts, findingTexts } from '@medseal/evidence';
import { stateTexts } from './case-texts.ts';
import { waitingDeliveries } from './delivery-store.ts';
import type { DisputeDeps } from './dispute-deps.ts';
import { type FoundCase, findCase } from './find-case.ts';
import { type WaitingStep, waitingSteps } from './step-store.ts';
import type { CaseActor, CaseView, CaseViewState, KeptDocument } from './types.ts';

/** One case with its state, its deadline and what comes next. */
export async function viewCase(
  { actor, caseId }: { actor: CaseActor; caseId: string },
  deps: DisputeDeps,
): Promise<CaseView> {
  const found = await findCase(caseId, actor, deps);
  const steps = await waitingSteps(deps.db, caseId);
  const deliveries = await waitingDeliveries(deps.db, caseId);
  const overdue = isOverdue(found, deps.clock.now());
  const state = stateOf(found, steps);
  return {
    caseId,
    state,
    overdue,
    ...ledgerPart(found, deps),
    ...documentPart(found),
    ...stateTexts[overdue ? 'overdue' : state],
    waiting: {
      steps: steps.map(({ code, ...step }) => ({ ...step, ...(code === null ? {} : { code }) })),
      deliveries: deliveries.map(({ code, ...delivery }) => ({
        ...delivery,
        ...(code === null ? {} : { code }),
      })),
    },
    ledger: found.steps.map(({ dispute, txId, blockNumber }) => ({
      step: dispute.step,
      state: dispute.state,
      at: dispute.changedAt,
      txId,
      blockNumber,
    })),
  };
}

function stateOf({ current }: FoundCase, steps: readonly WaitingStep[]): CaseViewState {
  if (current !== undefined) return current.state;
  return steps.some(({ step, state }) => step === 'open' && state === 'refused') ? 'refused' : 'pending';
}

/** Seen here from the deadline on, whether or not the ledger says so yet. */
function isOverdue({ current }: FoundCase, now: Date): boolean {
  if (current === undefined) return false;
  if (current.state === 'overdue') return true;
  return current.state === 'opened' && now.getTime() > Date.parse(current.deadlineAt);
}

function ledgerPart(
  { current }: FoundCase,
  { tenant }: DisputeDeps,
): Pick<CaseView, 'opener' | 'parties' | 'openedAt' | 'deadlineAt' | 'filings'> {
  if (current === undefined) return { opener: tenant, parties: [], filings: [] };
  const { opener, parties, openedAt, deadlineAt, filings } = current;
  return {
    opener,
    parties: parties.map(({ organizationId }) => organizationId),
    openedAt,
    deadlineAt,
    filings: filings.map(({ organizationId, filedAt }) => ({
      organizationId,
      filedAt,
      late: filedAt > deadlineAt,
    })),
  };
}

function documentPart({ opening, documents }: FoundCase): Partial<CaseView> {
  const finding = only<CaseFinding>(documents, 'finding');
  const decision = only<CaseDecision>(documents, 'decision');
  const claims = finding?.claims.map((claim) => ({
    ...claim,
    text: claimTexts[claim.claim],
    result: findingTexts[claim.finding],
  }));
  return {
    ...(opening === undefined
      ? {}
      : { openedFor: opening.openedFor, subject: opening.subject, grounds: opening.grounds }),
    ...(claims === undefined ? {} : { claims }),
    ...(decision === undefined ? {} : { decision: { outcome: decision.outcome, reasons: decision.reasons } }),
  };
}

function only<Content extends CaseFinding | CaseDecision>(
  documents: ReadonlyMap<string, KeptDocument>,
  kind: string,
): Content | undefined {
  const found = [...documents].find(([name]) => name.startsWith(`${kind}/`));
  return found?.[1].document.content as Content | undefined;
}
