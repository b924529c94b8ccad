import type { AuditEntry } from '../audit/index.ts';
import type { Decision, Denial, Permit, PreparedDecision } from '../consent/index.ts';
import { labelsOf } from '../fhir/index.ts';
import type { Members, Staff } from '../identity/index.ts';
import type { PatientId, Pseudonym } from '../lib/brand.ts';
import { newId } from '../lib/ids.ts';
import { type Database, together } from '../lib/sql.ts';
import { type AskDeps, askSource, type SourceOutcome } from './ask-source.ts';
import { ExchangeError, type SourceFailureCode } from './errors.ts';
import { queryOf } from './messages.ts';
import type { AccessPort, ConsentPort, PseudonymPort, RecordsPort } from './ports.ts';
import { type ExchangeRow, saveAsked } from './store.ts';
import type { DataPeriod, DenialReason, ExchangePurpose, ExchangeRequest, VerifiedReply } from './types.ts';

export type RequesterDeps = AskDeps & {
  db: Database;
  members: Pick<Members, 'get'>;
  consent: Omit<ConsentPort, 'stillHolds'>;
  records: Pick<RecordsPort, 'findPatient' | 'nationalIdOf'>;
  pseudonyms: PseudonymPort;
  access: AccessPort;
};

/** Who it is about: by identity number, as a patient of this hospital, or by alliance pseudonym. */
export type Person = { nationalId: string } | { patientId: PatientId } | { pseudonym: Pseudonym };

/** What a member of staff asks of partners. */
export type Inquiry = {
  staff: Staff;
  person: Person;
  sources: string[];
  types: string[];
  purpose: ExchangePurpose;
  count: number;
  dataPeriod?: DataPeriod | undefined;
};

export type SourceResult = { organizationId: string } & (
  | { outcome: 'permitted'; reply: VerifiedReply & { permit: true } }
  | { outcome: 'denied'; reply: VerifiedReply & { permit: false } }
  | { outcome: 'failed'; code: SourceFailureCode }
);

/** What came of it: denied by this organisation's own policy, or one result a source. */
export type InquiryResult = { requestId: string } & (
  | { outcome: 'denied'; reasons: readonly DenialReason[] }
  | { outcome: 'asked'; types: string[]; sources: SourceResult[] }
);

/**
 * Asks partners for a person's records: own policy first, then every source at once. Nothing is handed over before the
 * outcome of every source is recorded here.
 */
export async function requestRecords(inquiry: Inquiry, deps: RequesterDeps): Promise<InquiryResult> {
  const requestId = newId();
  const { decision, record, keep } = await decideHere(inquiry, deps);
  if (!decision.permit) {
    await recordDenial({ inquiry, requestId, decision, record }, deps);
    return { requestId, outcome: 'denied', reasons: decision.reasons };
  }
  // The sources are asked while the decision is being written; nothing is handed over before both are done.
  const [result] = await together([askAll({ inquiry, requestId, decision }, deps), keep()]);
  return result;
}

async function askAll(
  { inquiry, requestId, decision }: { inquiry: Inquiry; requestId: string; decision: Permit },
  deps: RequesterDeps,
): Promise<InquiryResult> {
  const [own, pseudonym, sources] = await together([
    deps.members.get(deps.organizationId),
    pseudonymOf(inquiry.person, deps),
    Promise.all(inquiry.sources.map((source) => deps.members.get(source))),
  ]);
  if (own?.state !== 'registered') throw new ExchangeError('EXCHANGE_MEMBER_DISABLED');
  const types = inquiry.types.filter((type) => mayReceive(decision, { type, id: '', labels: [] }, deps));
  const request = requestOf({ ...inquiry, types }, { requestId, pseudonym });
  const asking = inquiry.sources.map((organizationId, at) =>
    askSource({ organizationId, source: sources[at] }, request, deps),
  );
  const [patientId, outcomes] = await together([
    ownPatient(inquiry.person, pseudonym, deps),
    Promise.all(asking),
  ]);
  const narrowed = outcomes.map((outcome) => narrow(outcome, decision, deps));
  await recordOutcomes({ inquiry, request, patientId, decision, outcomes: narrowed }, deps);
  return { requestId, outcome: 'asked', types, sources: narrowed.map(resultOf) };
}

function decideHere(
  { staff, person, purpose, types }: Inquiry,
  deps: RequesterDeps,
): Promise<PreparedDecision> {
  return deps.consent.prepare({
    actor: staff,
    patient: 'patientId' in person ? person.patientId : undefined,
    purpose,
    action: 'search',
    types,
    requestedAt: deps.clock.now().toISOString(),
  });
}

async function pseudonymOf(person: Person, { pseudonyms, records }: RequesterDeps): Promise<Pseudonym> {
  if ('pseudonym' in person) return person.pseudonym;
  const nationalId =
    'nationalId' in person ? person.nationalId : await records.nationalIdOf(person.patientId);
  if (nationalId === undefined) throw new ExchangeError('EXCHANGE_PATIENT_UNKNOWN');
  const [pseudonym] = await pseudonyms.pseudonymsOf([nationalId]);
  if (pseudonym === undefined) throw new ExchangeError('EXCHANGE_UNAVAILABLE');
  return pseudonym;
}

/** The person as a patient of this hospital, for its own record of accesses. */
async function ownPatient(
  person: Person,
  pseudonym: Pseudonym,
  { records }: RequesterDeps,
): Promise<PatientId | undefined> {
  return 'patientId' in person ? person.patientId : (await records.findPatient(pseudonym))?.patientId;
}

function requestOf(
  { staff, purpose, types, count, dataPeriod }: Inquiry,
  { requestId, pseudonym }: { requestId: string; pseudonym: Pseudonym },
): ExchangeRequest {
  const { staffId, displayName, roles } = staff;
  return {
    v: 1,
    requestId,
    pseudonym,
    purpose,
    types,
    dataPeriod,
    count,
    staff: { staffId, displayName, roles },
  };
}

/** Takes out what a source may release to this organisation but its own policy does not show to this member of staff. */
function narrow(outcome: SourceOutcome, decision: Decision, deps: RequesterDeps): SourceOutcome {
  if (outcome.outcome === 'failed' || !outcome.reply.permit) return outcome;
  const records = outcome.reply.records.filter(({ type, id, resource }) =>
    mayReceive(decision, { type, id, labels: labelsOf(resource) }, deps),
  );
  return { ...outcome, reply: { ...outcome.reply, records } };
}

function mayReceive(
  decision: Decision,
  descriptor: { type: string; id: string; labels: string[] },
  { consent }: RequesterDeps,
): boolean {
  return consent.releases(decision, descriptor) === 'release';
}

async function recordDenial(
  {
    inquiry,
    requestId,
    decision,
    record,
  }: { inquiry: Inquiry; requestId: string; decision: Denial; record: PreparedDecision['record'] },
  { db, access, clock }: RequesterDeps,
): Promise<void> {
  const entry: AuditEntry = {
    interaction: 'request',
    outcome: 'denied',
    actor: inquiry.staff,
    at: clock.now().toISOString(),
    patientId: 'patientId' in inquiry.person ? inquiry.person.patientId : undefined,
    purpose: inquiry.purpose,
    query: queryOf(inquiry),
    reasons: decision.reasons.map(({ rule }) => rule),
    decisionId: decision.receipt.decisionId,
    requestId,
  };
  await db.transaction((tx) => together([record.write(tx, [record.entry]), access.record(tx, [entry])]));
}

type Outcomes = {
  inquiry: Inquiry;
  request: ExchangeRequest;
  patientId: PatientId | undefined;
  decision: Decision;
  outcomes: SourceOutcome[];
};

async function recordOutcomes(
  { inquiry, request, patientId, decision, outcomes }: Outcomes,
  { db, access, clock }: RequesterDeps,
): Promise<void> {
  const at = clock.now().toISOString();
  const entries = outcomes.map(
    (outcome): AuditEntry => ({
      interaction: 'receive',
      outcome: auditOutcome(outcome),
      actor: inquiry.staff,
      at,
      patientId,
      purpose: request.purpose,
      instances: instancesOf(outcome),
      query: queryOf(request),
      reasons: reasonsOf(outcome),
      decisionId: decision.receipt.decisionId,
      requestId: request.requestId,
      counterpart: outcome.organizationId,
    }),
  );
  const rows = outcomes.map((outcome) => rowOf(outcome, request, at));
  await db.transaction((tx) => together([saveAsked(tx, rows), access.record(tx, entries)]));
}

function rowOf(outcome: SourceOutcome, request: ExchangeRequest, at: string): ExchangeRow {
  const answered = outcome.outcome === 'answered' ? outcome.reply : undefined;
  return {
    exchangeId: newId(),
    requestId: request.requestId,
    direction: 'asked',
    partner: outcome.organizationId,
    purpose: request.purpose,
    staffId: request.staff.staffId,
    outcome: answered === undefined ? 'failed' : answered.permit ? 'permitted' : 'denied',
    code: outcome.outcome === 'failed' ? outcome.reasons.join(' ') : undefined,
    recordCount: answered?.permit ? answered.records.length : 0,
    requestDigest: outcome.requestDigest,
    receipt: answered?.receipt,
    decision: answered?.permit ? answered.decision : undefined,
    at,
  };
}

function auditOutcome(outcome: SourceOutcome): AuditEntry['outcome'] {
  if (outcome.outcome === 'failed') return 'failed';
  return outcome.reply.permit ? 'success' : 'denied';
}

function reasonsOf(outcome: SourceOutcome): string[] {
  if (outcome.outcome === 'failed') return outcome.reasons;
  return outcome.reply.permit ? [] : outcome.reply.reasons.map(({ rule }) => rule);
}

/** Absolute references: these records are the source's. */
function instancesOf(outcome: SourceOutcome): string[] {
  if (outcome.outcome === 'failed' || !outcome.reply.permit) return [];
  const base = `${new URL(outcome.source.nodeUrl).origin}/fhir/R4`;
  return outcome.reply.records.map(({ type, id, version }) => `${base}/${type}/${id}/_history/${version}`);
}

function resultOf(outcome: SourceOutcome): SourceResult {
  const { organizationId } = outcome;
  if (outcome.outcome === 'failed') return { organizationId, outcome: 'failed', code: outcome.code };
  const { reply } = outcome;
  if (reply.permit) return { organizationId, outcome: 'permitted', reply };
  return { organizationId, outcome: 'denied', reply };
}
