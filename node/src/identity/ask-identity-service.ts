import { AppError } from '../lib/errors.ts';
import { parseJson } from '../lib/strict-json.ts';
import { IdentityError } from './errors.ts';
import type { EvaluationTransport, PeerPort } from './ports.ts';
import type { Members } from './types.ts';

/**
 * Asks the alliance's identity service over the peer port. What comes back is believed only as far as its proof goes
 * (createPseudonymClient); here it is only carried.
 */
export function askIdentityService({
  organizationId,
  members,
  peers,
}: {
  organizationId: string;
  members: Members;
  peers: PeerPort;
}): EvaluationTransport {
  return async (request) => {
    const member = await members.get(organizationId);
    if (member?.state !== 'registered') throw new IdentityError('IDENTITY_PSEUDONYM_UNAVAILABLE');
    const body = new TextEncoder().encode(JSON.stringify(request));
    const fields = { 'content-type': 'application/json' };
    const reply = await sendTo(peers, { member, method: 'POST', path: '/peer/pseudonyms', fields, body });
    if (reply.status === 429) throw new IdentityError('IDENTITY_PSEUDONYM_LIMIT');
    if (reply.status !== 200) throw new IdentityError('IDENTITY_PSEUDONYM_UNAVAILABLE');
    return parseJson(reply.body);
  };
}

async function sendTo(
  peers: PeerPort,
  request: Parameters<PeerPort['send']>[0],
): ReturnType<PeerPort['send']> {
  try {
    return await peers.send(request);
  } catch (cause) {
    if (cause instanceof AppError) throw new IdentityError('IDENTITY_PSEUDONYM_UNAVAILABLE', { cause });
    throw cause;
  }
}
