import { canonicalJson } from './canonical.ts';
import { type AnchoredLog, type Judged, openItem } from './case-claims.ts';
import { type CaseExhibit, type CaseFiling, exhibitOf, loggedItemOf } from './case-documents.ts';
import { type EntryFacts, factsOf } from './case-facts.ts';
import type { CaseState } from './case-state.ts';
import { EvidenceError } from './errors.ts';
import { type Leaf, leafOf } from './leaf.ts';
import { memberAt } from './strict-shape.ts';

/** Access entries that somebody kept and filed, and what they are held against. */
export type ExhibitQuestion = {
  state: CaseState;
  filings: ReadonlyMap<string, CaseFiling>;
  /** Every checkpoint that an exhibit leads to, as the ledger holds it. */
  anchors: readonly AnchoredLog[];
  isMeant: (facts: EntryFacts) => boolean;
};
export type ExhibitClaim = { party: string | null; judged: Judged };

/**
 * Judges one exhibit: whether it is an entry of a party's log about the access in dispute, and whether that party filed
 * the same. `by` is who filed it, for an exhibit that does not hold.
 */
export function exhibitClaim(value: unknown, by: string[], question: ExhibitQuestion): ExhibitClaim {
  const exhibit = exhibitOf(value);
  const owner = ownerOf(exhibit, question.state);
  const altered = (code: string): ExhibitClaim => ({
    party: owner ?? null,
    judged: { finding: 'altered', by, code },
  });
  if (exhibit === undefined) return altered('CASE_ITEM_MALFORMED');
  if (owner === undefined) return altered('CASE_OTHER_LEAF');
  const log = question.anchors.find(
    ({ organizationId, treeSize }) => organizationId === owner && treeSize === exhibit.treeSize,
  );
  if (log === undefined) return altered('CASE_NOT_IN_LOG');
  const leaf = openItem(exhibit, log, 'access');
  if (typeof leaf === 'string') return altered(leaf);
  const facts = factsOf(exhibit.content);
  if (facts.observer !== owner || !question.isMeant(facts)) return altered('CASE_OTHER_ENTRY');
  return { party: owner, judged: heldAgainst(leaf, owner, question) };
}

/** The party whose log the leaf names. */
function ownerOf(exhibit: CaseExhibit | undefined, { parties }: CaseState): string | undefined {
  const tenant = memberAt(exhibit?.leaf, 'tenant');
  return parties.find(({ organizationId }) => organizationId === tenant)?.organizationId;
}

/** The entry is in the owner's log: the owner has to have filed it. */
function heldAgainst(leaf: Leaf, owner: string, { filings }: ExhibitQuestion): Judged {
  const filed = filings.get(owner)?.access ?? null;
  if (filed === null) return { finding: 'missing', by: [owner], code: 'CASE_ENTRY_WITHHELD' };
  if (!isLeaf(loggedItemOf(filed)?.leaf, leaf))
    return { finding: 'altered', by: [owner], code: 'CASE_ENTRY_DIFFERS' };
  return { finding: 'match', by: [], code: null };
}

function isLeaf(value: unknown, leaf: Leaf): boolean {
  try {
    return canonicalJson(leafOf(value)) === canonicalJson(leaf);
  } catch (error) {
    if (error instanceof EvidenceError) return false;
    throw error;
  }
}
