import { type EvidenceError, refusal } from './errors.ts';
import { hasExactly } from './strict-shape.ts';

export type CaseParty = { organizationId: string; treeSize: number; messageKey: string };
export type CaseFilingState = {
  organizationId: string;
  commitment: string;
  filedAt: string;
  treeSize: number;
  rootHash: string;
};
export type CaseAct = { commitment: string; at: string };
/** On which step the finding is, and whose filings were never delivered. */
export type CaseFindingState = CaseAct & { step: number; withheld: readonly string[] };
/** A case as the ledger holds it (docs/formats/chaincode.md, "Disputes"). */
export type CaseState = {
  id: string;
  step: number;
  state: string;
  opener: string;
  parties: readonly CaseParty[];
  openedAt: string;
  deadlineAt: string;
  changedAt: string;
  commitment: string;
  filings: readonly CaseFilingState[];
  finding: CaseFindingState | null;
  decision: CaseAct | null;
};

/** Where a case lies on the ledger. */
export function caseKey(caseId: string): string {
  return `\u0000dispute\u0000${caseId}\u0000`;
}

const texts = ['id', 'state', 'opener', 'openedAt', 'deadlineAt', 'changedAt', 'commitment'];
const members = [...texts, 'step', 'parties', 'filings', 'finding', 'decision'];

/** `value` as the state of a case, member by member. */
export function parseCaseState(value: unknown): CaseState {
  if (!hasExactly(value, members)) throw malformed();
  if (!texts.every((name) => typeof value[name] === 'string')) throw malformed();
  if (!Number.isSafeInteger(value['step'])) throw malformed();
  requireRows(value['parties'], { texts: ['organizationId', 'messageKey'], sizes: ['treeSize'] });
  requireRows(value['filings'], {
    texts: ['organizationId', 'commitment', 'filedAt', 'rootHash'],
    sizes: ['treeSize'],
  });
  if (value['finding'] !== null) requireFinding(value['finding']);
  if (value['decision'] !== null)
    requireRows([value['decision']], { texts: ['commitment', 'at'], sizes: [] });
  return value as unknown as CaseState;
}

function requireFinding(value: unknown): void {
  if (!hasExactly(value, ['commitment', 'at', 'step', 'withheld'])) throw malformed();
  const { withheld, ...act } = value;
  requireRows([act], { texts: ['commitment', 'at'], sizes: ['step'] });
  if (!Array.isArray(withheld) || withheld.length > 2) throw malformed();
  if (!withheld.every((organizationId) => typeof organizationId === 'string')) throw malformed();
}

function requireRows(rows: unknown, shape: { texts: string[]; sizes: string[] }): void {
  if (!Array.isArray(rows) || rows.length > 2) throw malformed();
  for (const row of rows as unknown[]) {
    if (!hasExactly(row, [...shape.texts, ...shape.sizes])) throw malformed();
    if (!shape.texts.every((name) => typeof row[name] === 'string')) throw malformed();
    if (!shape.sizes.every((name) => Number.isSafeInteger(row[name]))) throw malformed();
  }
}

function malformed(): EvidenceError {
  return refusal('CASE_STEP_WRITE', 'not the state of a case');
}
