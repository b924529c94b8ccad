import { type CaseDecision, type CaseFinding, claimTexts, findingTexts } from '@medseal/evidence';
import { noticesOf } from './case-notices.ts';
import { stateTexts } from './case-texts.ts';
import { type WaitingDelivery, waitingDeliveries } from './delivery-store.ts';
import type { DisputeDeps } from './dispute-deps.ts';
import { countFindings } from './document-store.ts';
import { canBeExamined, type FoundCase, findCase, isRegulator } from './find-case.ts';
import { shownDecision, shownFinding } from './readable.ts';
import { type WaitingStep, waitingSteps } from './step-store.ts';
import type { CaseActor, CaseView, CaseViewState, KeptDocument, Text } from './types.ts';

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
    notices: await noticesFor(found, { steps, deliveries }, deps),
    waiting: {
      steps: steps.map(({ code, ...step }) => ({ ...step, ...(code === null ? {} : { code }) })),
      deliveries: deliveries.map(({ code, author: _, ...delivery }) => ({
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

/** The regulator knows what has come; a party knows what of its own has not been taken yet. */
async function noticesFor(
  { caseId, current, documents }: FoundCase,
  { steps, deliveries }: { steps: readonly WaitingStep[]; deliveries: readonly WaitingDelivery[] },
  deps: DisputeDeps,
): Promise<Text[]> {
  if (current === undefined) return [];
  const judges = await isRegulator(deps);
  const { deadlineAt, finding, filings } = current;
  const withheld = finding?.withheld ?? [];
  const isHere = (party: string): boolean => documents.has(`filing/${party}`);
  const isLacking = (party: string): boolean =>
    judges
      ? !isHere(party)
      : deliveries.some(({ kind, author, code }) => kind === 'filing' && author === party && code !== null);
  const filed = filings.map(({ organizationId }) => organizationId);
  return noticesOf({
    ...{ deadlineAt, now: deps.clock.now(), withheld },
    undelivered: canBeExamined(current) ? filed.filter(isLacking) : [],
    deliveredLate: judges ? withheld.filter(isHere) : [],
    examinations: await countFindings(deps.db, caseId),
    overtaken: steps.some(({ step, code }) => step === 'examine' && code === 'DISPUTE_MOVED'),
  });
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
  const { opener, parties, openedAt, deadlineAt, filings, finding } = current;
  return {
    opener,
    parties: parties.map(({ organizationId }) => organizationId),
    openedAt,
    deadlineAt,
    filings: filings.map(({ organizationId, filedAt }) => ({
      organizationId,
      filedAt,
      late: filedAt > deadlineAt,
      withheld: finding?.withheld.includes(organizationId) ?? false,
    })),
  };
}

function documentPart({ opening, documents }: FoundCase): Partial<CaseView> {
  const finding = shownFinding(only<CaseFinding>(documents, 'finding'));
  const decision = shownDecision(only<CaseDecision>(documents, 'decision'));
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
