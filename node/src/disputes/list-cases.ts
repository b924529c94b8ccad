import type { LedgerDispute } from '@medseal/chaincode/rules';
import { patientToken } from '../crypto/index.ts';
import { noticesOf } from './case-notices.ts';
import { listText, stateTexts, taskTexts, undeliveredTask } from './case-texts.ts';
import type { DisputeDeps } from './dispute-deps.ts';
import { isRegulator } from './find-case.ts';
import {
  type CasePage,
  type CaseViewer,
  countCases,
  dueCases,
  type ListedCase,
  listedCases,
} from './list-store.ts';
import type { CaseAct, CaseActor, CaseCounts, CaseLine, CaseList, CaseTask } from './types.ts';

/** How long before a deadline a case counts as due soon. */
const noticeSeconds = 3 * 24 * 60 * 60;
const maxTasks = 20;

/**
 * The cases that the actor may see, narrowed and page by page, with counts over all of them and what this organisation
 * has to do next. It opens no document, so it shows nothing that has to be on record as a look.
 */
export async function listCases(
  { actor, page }: { actor: CaseActor; page: CasePage },
  deps: DisputeDeps,
): Promise<CaseList> {
  const viewer = await viewerOf(actor, deps);
  const moment = { now: deps.clock.now(), noticeSeconds };
  const [found, due, counts] = await Promise.all([
    listedCases(deps.db, viewer, { ...moment, page }),
    dueCases(deps.db, viewer, { ...moment, limit: maxTasks }),
    countCases(deps.db, viewer, moment),
  ]);
  return {
    disputes: found.map((listed) => lineOf(listed, { tenant: deps.tenant, now: moment.now })),
    counts,
    tasks: due.flatMap((listed) => taskOf(listed, deps.tenant) ?? []),
    summary: listText(counts, viewer.kind),
  };
}

async function viewerOf(actor: CaseActor, deps: DisputeDeps): Promise<CaseViewer> {
  if (actor.kind === 'patient')
    return { kind: 'patient', patientToken: patientToken(deps.keyStore, actor.patientId) };
  return { kind: 'staff', tenant: deps.tenant, isRegulator: await isRegulator(deps) };
}

function lineOf(listed: ListedCase, { tenant, now }: { tenant: string; now: Date }): CaseLine {
  const { caseId, state, dispute, overdue, soon, unseen, undelivered } = listed;
  const withheld = [...(dispute?.finding?.withheld ?? [])];
  const { deadlineAt = '' } = dispute ?? {};
  const task = taskOf(listed, tenant);
  return {
    ...{ caseId, state, overdue, soon, unseen },
    opener: dispute?.opener ?? tenant,
    parties: dispute?.parties.map(({ organizationId }) => organizationId) ?? [],
    awaited: awaitedBy(listed),
    ...{ undelivered, withheld, notices: noticesOf({ deadlineAt, now, undelivered, withheld }) },
    ...(dispute === undefined ? {} : { openedAt: dispute.openedAt, deadlineAt: dispute.deadlineAt }),
    ...stateTexts[overdue ? 'overdue' : state],
    ...(task === undefined ? {} : { task }),
  };
}

/** The parties whose filing is missing while the case waits for filings. */
function awaitedBy({ state, dispute }: ListedCase): string[] {
  if (dispute === undefined || (state !== 'opened' && state !== 'overdue')) return [];
  const filed = new Set(dispute.filings.map(({ organizationId }) => organizationId));
  return dispute.parties.flatMap(({ organizationId }) => (filed.has(organizationId) ? [] : [organizationId]));
}

function taskOf(listed: ListedCase, tenant: string): CaseTask | undefined {
  const { caseId, dispute, overdue, ours, undelivered } = listed;
  if (!ours || dispute === undefined) return undefined;
  const act = actIn(dispute, tenant);
  const isHeldUp = act === 'examine' && undelivered.length > 0;
  const text = isHeldUp ? undeliveredTask(undelivered) : taskTexts[act][overdue ? 'late' : 'inTime'];
  return { caseId, act, overdue, deadlineAt: dispute.deadlineAt, text };
}

function actIn({ state, parties }: LedgerDispute, tenant: string): CaseAct {
  if (state === 'examined') return 'decide';
  if (state === 'decided') return 'close';
  return parties.some(({ organizationId }) => organizationId === tenant) ? 'file' : 'examine';
}

/** How many cases of each sort this organisation has. */
export async function countOwnCases(deps: DisputeDeps): Promise<CaseCounts> {
  const viewer = { kind: 'staff' as const, tenant: deps.tenant, isRegulator: await isRegulator(deps) };
  return countCases(deps.db, viewer, { now: deps.clock.now(), noticeSeconds });
}
