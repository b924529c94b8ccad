import type { LedgerDispute } from '@medseal/chaincode/rules';
import type { CaseOpening } from '@medseal/evidence';
import type { DisputeDeps } from './dispute-deps.ts';
import { contentOf, openDocuments } from './document-store.ts';
import { DisputeError } from './errors.ts';
import { type LedgerStep, stepsOf } from './ledger-store.ts';
import type { CaseActor, KeptDocument } from './types.ts';

/** A case as this node knows it: what the ledger holds, and the documents that are here. */
export type FoundCase = {
  caseId: string;
  steps: readonly LedgerStep[];
  /** Undefined until a verified block brought the opening. */
  current: LedgerDispute | undefined;
  documents: ReadonlyMap<string, KeptDocument>;
  opening: CaseOpening | undefined;
  patientId: string | undefined;
};

/** One case. An absent one and one that the actor may not see are the same DISPUTE_NOT_FOUND. */
export async function findCase(caseId: string, actor: CaseActor, deps: DisputeDeps): Promise<FoundCase> {
  const found = await foundCase(caseId, deps);
  if (!(await maySee(found, actor, deps))) throw new DisputeError('DISPUTE_NOT_FOUND');
  return found;
}

/** A case for a step that the ledger takes from the regulator alone; another organisation is told so at once. */
export async function caseToJudge(
  { actor, caseId }: { actor: CaseActor; caseId: string },
  deps: DisputeDeps,
): Promise<FoundCase> {
  const found = await findCase(caseId, actor, deps);
  if (!(await isRegulator(deps))) throw new DisputeError('DISPUTE_NOT_PARTY');
  return found;
}

/** One case, for this node's own work. */
export async function foundCase(caseId: string, deps: DisputeDeps): Promise<FoundCase> {
  const held = await openDocuments(deps.db, caseId, deps);
  const steps = await stepsOf(deps.db, caseId);
  const current = steps.at(-1)?.dispute;
  const documents = new Map([...held].filter(([name]) => counts(name, current)));
  const opener = current?.opener ?? deps.tenant;
  const kept = documents.get(`opening/${opener}`);
  const opening = contentOf<CaseOpening>(documents, `opening/${opener}`);
  return { caseId, steps, current, documents, opening, patientId: kept?.patientId };
}

/** Whether the ledger holds a document; before that it is on its way and says nothing yet. */
function counts(name: string, current: LedgerDispute | undefined): boolean {
  const [kind, author] = name.split('/');
  if (kind === 'finding') return (current?.finding ?? null) !== null;
  if (kind === 'decision') return (current?.decision ?? null) !== null;
  return kind === 'opening' || (current?.filings ?? []).some((filing) => filing.organizationId === author);
}

async function maySee(found: FoundCase, actor: CaseActor, deps: DisputeDeps): Promise<boolean> {
  const { current, documents, patientId, opening } = found;
  if (actor.kind === 'patient') return opening?.openedFor === 'patient' && patientId === actor.patientId;
  if (current === undefined) return documents.size > 0;
  return isParty(current, deps.tenant) || (await isRegulator(deps));
}

/** Whether an organisation is a party of a case. */
export function isParty({ parties }: LedgerDispute, organizationId: string): boolean {
  return parties.some((party) => party.organizationId === organizationId);
}

/** Whether no finding was made and none is ruled out: a document that is missing still matters. */
export function canBeExamined({ state }: LedgerDispute): boolean {
  return state === 'opened' || state === 'overdue' || state === 'answered';
}

/** Whether this node is the regulator's. */
export async function isRegulator({
  members,
  tenant,
}: Pick<DisputeDeps, 'members' | 'tenant'>): Promise<boolean> {
  return (await members.get(tenant))?.kind === 'regulator';
}

/** Ids of the regulator's and of the parties' organisations, without this one. */
export async function othersIn(
  parties: readonly string[],
  { members, tenant }: Pick<DisputeDeps, 'members' | 'tenant'>,
): Promise<string[]> {
  const regulators = (await members.list()).filter(({ kind }) => kind === 'regulator');
  const all = [...parties, ...regulators.map(({ organizationId }) => organizationId as string)];
  return [...new Set(all)].filter((organizationId) => organizationId !== tenant).sort();
}

/** Ids of a case's parties. */
export function partiesOf(found: FoundCase): string[] {
  return partiesIn(requireCurrent(found));
}

/** The same, as the ledger has them: in their order. */
export function partiesIn({ parties }: LedgerDispute): string[] {
  return parties.map(({ organizationId }) => organizationId);
}

/** The case's state on the ledger, where the ledger holds it. */
export function requireCurrent({ current }: FoundCase): LedgerDispute {
  if (current === undefined) throw new DisputeError('DISPUTE_NOT_ON_LEDGER');
  return current;
}
