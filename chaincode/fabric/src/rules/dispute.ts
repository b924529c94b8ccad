import { ContractError } from '../errors.ts';

export type DisputeState =
  | 'opened'
  | 'overdue'
  | 'answered'
  | 'examined'
  | 'decided'
  | 'closed'
  | 'withdrawn';
/** `complete` is the filing after which no party's is missing. */
export type DisputeEvent = 'file' | 'complete' | 'lapse' | 'examine' | 'decide' | 'close' | 'withdraw';

/** A party as it stood when the case was opened: how far the ledger held its log, and the key it signs receipts with. */
export type DisputeParty = { organizationId: string; treeSize: number; messageKey: string };
/** A party's filing: the salted commitment, and the anchored checkpoint of its log that the filed proofs lead to. */
export type DisputeFiling = {
  organizationId: string;
  commitment: string;
  filedAt: string;
  treeSize: number;
  rootHash: string;
};
export type DisputeAct = { commitment: string; at: string };
/**
 * A finding names the step that was examined, and the parties whose filing is on the ledger while its document never
 * reached the regulator.
 */
export type DisputeFinding = DisputeAct & { step: number; withheld: readonly string[] };

/** A case as the ledger holds it: organisations, states, times and salted commitments; nothing about a person. */
export type LedgerDispute = {
  id: string;
  /** Counts the steps from 1, so that a step which is left out of a file is missed. */
  step: number;
  state: DisputeState;
  opener: string;
  parties: readonly DisputeParty[];
  openedAt: string;
  deadlineAt: string;
  changedAt: string;
  commitment: string;
  filings: readonly DisputeFiling[];
  finding: DisputeFinding | null;
  decision: DisputeAct | null;
};

/** Who asks, as a registered member. */
export type DisputeCaller = { organizationId: string; isRegulator: boolean };
/** When: the transaction's own time, which the client chose within the window that endorsing peers allow. */
export type DisputeMoment = { caller: DisputeCaller; at: Date };

/** State × event → state; what is not listed is refused. */
export const disputeTransitions: Record<DisputeState, Partial<Record<DisputeEvent, DisputeState>>> = {
  opened: { file: 'opened', complete: 'answered', lapse: 'overdue', withdraw: 'withdrawn' },
  overdue: { file: 'overdue', complete: 'answered', examine: 'examined', withdraw: 'withdrawn' },
  answered: { examine: 'examined', withdraw: 'withdrawn' },
  examined: { decide: 'decided' },
  decided: { close: 'closed' },
  closed: {},
  withdrawn: {},
};

const longestMs = 366 * 24 * 60 * 60 * 1000;

export type OpenRequest = DisputeMoment & {
  id: string;
  parties: readonly DisputeParty[];
  deadlineAt: string;
  commitment: string;
  existing: LedgerDispute | undefined;
};

/** The case after `dispute:open`; the same request again gives the stored state. */
export function openDispute({ existing, ...request }: OpenRequest): LedgerDispute {
  const { id, caller, parties, deadlineAt, commitment, at } = request;
  const opener = caller.organizationId;
  if (existing !== undefined) return sameOpening(existing, request);
  if (!parties.some(({ organizationId }) => organizationId === opener))
    throw new ContractError('DISPUTE_PARTY', 'a case is opened by one of its parties');
  if (!isOrdered(parties))
    throw new ContractError('DISPUTE_PARTIES', 'parties stand in the order of their ids, each once');
  requireDeadline(deadlineAt, at);
  const openedAt = at.toISOString();
  const acts = { filings: [], finding: null, decision: null };
  const frame = { id, step: 1, state: 'opened' as const, opener, parties, commitment };
  return { ...frame, openedAt, deadlineAt, changedAt: openedAt, ...acts };
}

function sameOpening(existing: LedgerDispute, { caller, ...request }: Omit<OpenRequest, 'existing'>) {
  const ids = (parties: readonly DisputeParty[]): string =>
    parties.map(({ organizationId }) => organizationId).join(' ');
  const same =
    existing.opener === caller.organizationId &&
    existing.commitment === request.commitment &&
    existing.deadlineAt === request.deadlineAt &&
    ids(existing.parties) === ids(request.parties);
  if (!same) throw new ContractError('DISPUTE_CONFLICT', 'a case of this id was opened with other content');
  return existing;
}

function isOrdered(parties: readonly DisputeParty[]): boolean {
  return parties.every(({ organizationId }, at) => {
    const before = parties[at - 1];
    return before === undefined || before.organizationId < organizationId;
  });
}

function requireDeadline(deadlineAt: string, at: Date): void {
  const deadline = Date.parse(deadlineAt);
  const isInstant = !Number.isNaN(deadline) && new Date(deadline).toISOString() === deadlineAt;
  if (!isInstant || deadline <= at.getTime() || deadline > at.getTime() + longestMs)
    throw new ContractError('DISPUTE_DEADLINE', 'the deadline lies within 366 days after the opening');
}

/** What a party files; size and root are those of its checkpoint on the ledger. */
export type FileRequest = DisputeMoment & { commitment: string; treeSize: number; rootHash: string };

/** The case after `dispute:file`. Each party files once; one that files after the deadline is taken, and seen to be late. */
export function fileDispute(dispute: LedgerDispute, request: FileRequest): LedgerDispute {
  const { caller, at, ...filed } = request;
  const { organizationId } = caller;
  requireParty(dispute, caller);
  const own = dispute.filings.find((filing) => filing.organizationId === organizationId);
  if (own !== undefined) {
    if (own.commitment === filed.commitment && own.treeSize === filed.treeSize) return dispute;
    throw new ContractError('DISPUTE_CONFLICT', 'this party has filed something else');
  }
  const filing = { organizationId, ...filed, filedAt: at.toISOString() };
  const filings = [...dispute.filings, filing].sort((one, other) =>
    one.organizationId < other.organizationId ? -1 : 1,
  );
  const isLast = filings.length === dispute.parties.length;
  return moved({ ...dispute, filings }, isLast ? 'complete' : 'file', at);
}

/** The case after `dispute:lapse`: the deadline has passed and a filing is missing. */
export function lapseDispute(dispute: LedgerDispute, { caller, at }: DisputeMoment): LedgerDispute {
  if (!caller.isRegulator) requireParty(dispute, caller);
  if (dispute.state === 'overdue') return dispute;
  const next = moved(dispute, 'lapse', at);
  if (at.getTime() <= Date.parse(dispute.deadlineAt))
    throw new ContractError('DISPUTE_EARLY', 'the deadline has not passed');
  return next;
}

/** What the regulator examined: the case at this step, without the documents of these parties' filings. */
export type ExamineRequest = DisputeMoment & Omit<DisputeFinding, 'at'>;

/**
 * The case after `dispute:examine`, which is the regulator's. A step that committed meanwhile refuses it: nobody could
 * recompute the finding. A filing counts as withheld only after the deadline, until which it can still be delivered.
 */
export function examineDispute(dispute: LedgerDispute, request: ExamineRequest): LedgerDispute {
  const { caller, at, commitment, step, withheld } = request;
  requireRegulator(caller);
  const stored = dispute.finding;
  if (stored !== null) {
    const isSame = stored.commitment === commitment && stored.step === step;
    if (isSame && stored.withheld.join() === withheld.join()) return dispute;
    throw new ContractError('DISPUTE_CONFLICT', 'the case has another finding');
  }
  const finding = { commitment, at: at.toISOString(), step, withheld };
  const next = moved({ ...dispute, finding }, 'examine', at);
  if (step !== dispute.step)
    throw new ContractError('DISPUTE_MOVED', `the case is at step ${dispute.step}: examine it again`);
  if (withheld.length > 0) requireWithheld(dispute, withheld, at);
  return next;
}

function requireWithheld(dispute: LedgerDispute, withheld: readonly string[], at: Date): void {
  const filed = dispute.filings.map(({ organizationId }) => organizationId);
  // Filings stand in the order of their ids, each once; so does what is left of them.
  const named = filed.filter((organizationId) => withheld.includes(organizationId));
  if (named.join() !== withheld.join())
    throw new ContractError(
      'DISPUTE_WITHHELD',
      'a filing is withheld that the ledger holds, each named once',
    );
  if (at.getTime() <= Date.parse(dispute.deadlineAt))
    throw new ContractError('DISPUTE_EARLY', 'a filing can be delivered until the deadline');
}

/** The case after `dispute:decide`, which is the regulator's. */
export function decideDispute(
  dispute: LedgerDispute,
  { commitment, caller, at }: DisputeMoment & { commitment: string },
): LedgerDispute {
  requireRegulator(caller);
  const stored = dispute.decision;
  if (stored?.commitment === commitment) return dispute;
  if (stored !== null) throw new ContractError('DISPUTE_CONFLICT', 'the case has another decision');
  return moved({ ...dispute, decision: { commitment, at: at.toISOString() } }, 'decide', at);
}

/** The case after `dispute:close`, which is the regulator's. */
export function closeDispute(dispute: LedgerDispute, { caller, at }: DisputeMoment): LedgerDispute {
  requireRegulator(caller);
  return dispute.state === 'closed' ? dispute : moved(dispute, 'close', at);
}

/** The case after `dispute:withdraw`, which is the opener's. */
export function withdrawDispute(dispute: LedgerDispute, { caller, at }: DisputeMoment): LedgerDispute {
  if (caller.organizationId !== dispute.opener)
    throw new ContractError('DISPUTE_PARTY', 'a case is withdrawn by the one who opened it');
  return dispute.state === 'withdrawn' ? dispute : moved(dispute, 'withdraw', at);
}

function requireParty({ parties }: LedgerDispute, { organizationId }: DisputeCaller): void {
  if (!parties.some((party) => party.organizationId === organizationId))
    throw new ContractError('DISPUTE_PARTY', 'the caller is not a party of this case');
}

function requireRegulator({ isRegulator }: DisputeCaller): void {
  if (!isRegulator) throw new ContractError('DISPUTE_REGULATOR', 'this step is for the regulator');
}

function moved(dispute: LedgerDispute, event: DisputeEvent, at: Date): LedgerDispute {
  const state = disputeTransitions[dispute.state][event];
  if (state === undefined)
    throw new ContractError('DISPUTE_STATE', `${event} is not possible: the case is ${dispute.state}`);
  return { ...dispute, state, step: dispute.step + 1, changedAt: at.toISOString() };
}
