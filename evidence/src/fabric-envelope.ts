import { type EvidenceErrorCode, refusal } from './errors.ts';
import { envelopeMessage, type MessageOf } from './fabric-messages.ts';
import { readMessage } from './protobuf.ts';

const maxTag = 2 ** 32 - 1;

type Place = { at: number; depth: number };

/**
 * Reads an envelope: payload and signature in their one encoding, each once and in this order; fields that nobody knows may
 * follow. Orderers and peers of Fabric take them, so any member can have them ordered: they must not spoil a block that holds
 * what others rest on. As each envelope begins with its only payload, joined envelopes still come apart in one way
 * (CVE-2023-46132).
 */
export function readEnvelope(bytes: Uint8Array, code: EvidenceErrorCode): MessageOf<typeof envelopeMessage> {
  return readMessage(envelopeMessage, bytes.subarray(0, endOfKnown(bytes, code)), { code });
}

/** Where the unknown fields begin, all of which must be whole. */
function endOfKnown(bytes: Uint8Array, code: EvidenceErrorCode): number {
  let end: number | undefined;
  let place: Place = { at: 0, depth: 0 };
  while (place.at < bytes.length) {
    const start = place.at;
    const tag = varintAt(bytes, start, code);
    // Payload and signature, as their tags are written shortest.
    const isKnown = place.depth === 0 && (tag.value === 0x0a || tag.value === 0x12);
    if (isKnown && end !== undefined) throw refusal(code, 'a field out of place');
    if (!isKnown) end ??= start;
    place = afterField(bytes, { at: tag.next, depth: place.depth }, { tag: tag.value, code });
  }
  if (place.depth !== 0) throw refusal(code, 'a group without end');
  return end ?? bytes.length;
}

/** Past one field; groups (wire types 3 and 4) hold fields until they end. */
function afterField(
  bytes: Uint8Array,
  { at, depth }: Place,
  { tag, code }: { tag: number; code: EvidenceErrorCode },
): Place {
  if (tag < 8 || tag > maxTag) throw refusal(code, 'a field of no number');
  const end = { at: endOfValue(bytes, at, { wire: tag % 8, code }), depth: depth + groupStep(tag % 8) };
  if (end.at > bytes.length || end.depth < 0) throw refusal(code, 'a field without end');
  return end;
}

function groupStep(wire: number): number {
  if (wire === 3) return 1;
  return wire === 4 ? -1 : 0;
}

function endOfValue(
  bytes: Uint8Array,
  at: number,
  { wire, code }: { wire: number; code: EvidenceErrorCode },
): number {
  if (wire === 1) return at + 8;
  if (wire === 3 || wire === 4) return at;
  if (wire === 5) return at + 4;
  if (wire !== 0 && wire !== 2) throw refusal(code, 'no wire type');
  const { value, next } = varintAt(bytes, at, code);
  return wire === 0 ? next : next + value;
}

/** Its value is not exact above 2^53, which is beyond any length. */
function varintAt(bytes: Uint8Array, at: number, code: EvidenceErrorCode): { value: number; next: number } {
  let value = 0;
  for (let place = 0; place < 10; place += 1) {
    const byte = bytes[at + place];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * place);
    if (byte < 0x80) return { value, next: at + place + 1 };
  }
  throw refusal(code, 'a varint without end');
}
