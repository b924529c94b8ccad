import { fromHex, hex } from './bytes.ts';
import type { CaseClaim, CaseFiling, ClaimFinding, ClaimName, LoggedItem } from './case-documents.ts';
import { loggedItemOf } from './case-documents.ts';
import type { CaseState } from './case-state.ts';
import { commit } from './commitment.ts';
import { EvidenceError } from './errors.ts';
import { type LeafKind, leafBytes, leafHash, leafOf } from './leaf.ts';
import { verifyInclusion } from './merkle.ts';

/** What came of one thing a party should have filed. */
export type Judged = { finding: ClaimFinding; by: string[]; code: string | null; content?: unknown };

/** One party's place in a case: what the ledger holds of it, and what it filed. */
export type Side = { organizationId: string; state: CaseState; filing: CaseFiling | undefined };

/**
 * Judges something that a party says its log commits to: is it there, does it hash to its leaf, does the leaf stand in
 * the log as the ledger anchored it, did it stand there when the case was opened, was it filed in time.
 */
export function judgeItem(side: Side, value: unknown, kind: LeafKind): Judged {
  const { organizationId, state, filing } = side;
  const by = [organizationId];
  if (filing === undefined) return { finding: 'missing', by, code: 'CASE_NOT_FILED' };
  if (value === null) return { finding: 'missing', by, code: 'CASE_ITEM_ABSENT' };
  const item = loggedItemOf(value);
  const fault = item === undefined ? 'CASE_ITEM_MALFORMED' : faultOf(item, side, kind);
  if (item === undefined || fault !== undefined) return { finding: 'altered', by, code: fault ?? null };
  const { content } = item;
  const party = state.parties.find((each) => each.organizationId === organizationId);
  if (item.leafIndex >= (party?.treeSize ?? 0))
    return { finding: 'late', by, code: 'CASE_LOGGED_AFTER_OPENING', content };
  return { ...inTime(side), content };
}

/** `match`, or `late` where the party filed after the deadline. */
export function inTime({ organizationId, state }: Side): Judged {
  const filed = state.filings.find((each) => each.organizationId === organizationId);
  if (filed !== undefined && filed.filedAt > state.deadlineAt)
    return { finding: 'late', by: [organizationId], code: 'CASE_FILED_LATE' };
  return { finding: 'match', by: [], code: null };
}

function faultOf(item: LoggedItem, { organizationId, state }: Side, kind: LeafKind): string | undefined {
  const filed = state.filings.find((each) => each.organizationId === organizationId);
  if (filed === undefined) return 'CASE_NOT_IN_LOG';
  try {
    const leaf = leafOf(item.leaf);
    if (leaf.kind !== kind || leaf.tenant !== organizationId) return 'CASE_OTHER_LEAF';
    const domain = kind === 'decision' ? 'decision' : 'access';
    if (hex(commit(domain, item.content, fromHex(item.salt))) !== leaf.digest) return 'CASE_CONTENT';
    const claim = {
      leafHash: leafHash(leafBytes(leaf)),
      leafIndex: item.leafIndex,
      treeSize: filed.treeSize,
      proof: item.inclusionProof.map(fromHex),
      rootHash: fromHex(filed.rootHash),
    };
    return verifyInclusion(claim) ? undefined : 'CASE_NOT_IN_LOG';
  } catch (error) {
    if (error instanceof EvidenceError) return 'CASE_ITEM_MALFORMED';
    throw error;
  }
}

/** The claim as the finding lists it. */
export function claimOf(claim: ClaimName, party: string | null, judged: Judged): CaseClaim {
  const { finding, by, code } = judged;
  return { claim, party, finding, by: [...new Set(by)].sort(), code };
}

/** What two sides' records allow at most: what is missing or altered on either side cannot be compared. */
export function weaker(one: Judged, other: Judged): Judged {
  for (const finding of ['missing', 'altered', 'late'] as const) {
    const found = [one, other].filter((each) => each.finding === finding);
    if (found.length > 0) return { finding, by: found.flatMap(({ by }) => by), code: found[0]?.code ?? null };
  }
  return { finding: 'match', by: [], code: null };
}
