import { fromBase64, fromHex, hex, sha256, utf8 } from './bytes.ts';
import { canonicalJson } from './canonical.ts';
import { claimOf, inTime, type Judged, judgeItem, type Side, weaker } from './case-claims.ts';
import type { CaseClaim, CaseFiling, CaseFinding, CaseSubject } from './case-documents.ts';
import { type EntryFacts, factsOf } from './case-facts.ts';
import type { CaseState } from './case-state.ts';
import { verifyEd25519 } from './checkpoint.ts';
import { EvidenceError, refusal } from './errors.ts';
import { isJsonObject, type JsonObject } from './strict-shape.ts';

/** What a finding rests on: what the case is about, its state on the ledger, and what the parties filed. */
export type CaseQuestion = {
  subject: CaseSubject;
  state: CaseState;
  filings: ReadonlyMap<string, CaseFiling>;
};

/**
 * Compares both sides of a case with the ledger, claim by claim. Pure: the same archive gives the same finding
 * everywhere (docs/formats/case.md, "Claims").
 */
export function examineCase({ subject, state, filings }: CaseQuestion): CaseFinding {
  const side = (organizationId: string): Side => ({
    organizationId,
    state,
    filing: filings.get(organizationId),
  });
  requireParties(subject, state);
  const claims =
    subject.kind === 'access'
      ? accessClaims(subject, side(subject.custodian))
      : exchangeClaims(subject, { source: side(subject.source), requester: side(subject.requester) });
  return { format: 'medseal/case-finding/v1', caseId: state.id, claims };
}

function requireParties(subject: CaseSubject, { parties }: CaseState): void {
  const meant = subject.kind === 'access' ? [subject.custodian] : [subject.source, subject.requester];
  const named = parties.map(({ organizationId }) => organizationId);
  if (meant.sort().join(' ') !== named.join(' '))
    throw refusal('CASE_SUBJECT', 'the parties on the ledger are not those of the access');
}

type Entry = Judged & { facts: EntryFacts };

/** The access entry that a party filed, which must be the one that the case is about. */
function entryOf(side: Side, isMeant: (facts: EntryFacts) => boolean): Entry {
  const judged = judgeItem(side, side.filing?.access ?? null, 'access');
  const facts = factsOf(judged.content);
  if (judged.content === undefined || (isMeant(facts) && facts.observer === side.organizationId))
    return { ...judged, facts };
  return { finding: 'altered', by: [side.organizationId], code: 'CASE_OTHER_ENTRY', facts };
}

/** The decision that an entry names, as its party filed it. */
function decisionOf(side: Side, entry: Entry): Judged {
  const judged = judgeItem(side, side.filing?.decision ?? null, 'decision');
  if (judged.content === undefined || entry.content === undefined) return judged;
  const named = isJsonObject(judged.content) ? judged.content['decisionId'] : undefined;
  if (named === entry.facts.decisionId) return judged;
  return { finding: 'altered', by: [side.organizationId], code: 'CASE_OTHER_DECISION' };
}

function accessClaims({ accessId, custodian }: CaseSubject & { kind: 'access' }, side: Side): CaseClaim[] {
  const entry = entryOf(side, ({ eventId }) => eventId === accessId);
  const claims = [claimOf('entry', custodian, entry)];
  // An entry of an act that no decision stands behind (a login, say) has none to show.
  if (entry.content !== undefined && entry.facts.decisionId === undefined) return claims;
  return [...claims, claimOf('decision', custodian, decisionOf(side, entry))];
}

type Sides = { source: Side; requester: Side };
type Exchange = CaseSubject & { kind: 'exchange' };

function exchangeClaims(subject: Exchange, { source, requester }: Sides): CaseClaim[] {
  const both = [subject.source, subject.requester].sort().join(' ');
  const isMeant = (facts: EntryFacts): boolean =>
    facts.requestId === subject.requestId && [...facts.organizations].sort().join(' ') === both;
  const given = entryOf(source, isMeant);
  const received = entryOf(requester, isMeant);
  const decision = decisionOf(source, given);
  const compared = (isSame: (one: EntryFacts, other: EntryFacts) => boolean): Judged => {
    const weakest = weaker(given, received);
    const comparable = given.content !== undefined && received.content !== undefined;
    if (!comparable || isSame(given.facts, received.facts)) return weakest;
    return { finding: 'altered', by: [], code: 'CASE_CONTRADICTION' };
  };
  return [
    claimOf('entry', subject.source, given),
    claimOf('entry', subject.requester, received),
    claimOf('decision', subject.source, decision),
    claimOf(
      'request',
      null,
      compared(() => true),
    ),
    claimOf('person', null, compared(same('person'))),
    claimOf('purpose', null, compared(same('purpose'))),
    claimOf('outcome', null, compared(same('outcome'))),
    // The requester may show its staff less than it was given, never more.
    claimOf(
      'records',
      null,
      compared((one, other) => isWithin(other.instances, one.instances)),
    ),
    claimOf('receipt', null, receiptClaim({ source, requester }, { given, decision })),
  ];
}

function same(name: 'person' | 'purpose' | 'outcome'): (one: EntryFacts, other: EntryFacts) => boolean {
  return (one, other) => one[name] !== undefined && one[name] === other[name];
}

function isWithin(part: readonly string[], whole: readonly string[]): boolean {
  const all = new Set(whole);
  return part.every((each) => all.has(each));
}

/** The source's signed receipt, which both sides hold: the same, signed, and about what the source's log says. */
function receiptClaim(
  { source, requester }: Sides,
  { given, decision }: { given: Entry; decision: Judged },
): Judged {
  const absent = [source, requester].filter(({ filing }) => (filing?.receipt ?? null) === null);
  if (absent.length > 0)
    return {
      finding: 'missing',
      by: absent.map(({ organizationId }) => organizationId),
      code: 'CASE_ITEM_ABSENT',
    };
  const [own, other] = [receiptOf(source), receiptOf(requester)];
  const key = source.state.parties.find(({ organizationId }) => organizationId === source.organizationId);
  const forged = [source, requester].filter((side) => !isSigned(receiptOf(side), key?.messageKey ?? ''));
  if (forged.length > 0)
    return {
      finding: 'altered',
      by: forged.map(({ organizationId }) => organizationId),
      code: 'CASE_RECEIPT_SIGNATURE',
    };
  const by = [source.organizationId];
  if (canonicalJson(own) !== canonicalJson(other))
    return { finding: 'altered', by, code: 'CASE_TWO_RECEIPTS' };
  if (given.content !== undefined && !fitsEntry(own, { given, source, requester }))
    return { finding: 'altered', by, code: 'CASE_RECEIPT_CONTENT' };
  if (decision.content !== undefined && !fitsDecision(own, decision.content))
    return { finding: 'altered', by, code: 'CASE_RECEIPT_DECISION' };
  return weaker(inTime(source), inTime(requester));
}

function receiptOf({ filing }: Side): JsonObject {
  return filing?.receipt ?? {};
}

/** Byte recipe: docs/formats/exchange.md, "Receipt". */
function isSigned({ signature, ...content }: JsonObject, messageKey: string): boolean {
  try {
    if (typeof signature !== 'string') return false;
    const message = utf8(`medseal/exchange-receipt/v1\n${canonicalJson(content)}`);
    return verifyEd25519(fromBase64(signature), message, fromHex(messageKey));
  } catch (error) {
    if (error instanceof EvidenceError) return false;
    throw error;
  }
}

function fitsEntry(receipt: JsonObject, { given, source, requester }: Sides & { given: Entry }): boolean {
  const { facts } = given;
  const { records } = receipt;
  return (
    receipt['source'] === source.organizationId &&
    receipt['requester'] === requester.organizationId &&
    receipt['purpose'] === facts.purpose &&
    receipt['decisionId'] === facts.decisionId &&
    receipt['permit'] === (facts.outcome === '0') &&
    Array.isArray(records) &&
    records.length === facts.instances.length
  );
}

function fitsDecision({ permit, decisionDigest }: JsonObject, decision: unknown): boolean {
  if (permit !== true) return decisionDigest === undefined;
  const text = `medseal/decision-receipt/v1\n${canonicalJson(decision)}`;
  return decisionDigest === hex(sha256(utf8(text)));
}
