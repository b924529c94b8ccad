import { fromHex, hex } from './bytes.ts';
import type { CaseClaim, CaseFiling, ClaimFinding, ClaimName, LoggedItem } from './case-documents.ts';
import { loggedItemOf } from './case-documents.ts';
import type { CaseState } from './case-state.ts';
import { commit } from './commitment.ts';
import { EvidenceError } from './errors.ts';
import { type Leaf, leafBytes, leafHash, leafOf } from './leaf.ts';
import { verifyInclusion } from './merkle.ts';

/** What came of one thing a party should have filed; `content` and `leaf` are there where they belong together. */
export type Judged = {
  finding: ClaimFinding;
  by: string[];
  code: string | null;
  content?: unknown;
  leaf?: Leaf;
};

/** What is filed as an item is committed to under the name of its leaf's kind. */
export type ItemKind = 'access' | 'decision' | 'consent';

/** The log that an item is to be in, as the ledger anchored it. */
export type AnchoredLog = { organizationId: string; treeSize: number; rootHash: string };

/** One party's place in a case: what the ledger holds of it, and what it filed. */
export type Side = { organizationId: string; state: CaseState; filing: CaseFiling | undefined };

/**
 * Judges something that a party says its log commits to: is it there, does it hash to its leaf, does the leaf stand in
 * the log as the ledger anchored it, did it stand there when the case was opened, was it filed in time.
 */
export function judgeItem(side: Side, value: unknown, kind: ItemKind): Judged {
  const { organizationId, state, filing } = side;
  const by = [organizationId];
  if (filing === undefined)
    return isWithheld(side) ? withheldBy(by) : { finding: 'missing', by, code: 'CASE_NOT_FILED' };
  if (value === null) return { finding: 'missing', by, code: 'CASE_ITEM_ABSENT' };
  const filed = state.filings.find((each) => each.organizationId === organizationId);
  const item = loggedItemOf(value);
  if (item === undefined) return { finding: 'altered', by, code: 'CASE_ITEM_MALFORMED' };
  if (filed === undefined) return { finding: 'altered', by, code: 'CASE_NOT_IN_LOG' };
  const opened = openItem(item, filed, kind);
  if (typeof opened === 'string') return { finding: 'altered', by, code: opened };
  const sound = { content: item.content, leaf: opened };
  const party = state.parties.find((each) => each.organizationId === organizationId);
  if (item.leafIndex >= (party?.treeSize ?? 0))
    return { finding: 'late', by, code: 'CASE_LOGGED_AFTER_OPENING', ...sound };
  return { ...inTime(side), ...sound };
}

/** The ledger has the party's filing, but its document was never delivered. */
export function isWithheld({ organizationId, state, filing }: Side): boolean {
  return filing === undefined && state.filings.some((each) => each.organizationId === organizationId);
}

export function withheldBy(by: string[]): Judged {
  return { finding: 'withheld', by, code: 'CASE_FILING_WITHHELD' };
}

/** `match`, or `late` where the party filed after the deadline. */
export function inTime({ organizationId, state }: Side): Judged {
  const filed = state.filings.find((each) => each.organizationId === organizationId);
  if (filed !== undefined && filed.filedAt > state.deadlineAt)
    return { finding: 'late', by: [organizationId], code: 'CASE_FILED_LATE' };
  return { finding: 'match', by: [], code: null };
}

/** The leaf of an item that hashes to it and stands in the log, or the code of what is wrong. */
export function openItem(item: LoggedItem, log: AnchoredLog, kind: ItemKind): Leaf | string {
  try {
    const leaf = leafOf(item.leaf);
    if (leaf.kind !== kind || leaf.tenant !== log.organizationId) return 'CASE_OTHER_LEAF';
    if (hex(commit(kind, item.content, fromHex(item.salt))) !== leaf.digest) return 'CASE_CONTENT';
    const claim = {
      leafHash: leafHash(leafBytes(leaf)),
      leafIndex: item.leafIndex,
      treeSize: log.treeSize,
      proof: item.inclusionProof.map(fromHex),
      rootHash: fromHex(log.rootHash),
    };
    return verifyInclusion(claim) ? leaf : 'CASE_NOT_IN_LOG';
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

/** What several records allow at most: where one is withheld, missing or altered, nothing better can be said of them together. */
export function weakest(records: readonly Judged[]): Judged {
  for (const finding of ['withheld', 'missing', 'altered', 'late'] as const) {
    const found = records.filter((each) => each.finding === finding);
    if (found.length > 0) return { finding, by: found.flatMap(({ by }) => by), code: found[0]?.code ?? null };
  }
  return { finding: 'match', by: [], code: null };
}
