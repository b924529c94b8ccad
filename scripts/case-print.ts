import type { CaseLine, CaseList, CaseTask, CaseView, Text } from '../node/src/disputes/index.ts';
import { problemOf, refusalText } from './case-problem.ts';

/** A case, or a list of them, for a reader. */
export function printed(body: object): string {
  const lines = 'disputes' in body ? listLines(body as CaseList) : viewLines(body as CaseView);
  return lines.join('\n');
}

function listLines(list: CaseList): string[] {
  return [...list.disputes.flatMap(caseLines), ...endLines(list)];
}

function endLines({ summary, tasks }: CaseList): string[] {
  return [summary.zh, summary.en, ...tasks.map(taskLine)];
}

function caseLines(line: CaseLine): string[] {
  const { caseId, state, overdue, soon, unseen, parties, deadlineAt, awaited } = line;
  const marks = [
    ...(overdue ? ['已过期限 overdue'] : []),
    ...(soon ? ['即将到期 due soon'] : []),
    ...(unseen ? ['有新进展 news'] : []),
  ];
  return [
    `${caseId}  ${[state, ...marks].join(' · ')}  ${parties.join(', ')}`,
    `  ${line.summary.zh} ${line.summary.en}`,
    `  → ${line.next.zh} ${line.next.en}`,
    ...line.notices.map(noticeLine),
    ...(awaited.length === 0 ? [] : [`  待提交 · awaited: ${awaited.join(', ')}; ${deadlineAt ?? ''}`]),
  ];
}

function noticeLine({ zh, en }: Text): string {
  return `  ! ${zh} ${en}`;
}

function taskLine({ caseId, deadlineAt, text }: CaseTask): string {
  return `! ${caseId} ${text.zh} ${text.en} (${deadlineAt})`;
}

function viewLines(view: CaseView): string[] {
  const { caseId, state, overdue, parties, deadlineAt, summary, next, claims, waiting, decision } = view;
  return [
    `${caseId}  ${state}${overdue ? ' (overdue)' : ''}  ${parties.join(', ')}`,
    `  ${summary.zh} ${summary.en}`,
    `  → ${next.zh} ${next.en}`,
    ...view.notices.map(noticeLine),
    ...(deadlineAt === undefined ? [] : [`  期限 · deadline ${deadlineAt}`]),
    ...(claims ?? []).map(
      ({ text, result, party, by }) =>
        `  ${text.zh} · ${text.en}${party === null ? '' : ` (${party})`}: ${result.zh} · ${result.en} ${by.join(', ')}`,
    ),
    ...(decision === undefined ? [] : [`  裁定 · decision: ${decision.outcome}`]),
    ...waiting.steps.map(({ step, state: at, code }) => `  … ${step}: ${at} ${code ?? ''}`),
    ...waiting.deliveries.map(({ kind, recipient, code }) => `  … ${kind} → ${recipient} ${code ?? ''}`),
  ];
}

type Answer = { status: number; body: CaseList };

/**
 * Prints the list, then each case that changes, until the process is ended. A node that does not answer is asked again;
 * one that refuses ends it.
 */
export async function watchCases(ask: () => Promise<Answer>, everyMs: number): Promise<number> {
  let before: ReadonlyMap<string, string> | undefined;
  for (;;) {
    const answer = await ask().catch((error: unknown) => {
      console.error(`… ${problemOf(error).text}`);
      return undefined;
    });
    if (answer !== undefined && answer.status >= 300) {
      console.error(`✗ ${refusalText(answer)}`);
      return 1;
    }
    if (answer !== undefined) {
      const shown = textsOf(answer.body);
      const changes = [...shown].flatMap(([caseId, text]) => (before?.get(caseId) === text ? [] : [text]));
      if (before === undefined || changes.length > 0)
        console.log([...changes, ...endLines(answer.body)].join('\n'));
      before = shown;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

function textsOf({ disputes }: CaseList): Map<string, string> {
  return new Map(disputes.map((line) => [line.caseId, caseLines(line).join('\n')]));
}
