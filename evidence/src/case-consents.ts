import { type Judged, judgeItem, type Side, weakest } from './case-claims.ts';
import type { EntryFacts } from './case-facts.ts';
import type { ConsentVersion } from './case-references.ts';
import { isInstant, type Leaf } from './leaf.ts';
import { memberAt } from './strict-shape.ts';

/** What the consents of an exchange are held against. */
export type ConsentQuestion = {
  source: Side;
  requester: string;
  /** The source's access entry and its decision, as they were judged. */
  given: Judged & { facts: EntryFacts };
  decision: Judged;
  /** Every version that the ledger held. */
  versions: readonly ConsentVersion[];
};

/** A consent counts so long after it was signed before the ledger has it (docs/formats/consent.md). */
const pendingMs = 600_000;

/**
 * Whether the ledger held, when the records were given, a consent that fits what the source decided upon. Undefined
 * where the decision denies: then none is claimed.
 */
export function consentClaim(question: ConsentQuestion): Judged | undefined {
  const { source, given, decision } = question;
  if (decision.content !== undefined && memberAt(decision.content, 'permit') !== true) return undefined;
  if (given.leaf === undefined || decision.content === undefined) return weakest([given, decision]);
  const named = memberAt(decision.content, 'consents');
  const by = [source.organizationId];
  // A partner is never given anything without the patient's consent (policies/consent/partner.rego).
  if (!Array.isArray(named) || named.length === 0)
    return { finding: 'missing', by, code: 'CASE_CONSENT_NONE' };
  const { at } = given.leaf;
  return weakest(named.map((name: unknown, place) => consentOf({ ...question, at }, name, place)));
}

type At = ConsentQuestion & { at: string };

function consentOf(question: At, name: unknown, place: number): Judged {
  const { source } = question;
  const by = [source.organizationId];
  const judged = judgeItem(source, source.filing?.consents[place] ?? null, 'consent');
  const { content, leaf } = judged;
  if (content === undefined || leaf === undefined) return judged;
  if (!isNamed(content, name)) return { finding: 'altered', by, code: 'CASE_OTHER_CONSENT' };
  if (!isFor(content, question)) return { finding: 'missing', by, code: 'CASE_CONSENT_SCOPE' };
  const fault = ledgerFault(leaf, Number(memberAt(name, 'version')), question);
  if (fault !== undefined) return { by, ...fault };
  if (isAfter(question.at, memberAt(content, 'consent', 'provision', 'period', 'end')))
    return { finding: 'late', by, code: 'CASE_CONSENT_EXPIRED' };
  return judged;
}

function isNamed(content: unknown, name: unknown): boolean {
  const [id, version] = [memberAt(name, 'id'), memberAt(name, 'version')];
  return (
    typeof id === 'string' &&
    Number.isSafeInteger(version) &&
    memberAt(content, 'consent', 'id') === id &&
    memberAt(content, 'version') === version &&
    memberAt(content, 'revocation') === null
  );
}

/** Given to the source, for this requester and purpose, and begun. */
function isFor(content: unknown, { source, requester, given, at }: At): boolean {
  const consent = memberAt(content, 'consent');
  const provision = memberAt(consent, 'provision');
  const { start, end } = periodOf(provision);
  const organizations = listAt(consent, 'organization').map((each) => memberAt(each, 'identifier', 'value'));
  const actors = listAt(provision, 'actor').map((each) => memberAt(each, 'reference', 'identifier', 'value'));
  const purposes = listAt(provision, 'purpose').map((each) => memberAt(each, 'code'));
  return (
    memberAt(provision, 'type') === 'permit' &&
    organizations.includes(source.organizationId) &&
    actors.includes(requester) &&
    given.facts.purpose !== undefined &&
    purposes.includes(given.facts.purpose) &&
    isInstant(start) &&
    isInstant(end) &&
    !isAfter(start, at)
  );
}

function periodOf(provision: unknown): { start: unknown; end: unknown } {
  return { start: memberAt(provision, 'period', 'start'), end: memberAt(provision, 'period', 'end') };
}

/** Both ends of a period are included, to the second. */
function isAfter(one: string, other: unknown): boolean {
  return one.slice(0, 19) > String(other).slice(0, 19);
}

function ledgerFault(
  { digest }: Leaf,
  version: number,
  { source, versions, at }: At,
): Pick<Judged, 'finding' | 'code'> | undefined {
  const own = versions.filter(({ organizationId }) => organizationId === source.organizationId);
  const recorded = own.filter(({ commitment }) => commitment === digest);
  if (recorded.length === 0) return { finding: 'missing', code: 'CASE_CONSENT_NOT_ON_LEDGER' };
  if (recorded.some((each) => each.version !== version || each.status !== 'active'))
    return { finding: 'altered', code: 'CASE_CONSENT_STATE' };
  const ids = new Set(recorded.map(({ id }) => id));
  const ended = own.some((each) => ids.has(each.id) && each.version > version && each.at < at);
  if (ended) return { finding: 'late', code: 'CASE_CONSENT_REVOKED' };
  const latest = Date.parse(at) + pendingMs;
  if (recorded.every((each) => Date.parse(each.at) > latest))
    return { finding: 'late', code: 'CASE_CONSENT_AFTER_ACCESS' };
  return undefined;
}

function listAt(value: unknown, name: string): unknown[] {
  const list = memberAt(value, name);
  return Array.isArray(list) ? list : [];
}
