import { type CaseFiling, examineCase } from '@medseal/evidence';
import type { AuditActor } from '../audit/index.ts';
import { AppError } from '../lib/errors.ts';
import type { DisputeDeps } from './dispute-deps.ts';
import { contentOf } from './document-store.ts';
import { DisputeError } from './errors.ts';
import { caseToJudge, type FoundCase, foundCase, partiesOf, requireCurrent } from './find-case.ts';
import { gatherReferences } from './gather-references.ts';
import { takeMovedSteps } from './step-store.ts';
import { takeStep } from './take-step.ts';
import type { CaseActor } from './types.ts';

export type ExamineRequest = {
  actor: CaseActor;
  caseId: string;
  /** Parties whose filing the ledger has while its document never came, to be found withheld. */
  without?: readonly string[] | undefined;
};

/**
 * Compares both sides with the ledger and states the finding. With it the filings go to the parties, which see each
 * other's only now. A filing whose document has not come is called withheld when the regulator says so, after the deadline
 * and never by itself: it is a finding against that party.
 */
export async function examine(
  { actor, caseId, without = [] }: ExamineRequest,
  deps: DisputeDeps,
): Promise<void> {
  const found = await caseToJudge({ actor, caseId }, deps);
  await stateFinding({ found, actor, withheld: [...without].sort() }, deps);
}

type Examination = { found: FoundCase; actor: AuditActor; withheld: readonly string[] };

async function stateFinding({ found, actor, withheld }: Examination, deps: DisputeDeps): Promise<void> {
  const { caseId, opening, steps } = found;
  const state = requireCurrent(found);
  if (state.state !== 'answered' && state.state !== 'overdue') throw new DisputeError('DISPUTE_STATE');
  if (opening === undefined) throw new DisputeError('DISPUTE_INCOMPLETE');
  requireWithheld(found, withheld, deps.clock.now());
  const filings = filingsOf(found, withheld);
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
      args: (commitment) => [caseId, commitment, String(state.step), JSON.stringify(withheld)],
    },
    deps,
  );
}

/** Only what was filed and has not come can be withheld, and only once it can no longer be delivered in time. */
function requireWithheld(found: FoundCase, withheld: readonly string[], now: Date): void {
  if (withheld.length === 0) return;
  const missing = undelivered(found);
  if (withheld.some((party, at) => !missing.includes(party) || withheld[at - 1] === party))
    throw new DisputeError('DISPUTE_NOT_WITHHELD');
  if (now.getTime() <= Date.parse(requireCurrent(found).deadlineAt)) throw new DisputeError('DISPUTE_EARLY');
}

/** Every filing that the ledger holds; one that has not arrived yet is DISPUTE_INCOMPLETE unless it is called withheld. */
function filingsOf(found: FoundCase, withheld: readonly string[]): Map<string, CaseFiling> {
  const delivered = requireCurrent(found).filings.filter(
    ({ organizationId }) => !withheld.includes(organizationId),
  );
  return new Map(
    delivered.map(({ organizationId }) => {
      const filing = contentOf<CaseFiling>(found.documents, `filing/${organizationId}`);
      if (filing === undefined) throw new DisputeError('DISPUTE_INCOMPLETE');
      return [organizationId, filing];
    }),
  );
}

/** Parties whose filing the ledger has while its document is not here. */
function undelivered({ current, documents }: FoundCase): string[] {
  const filed = (current?.filings ?? []).map(({ organizationId }) => organizationId);
  return filed.filter((party) => !documents.has(`filing/${party}`));
}

const leaseMs = 60_000;

/**
 * Examines again, once, each case that moved on while its finding was on the way to the ledger. What was called withheld
 * and has come meanwhile is looked at; a further filing that has not come is waited for. Resolves to how many were examined.
 */
export async function examineMoved(deps: DisputeDeps): Promise<number> {
  const now = deps.clock.now();
  const until = new Date(now.getTime() + leaseMs);
  let examined = 0;
  for (const { caseId, args } of await takeMovedSteps(deps.db, { now, until }))
    if (await examineAgain({ caseId, args }, deps)) examined += 1;
  return examined;
}

async function examineAgain(
  { caseId, args }: { caseId: string; args: readonly string[] },
  deps: DisputeDeps,
): Promise<boolean> {
  const found = await foundCase(caseId, deps);
  // The block that moved the case may still be on its way here.
  if (found.current === undefined || String(found.current.step) === args[2]) return false;
  const before = JSON.parse(args[3] ?? '[]') as string[];
  const withheld = before.filter((party) => undelivered(found).includes(party));
  const actor = { kind: 'system', name: 'disputes' } as const;
  try {
    await stateFinding({ found, actor, withheld }, deps);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    deps.logger.warn('dispute.not-examined-again', { caseId, code: error.code });
    return false;
  }
  deps.logger.info('dispute.examined-again', { caseId, step: found.current.step });
  return true;
}
