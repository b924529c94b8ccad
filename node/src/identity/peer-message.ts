import { fromHex } from '@medseal/evidence';
import type { Request, Response } from 'express';
import {
  HttpSignatureError,
  messageKeyId,
  messageVerifier,
  type RequestParts,
  signRequest,
  type VerifiedRequest,
  verifyRequest,
} from '../crypto/http-signature.ts';
import type { KeyStore } from '../crypto/index.ts';
import type { Clock } from '../lib/clock.ts';
import { newSecret } from '../lib/ids.ts';
import { IdentityError } from './errors.ts';
import { peerOf } from './identify-peer.ts';
import type { PeerRequest } from './ports.ts';
import type { Member } from './types.ts';

/** A message to a member, ready to be sent; what an answer's signature refers to; the digest that names this one request. */
export type SignedPeerMessage = { message: PeerRequest; signed: RequestParts; digest: Uint8Array };

/** A message as it came in, with the member whose certificate mutual TLS has proved. */
export type PeerMessage = { member: Member; request: RequestParts & { body: Uint8Array } };

/** Signs JSON to a member's node under this organisation's message key (docs/formats/http-signature.md). */
export function signPeerMessage(
  { member, path, body }: { member: Member; path: string; body: Uint8Array },
  { organizationId, keyStore, clock }: { organizationId: string; keyStore: KeyStore; clock: Clock },
): SignedPeerMessage {
  const method = 'POST';
  const parts = {
    method,
    targetUri: new URL(member.nodeUrl).origin + path,
    fields: {
      'content-type': 'application/json',
      'medseal-organization': organizationId,
      'medseal-recipient': member.organizationId,
    },
  };
  const signer = {
    keyId: messageKeyId(organizationId, keyStore.publicKey('message')),
    sign: (bytes: Uint8Array) => keyStore.sign('message', bytes),
  };
  const { fields, digest } = signRequest(
    { ...parts, body },
    { signer, createdAt: clock.now(), nonce: newSecret(16) },
  );
  return { message: { member, method, path, fields, body }, signed: { ...parts, fields }, digest };
}

/**
 * A request on the peer port: the server has proved the member and left the body's bytes in `locals.rawBody`. The target
 * is taken from this node's registered URL, not from a Host header.
 */
export function readPeerMessage(request: Request, response: Response, nodeUrl: string): PeerMessage {
  const body: unknown = response.locals['rawBody'];
  if (!(body instanceof Uint8Array)) throw new IdentityError('IDENTITY_PEER_SIGNATURE');
  const { method, originalUrl } = request;
  const targetUri = new URL(nodeUrl).origin + originalUrl;
  return { member: peerOf(response), request: { method, targetUri, fields: fieldsOf(request), body } };
}

/**
 * Checks that the member signed this message, to this organisation and now. One IDENTITY_PEER_SIGNATURE for every fault
 * of it; only the clock, which the sender can put right, has a code of its own. The cause holds the exact reason.
 */
export function verifyPeerMessage(
  { member, request }: PeerMessage,
  { organizationId, clock }: { organizationId: string; clock: Clock },
): VerifiedRequest {
  try {
    const verifier = messageVerifier(member.organizationId, fromHex(member.messageKey));
    const verified = verifyRequest(request, { verifier, now: clock.now() });
    const { 'medseal-organization': sender, 'medseal-recipient': recipient } = request.fields;
    if (sender !== member.organizationId || recipient !== organizationId)
      throw new HttpSignatureError('SIGNATURE_PARTIES');
    return verified;
  } catch (cause) {
    if (!(cause instanceof HttpSignatureError)) throw cause;
    const code = cause.code === 'SIGNATURE_CLOCK' ? 'IDENTITY_PEER_CLOCK' : 'IDENTITY_PEER_SIGNATURE';
    throw new IdentityError(code, { cause });
  }
}

/** A field that comes twice could be read in two ways: refused. */
function fieldsOf(request: Request): Record<string, string> {
  const fields: Record<string, string> = Object.create(null);
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    const [value, ...more] = values ?? [];
    if (value === undefined || more.length > 0) throw new IdentityError('IDENTITY_PEER_SIGNATURE');
    fields[name] = value;
  }
  return fields;
}
