import type { KeyStore } from '../crypto/index.ts';
import type { Clock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { parseJson } from '../lib/strict-json.ts';
import { IdentityError } from './errors.ts';
import { signPeerMessage } from './peer-message.ts';
import type { EvaluationTransport, PeerPort, PeerRequest } from './ports.ts';
import { pseudonymPath } from './pseudonym-messages.ts';
import type { Members } from './types.ts';

/**
 * Asks the alliance's identity service over the peer port. What comes back is believed only as far as its proof goes
 * (createPseudonymClient); here it is only carried.
 */
export function askIdentityService({
  identityService,
  members,
  peers,
  ...signing
}: {
  /** The organisation that runs it. */
  identityService: string;
  /** This organisation. */
  organizationId: string;
  members: Members;
  peers: PeerPort;
  keyStore: KeyStore;
  clock: Clock;
}): EvaluationTransport {
  return async (request) => {
    const member = await members.get(identityService);
    if (member?.state !== 'registered') throw new IdentityError('IDENTITY_PSEUDONYM_UNAVAILABLE');
    const body = new TextEncoder().encode(JSON.stringify(request));
    const { message } = signPeerMessage({ member, path: pseudonymPath, body }, signing);
    const reply = await sendTo(peers, message);
    if (reply.status === 429) throw new IdentityError('IDENTITY_PSEUDONYM_LIMIT');
    if (reply.status !== 200) throw new IdentityError('IDENTITY_PSEUDONYM_UNAVAILABLE');
    return parseJson(reply.body);
  };
}

async function sendTo(peers: PeerPort, request: PeerRequest): ReturnType<PeerPort['send']> {
  try {
    return await peers.send(request);
  } catch (cause) {
    if (cause instanceof AppError) throw new IdentityError('IDENTITY_PSEUDONYM_UNAVAILABLE', { cause });
    throw cause;
  }
}
