import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AuditEntry } from '../audit/index.ts';
import type { PreparedDecision } from '../consent/index.ts';
import { type Queryable, together } from '../lib/sql.ts';
import { type AcceptDeps, type Accepted, recordRefusal } from './accept-request.ts';
import { ExchangeError } from './errors.ts';
import { queryOf } from './messages.ts';
import type { ConsentPort, KnownPatient } from './ports.ts';
import { type ExchangeRow, saveAnswer } from './store.ts';
import type { ReplyPayload } from './types.ts';

/** An accepted request and who it is about, if that person is known here. */
export type Concern = Accepted & { patient: KnownPatient | undefined };
export type Answer = { payload: ReplyPayload; prepared: PreparedDecision; instances: string[] };
/** `seal` makes the bytes that leave. */
type SealedAnswer = Answer & { seal(): Uint8Array };

/** Longer than a request can be fresh anywhere, whatever the clocks. */
const nonceLifetimeMs = 180_000;

/**
 * The moment of release: decision, exchange, nonce and access are written together, if the consents the decision rests
 * on are still the same. Returns the sealed answer; nothing where one changed. A request that was answered before
 * is EXCHANGE_REPLAYED. A decision that came to nothing is kept all the same.
 */
export async function commitAnswer(
  concern: Concern,
  answer: SealedAnswer,
  deps: AcceptDeps & { consent: ConsentPort },
): Promise<Uint8Array | undefined> {
  try {
    return await deps.db.transaction((tx) => write(tx, { concern, answer }, deps));
  } catch (cause) {
    await answer.prepared.keep();
    if (cause instanceof ConsentChanged) return undefined;
    if (cause instanceof ExchangeError) await recordRefusal(concern.member, cause, deps);
    throw cause;
  }
}

async function write(
  tx: Queryable,
  { concern, answer }: { concern: Concern; answer: SealedAnswer },
  { consent, access }: AcceptDeps & { consent: ConsentPort },
): Promise<Uint8Array> {
  const { nonce, createdAt } = concern.verified;
  const expiresAt = new Date(createdAt.getTime() + nonceLifetimeMs).toISOString();
  const { decision, record } = answer.prepared;
  const [saved, holds, , , body] = await together([
    saveAnswer(tx, rowOf(concern, answer), { nonce, expiresAt }),
    consent.stillHolds(tx, decision),
    record.write(tx, [record.entry]),
    access.record(tx, [accessOf(concern, answer)]),
    nextTurn().then(answer.seal), // while the database is at work
  ]);
  if (!saved) throw new ExchangeError('EXCHANGE_REPLAYED');
  if (!holds) throw new ConsentChanged();
  return body;
}

/** Rolls back a transaction whose decision is out of date. */
class ConsentChanged extends Error {}

function rowOf(
  { member, request, verified }: Concern,
  { payload: { receipt, permit } }: Answer,
): ExchangeRow {
  return {
    exchangeId: receipt.exchangeId,
    requestId: request.requestId,
    direction: 'answered',
    partner: member.organizationId,
    purpose: request.purpose,
    staffId: request.staff.staffId,
    outcome: permit ? 'permitted' : 'denied',
    recordCount: receipt.records.length,
    requestDigest: verified.digest,
    receipt,
    at: receipt.at,
  };
}

function accessOf({ actor, member, request, patient }: Concern, { payload, instances }: Answer): AuditEntry {
  const { receipt, permit } = payload;
  return {
    interaction: 'disclose',
    outcome: permit ? 'success' : 'denied',
    actor,
    at: receipt.at,
    patientId: patient?.patientId,
    purpose: request.purpose,
    instances,
    query: queryOf(request),
    reasons: receipt.rules,
    decisionId: receipt.decisionId,
    requestId: request.requestId,
    counterpart: member.organizationId,
  };
}
