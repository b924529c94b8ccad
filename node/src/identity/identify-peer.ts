import type { ActorCarrier } from './actor.ts';
import { IdentityError } from './errors.ts';
import type { Member, Members } from './types.ts';

/** What mutual TLS has proved about the other side. */
export type PeerCertificate = {
  /** SHA-256 of the DER certificate, hex. */
  fingerprint: string;
  /** MSPs whose roots the certificate chains to. */
  mspIds: readonly string[];
};

/**
 * The registered member that a peer's certificate stands for: it chains to that member's own MSP and is the one the
 * member registered. A certificate of the right MSP that is not registered, and a registered one under another MSP's
 * root, are both refused.
 */
export async function identifyPeer(certificate: PeerCertificate, members: Members): Promise<Member> {
  const member = await members.findByFingerprint(certificate.fingerprint, certificate.mspIds);
  if (member === undefined) throw new IdentityError('IDENTITY_PEER_UNKNOWN');
  if (member.state !== 'registered') throw new IdentityError('IDENTITY_PEER_DISABLED');
  return member;
}

/** The member whose node sent this request. Set by the peer server alone; a route reached without it is refused. */
export function peerOf(response: ActorCarrier): Member {
  const member = response.locals['peer'];
  if (member === undefined) throw new IdentityError('IDENTITY_ACTOR_MISSING');
  return member as Member;
}
