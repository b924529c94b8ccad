import {
  type CaseSubject,
  factsOf,
  type LoggedItem,
  maxCaseConsents,
  parseCheckpoint,
} from '@medseal/evidence';
import { z } from 'zod';
import type { LeafEvidence } from '../evidence-log/index.ts';
import type { DisputeDeps } from './dispute-deps.ts';
import { DisputeError } from './errors.ts';
import type { FoundAccess, FoundExchange } from './ports.ts';

/** What a party files: `treeSize` is that of the anchored checkpoint which the proofs lead to. */
export type FiledEvidence = {
  treeSize: number;
  access: LoggedItem | null;
  decision: LoggedItem | null;
  receipt: object | null;
  /** In the order in which the decision names them. */
  consents: (LoggedItem | null)[];
};

const named = z.array(z.object({ id: z.string(), version: z.int() })).max(maxCaseConsents);

type Logged = { content: Record<string, unknown>; salt: string; leafId: bigint };

/**
 * Puts together what this organisation's own log and exchanges hold about the access in dispute. What is not there is
 * null; what is not anchored yet is DISPUTE_NOT_ANCHORED.
 */
export async function gatherEvidence(subject: CaseSubject, deps: DisputeDeps): Promise<FiledEvidence> {
  const exchange = await exchangeOf(subject, deps);
  const access = await accessOf(subject, exchange, deps);
  const isRequester = subject.kind === 'exchange' && subject.requester === deps.tenant;
  const decisionId = access === undefined || isRequester ? undefined : factsOf(access.content).decisionId;
  const made = decisionId === undefined ? undefined : await deps.decisions.evidence(decisionId);
  const decision = made === undefined ? undefined : { ...made, content: made.receipt };
  const consents = await Promise.all(
    consentsIn(decision?.content).map((named) => deps.consents.evidence(named)),
  );
  const items = [access, decision, ...consents].filter((item): item is Logged => item !== undefined);
  const proofs = await deps.log.proofsFor(items.map(({ leafId }) => leafId));
  const logged = new Map(items.map((item, place) => [item, itemOf(item, proofs[place])]));
  const filed = (item: Logged | undefined): LoggedItem | null =>
    item === undefined ? null : (logged.get(item) ?? null);
  return {
    treeSize: treeSizeOf(proofs[0]),
    access: filed(access),
    decision: filed(decision),
    receipt: exchange?.receipt ?? null,
    consents: consents.map(filed),
  };
}

/** The consents that a decision receipt names. */
function consentsIn(receipt: Record<string, unknown> | undefined): { id: string; version: number }[] {
  return named.catch([]).parse(receipt?.['consents']);
}

async function exchangeOf(subject: CaseSubject, deps: DisputeDeps): Promise<FoundExchange | undefined> {
  if (subject.kind === 'access') return undefined;
  const { source, requester, requestId } = subject;
  const partner = source === deps.tenant ? requester : source;
  const direction = source === deps.tenant ? 'answered' : 'asked';
  const rows = await deps.exchanges.find(requestId);
  return rows.find((row) => row.partner === partner && row.direction === direction);
}

async function accessOf(
  subject: CaseSubject,
  exchange: FoundExchange | undefined,
  { log }: DisputeDeps,
): Promise<FoundAccess | undefined> {
  if (subject.kind === 'access') return (await log.findAccesses({ eventId: subject.accessId }))[0];
  if (exchange === undefined) return undefined;
  // An exchange and its entry carry the same time; the entry's content is sealed, so others of that instant are looked at.
  const found = await log.findAccesses({ recordedAt: exchange.at });
  return found.find(({ content }) => {
    const { requestId, organizations } = factsOf(content);
    return requestId === subject.requestId && organizations.includes(exchange.partner);
  });
}

function itemOf({ content, salt }: Logged, evidence: LeafEvidence | undefined): LoggedItem {
  if (evidence?.state !== 'anchored') throw new DisputeError('DISPUTE_NOT_ANCHORED');
  const { leaf, leafIndex, inclusionProof } = evidence;
  return { content, salt, leaf, leafIndex, inclusionProof };
}

/** 0 where there is nothing to prove. */
function treeSizeOf(evidence: LeafEvidence | undefined): number {
  return evidence?.state === 'anchored' ? sizeOfNote(evidence.checkpoint) : 0;
}

/** The tree size that a signed checkpoint states. */
export function sizeOfNote(note: string): number {
  return parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1)).treeSize;
}
