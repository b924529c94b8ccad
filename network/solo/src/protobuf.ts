import type { Message } from 'google-protobuf';
import timestamps, { type Timestamp } from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { SoloError } from './errors.ts';

type MessageType<M> = { deserializeBinary(bytes: Uint8Array): M };

/** Parses bytes somebody else sent; whatever is wrong with them is MESSAGE_MALFORMED. */
export function parse<M>(type: MessageType<M>, bytes: Uint8Array, what: string): M {
  try {
    return type.deserializeBinary(bytes);
  } catch (cause) {
    throw new SoloError('MESSAGE_MALFORMED', `malformed ${what}`, { cause });
  }
}

/** A field that must be there. */
export function present<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new SoloError('MESSAGE_MALFORMED', `${what} is missing`);
  return value;
}

/** Fills a new message; the generated setters return nothing. */
export function fill<M extends Message>(message: M, set: (message: M) => void): M {
  set(message);
  return message;
}

/** Like {@link fill}, serialised. */
export function encode<M extends Message>(message: M, set: (message: M) => void): Uint8Array {
  return fill(message, set).serializeBinary();
}

export function timestampOf(date: Date): Timestamp {
  return timestamps.Timestamp.fromDate(date);
}

export function timestampAt({ seconds, nanos }: { seconds: number; nanos: number }): Timestamp {
  return fill(new timestamps.Timestamp(), (at) => {
    at.setSeconds(seconds);
    at.setNanos(nanos);
  });
}
