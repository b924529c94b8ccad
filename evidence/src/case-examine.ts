import { fromBase64, fromHex, hex, sha256, utf8 } from './bytes.ts';
import { canonicalJson } from './canonical.ts';
import {
  claimOf,
  inTime,
  isWithheld,
  type Judged,
  judgeItem,
  type Side,
  weakest,
  withheldBy,
} from './case-claims.ts';
import { consentClaim } from './case-consents.ts';
import type { CaseClaim, CaseFiling, CaseFinding, CaseOpening, CaseSubject } from './case-documents.ts';
import { exhibitClaim } from './case-exhibits.ts';
import { type EntryFacts, factsOf } from './case-facts.ts';
import type { CaseLedger } from './case-references.ts';
import type { CaseState } from './case-state.ts';
import { verifyEd25519 } from './checkpoint.ts';
import { EvidenceError, refusal } from './errors.ts';
import { isJsonObject, type JsonObject } from './strict-shape.ts';

/**
 * What a finding rests on: what the case is about, its state on the ledger, what the parties filed, and what the ledger
 * held of the consents and checkpoints that they name. A filing of the state that is not among `filings` is withheld.
 */
export type CaseQuestion = {
  opening: Pick<CaseOpening, 'subject' | 'openedFor' | 'exhibits'>;
  state: CaseState;
  filings: ReadonlyMap<string, CaseFiling>;
  ledger: CaseLedger;
};

/**
 * Compares both sides of a case with the ledger, claim by claim. Pure: the same archive gives the same finding
 * everywhere (docs/formats/case.md, "Claims").
 */
export function examineCase(question: CaseQuestion): CaseFinding {
  const { opening, state, filings, ledger } = question;
  const { subject } = opening;
  const side = (organizationId: string): Side => ({
    organizationId,
    state,
    filing: filings.get(organizationId),
  });
  requireParties(subject, state);
  const claims =
    subject.kind === 'access'
      ? accessClaims(subject, side(subject.custodian))
      : exchangeClaims(subject, { source: side(subject.source), requester: side(subject.requester), ledger });
  return {
    format: 'medseal/case-finding/v1',
    caseId: state.id,
    step: state.step,
    claims: [...claims, ...exhibitClaims(question)],
  };
}

/** The opening's exhibits, then those of the filings in the order of their parties. */
function exhibitClaims({ opening, state, filings, ledger }: CaseQuestion): CaseClaim[] {
  const question = { state, filings, anchors: ledger.anchors, isMeant: isAbout(opening.subject) };
  // What a patient brings is not the doing of the organisation through which it comes.
  const opener = opening.openedFor === 'patient' ? [] : [state.opener];
  const filed = state.parties.flatMap(({ organizationId }) =>
    (filings.get(organizationId)?.exhibits ?? []).map((exhibit) => ({ exhibit, by: [organizationId] })),
  );
  return [...opening.exhibits.map((exhibit) => ({ exhibit, by: opener })), ...filed].map(
    ({ exhibit, by }) => {
      const { party, judged } = exhibitClaim(exhibit, by, question);
      return claimOf('exhibit', party, judged);
    },
  );
}

/** Whether an access entry is about the access in dispute. */
export function isAbout(subject: CaseSubject): (facts: EntryFacts) => boolean {
  if (subject.kind === 'access') return ({ eventId }) => eventId === subject.accessId;
  const both = [subject.source, subject.requester].sort();
  return ({ requestId, organizations }) =>
    requestId === subject.requestId && areSame([...organizations].sort(), both);
}

function requireParties(subject: CaseSubject, { parties }: CaseState): void {
  const meant = subject.kind === 'access' ? [subject.custodian] : [subject.source, subject.requester];
  const named = parties.map(({ organizationId }) => organizationId);
  if (!areSame(meant.sort(), named))
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

function accessClaims(subject: CaseSubject & { kind: 'access' }, side: Side): CaseClaim[] {
  const { custodian } = subject;
  const entry = entryOf(side, isAbout(subject));
  const claims = [claimOf('entry', custodian, entry)];
  // An entry of an act that no decision stands behind (a login, say) has none to show.
  if (entry.content !== undefined && entry.facts.decisionId === undefined) return claims;
  return [...claims, claimOf('decision', custodian, decisionOf(side, entry))];
}

type Sides = { source: Side; requester: Side };
type Exchange = CaseSubject & { kind: 'exchange' };

function exchangeClaims(
  subject: Exchange,
  { source, requester, ledger }: Sides & { ledger: CaseLedger },
): CaseClaim[] {
  const isMeant = isAbout(subject);
  const given = entryOf(source, isMeant);
  const received = entryOf(requester, isMeant);
  const decision = decisionOf(source, given);
  const compared = (isSame: (one: EntryFacts, other: EntryFacts) => boolean): Judged => {
    const comparable = given.content !== undefined && received.content !== undefined;
    if (!comparable || isSame(given.facts, received.facts)) return weakest([given, received]);
    return { finding: 'altered', by: [], code: 'CASE_CONTRADICTION' };
  };
  const consent = consentClaim({
    ...{ source, given, decision },
    requester: subject.requester,
    versions: ledger.consents,
  });
  return [
    claimOf('entry', subject.source, given),
    claimOf('entry', subject.requester, received),
    claimOf('decision', subject.source, decision),
    ...(consent === undefined ? [] : [claimOf('consent', subject.source, consent)]),
    ...comparedClaims(compared),
    claimOf('receipt', null, receiptClaim({ source, requester }, { given, decision })),
  ];
}

type Compare = (isSame: (one: EntryFacts, other: EntryFacts) => boolean) => Judged;

function comparedClaims(compared: Compare): CaseClaim[] {
  const request = compared(() => true);
  // The requester may show its staff less than it was given, never more.
  const records = compared((one, other) => isWithin(other.instances, one.instances));
  return [
    claimOf('request', null, request),
    claimOf('person', null, compared(same('person'))),
    claimOf('purpose', null, compared(same('purpose'))),
    claimOf('outcome', null, compared(same('outcome'))),
    claimOf('records', null, records),
  ];
}

function same(name: 'person' | 'purpose' | 'outcome'): (one: EntryFacts, other: EntryFacts) => boolean {
  return (one, other) => one[name] !== undefined && one[name] === other[name];
}

function areSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((each, at) => each === other[at]);
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
  const withheld = [source, requester].filter(isWithheld);
  if (withheld.length > 0) return withheldBy(withheld.map(({ organizationId }) => organizationId));
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
  return weakest([inTime(source), inTime(requester)]);
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
