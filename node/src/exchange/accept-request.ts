import type { AuditEntry } from '../audit/index.ts';
import type { VerifiedRequest } from '../crypto/http-signature.ts';
import {
  IdentityError,
  type Member,
  type PeerActor,
  type PeerMessage,
  verifyPeerMessage,
} from '../identity/index.ts';
import type { OrganizationId } from '../lib/brand.ts';
import type { Clock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { Database } from '../lib/sql.ts';
import { parseRequest } from './messages.ts';
import type { AccessPort } from './ports.ts';
import type { ExchangeRequest } from './types.ts';

/** A request that passed every check of its form, sender and time. */
export type Accepted = {
  member: Member;
  actor: PeerActor;
  request: ExchangeRequest;
  verified: VerifiedRequest;
};
export type AcceptDeps = { organizationId: OrganizationId; db: Database; clock: Clock; access: AccessPort };

/** Checks a partner's request: signature, addressee, time, form. What is refused is recorded with its exact reason. */
export async function acceptRequest(incoming: PeerMessage, deps: AcceptDeps): Promise<Accepted> {
  try {
    return verifiedRequest(incoming, deps);
  } catch (cause) {
    await recordRefusal(incoming.member, exactReason(cause), deps);
    throw cause;
  }
}

function verifiedRequest(incoming: PeerMessage, deps: AcceptDeps): Accepted {
  const { member, request } = incoming;
  const { organizationId, mspId } = member;
  const verified = verifyPeerMessage(incoming, deps);
  const parsed = parseRequest(request.body);
  return {
    member,
    actor: { kind: 'peer', organizationId, mspId, staff: parsed.staff },
    request: parsed,
    verified,
  };
}

/** The check of the signature that failed: the sender is not told. */
function exactReason(error: unknown): unknown {
  return error instanceof IdentityError ? (error.cause ?? error) : error;
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
    reasons: [cause instanceof AppError ? cause.code : 'EXCHANGE_UNAVAILABLE'],
    counterpart: member.organizationId,
  };
  await db.transaction((tx) => access.record(tx, [entry]));
}
