import { canonicalJson } from './canonical.ts';
import type { CaseFindingState, CaseState } from './case-state.ts';
import { refusal } from './errors.ts';

/** A step adds; what stood before stays as it was, and a finding is on the step before it. */
export function requireNext(state: CaseState, before: CaseState | undefined, number: number): void {
  if (state.step !== number) throw refusal('CASE_STEP_ORDER', `step ${number} is not there`);
  if (before !== undefined && !isKept(state, before))
    throw refusal('CASE_STEP_CHANGED', 'a step changed what stood before');
  const isNew = state.finding !== null && (before?.finding ?? null) === null;
  if (isNew && state.finding !== null) requireExamined(state, state.finding, before);
}

function isKept(state: CaseState, before: CaseState): boolean {
  const { opener, parties, openedAt, deadlineAt, commitment } = before;
  const frame = { opener, parties, openedAt, deadlineAt, commitment };
  return (
    canonicalJson(frame) ===
      canonicalJson({ ...frame, ...pick(state, Object.keys(frame) as (keyof CaseState)[]) }) &&
    before.filings.every((filing) =>
      state.filings.some((each) => canonicalJson(each) === canonicalJson(filing)),
    ) &&
    (before.finding === null || canonicalJson(before.finding) === canonicalJson(state.finding)) &&
    (before.decision === null || canonicalJson(before.decision) === canonicalJson(state.decision))
  );
}

function pick(state: CaseState, names: readonly (keyof CaseState)[]): Partial<CaseState> {
  return Object.fromEntries(names.map((name) => [name, state[name]]));
}

/**
 * A finding on another step could not be recomputed. A regulator that calls a filing withheld which was never made, or
 * before the deadline, would brand a party that is still in time.
 */
function requireExamined(
  { deadlineAt }: CaseState,
  { step, withheld, at }: CaseFindingState,
  before: CaseState | undefined,
): void {
  if (before === undefined || step !== before.step)
    throw refusal('CASE_STEP_EXAMINED', 'a finding on another step than the one before it');
  const filed = before.filings.map(({ organizationId }) => organizationId);
  const named = filed.filter((organizationId) => withheld.includes(organizationId));
  if (canonicalJson(named) !== canonicalJson(withheld))
    throw refusal('CASE_WITHHELD_PARTY', 'a filing that was never made is called withheld');
  if (withheld.length > 0 && at <= deadlineAt)
    throw refusal('CASE_WITHHELD_EARLY', 'a filing is called withheld before the deadline');
}
