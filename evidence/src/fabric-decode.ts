import { equalBytes } from './bytes.ts';
import { EvidenceError, type EvidenceErrorCode, refusal } from './errors.ts';

/** A generated protobuf message. */
export type Message = { serializeBinary(): Uint8Array };
/** A generated protobuf message class. */
export type MessageType<M extends Message> = { deserializeBinary(bytes: Uint8Array): M };

/**
 * Decodes a message that re-encodes to exactly the same bytes. Repeated fields, unknown fields and trailing bytes
 * would let two parsers read two things out of one signature (CVE-2023-46132).
 */
export function decodeExactly<M extends Message>(
  type: MessageType<M>,
  bytes: Uint8Array,
  code: EvidenceErrorCode,
): M {
  const message = decode(type, bytes, code);
  if (!equalBytes(message.serializeBinary(), bytes)) throw refusal(code, 'not in its one encoding');
  return message;
}

/**
 * Decodes a message with maps, which have no order and so no one encoding. What a parser drops or reads twice would
 * still change the length.
 */
export function decodeUnordered<M extends Message>(
  type: MessageType<M>,
  bytes: Uint8Array,
  code: EvidenceErrorCode,
): M {
  const message = decode(type, bytes, code);
  if (message.serializeBinary().length !== bytes.length) throw refusal(code, 'not in one of its encodings');
  return message;
}

/** Decodes a message without a look at how it is written. */
export function decode<M extends Message>(
  type: MessageType<M>,
  bytes: Uint8Array,
  code: EvidenceErrorCode,
): M {
  try {
    return type.deserializeBinary(bytes);
  } catch (cause) {
    throw new EvidenceError(code, { message: 'not a protobuf message', cause });
  }
}

/** A field that must be there. */
export function present<Value>(value: Value | undefined, code: EvidenceErrorCode): Value {
  if (value === undefined) throw refusal(code, 'a part is missing');
  return value;
}
