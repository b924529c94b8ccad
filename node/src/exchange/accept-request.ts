import { fromHex } from '@medseal/evidence';
import type { AuditEntry } from '../audit/index.ts';
import {
  HttpSignatureError,
  messageVerifier,
  type RequestParts,
  type VerifiedRequest,
  verifyRequest,
} from '../crypto/http-signature.ts';
import type { Member, PeerActor } from '../identity/index.ts';
import type { OrganizationId } from '../lib/brand.ts';
import type { Clock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { Database } from '../lib/sql.ts';
import { ExchangeError } from './errors.ts';
import { parseRequest } from './messages.ts';
import type { AccessPort } from './ports.ts';
import type { ExchangeRequest } from './types.ts';

/** A request as it came in, with the member whose certificate mutual TLS has proved. */
export type IncomingRequest = { member: Member; request: RequestParts & { body: Uint8Array } };
/** A request that passed every check of its form, sender and time. */
export type Accepted = {
  member: Member;
  actor: PeerActor;
  request: ExchangeRequest;
  verified: VerifiedRequest;
};
export type AcceptDeps = { organizationId: OrganizationId; db: Database; clock: Clock; access: AccessPort };

/** Checks a partner's request: signature, addressee, time, form. What is refused is recorded with its exact reason. */
export async function acceptRequest(incoming: IncomingRequest, deps: AcceptDeps): Promise<Accepted> {
  try {
    return verifiedRequest(incoming, deps);
  } catch (cause) {
    await recordRefusal(incoming.member, cause, deps);
    throw refusalOf(cause);
  }
}

function verifiedRequest({ member, request }: IncomingRequest, deps: AcceptDeps): Accepted {
  const { organizationId, mspId } = member;
  const verifier = messageVerifier(organizationId, fromHex(member.messageKey));
  const verified = verifyRequest(request, { verifier, now: deps.clock.now() });
  const { fields, body } = request;
  const named =
    fields['medseal-organization'] === organizationId && fields['medseal-recipient'] === deps.organizationId;
  if (!named) throw new ExchangeError('EXCHANGE_REQUEST_REFUSED');
  const parsed = parseRequest(body);
  return {
    member,
    actor: { kind: 'peer', organizationId, mspId, staff: parsed.staff },
    request: parsed,
    verified,
  };
}

/** One answer for every fault of a signature; only the clock, which the sender can put right, is named. */
function refusalOf(cause: unknown): unknown {
  if (!(cause instanceof HttpSignatureError)) return cause;
  const code = cause.code === 'SIGNATURE_CLOCK' ? 'EXCHANGE_CLOCK' : 'EXCHANGE_REQUEST_REFUSED';
  return new ExchangeError(code, { cause });
}

/** Records a refusal; nobody is named, because nothing that the request says was verified. */
export async function recordRefusal(
  member: Member,
  cause: unknown,
  { db, clock, access }: Omit<AcceptDeps, 'organizationId'>,
): Promise<void> {
  const entry: AuditEntry = {
    interaction: 'disclose',
    outcome: 'failed',
    actor: { kind: 'system', name: 'exchange' },
    at: clock.now().toISOString(),
    reasons: [cause instanceof AppError ? cause.code : 'EXCHANGE_REQUEST_REFUSED'],
    counterpart: member.organizationId,
  };
  await db.transaction((tx) => access.record(tx, [entry]));
}
