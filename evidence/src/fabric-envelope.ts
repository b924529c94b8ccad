import type { EvidenceErrorCode } from './errors.ts';
import { envelopeMessage, type MessageOf } from './fabric-messages.ts';
import { readLeading } from './protobuf.ts';

/**
 * Reads an envelope: payload and signature in their one encoding, each once and in this order; fields that nobody knows may
 * follow. Orderers and peers of Fabric take them, so any member can have them ordered: they must not spoil a block that holds
 * what others rest on. As each envelope begins with its only payload, joined envelopes still come apart in one way
 * (CVE-2023-46132).
 */
export function readEnvelope(bytes: Uint8Array, code: EvidenceErrorCode): MessageOf<typeof envelopeMessage> {
  return readLeading(envelopeMessage, bytes, { code });
}
