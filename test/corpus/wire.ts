import { concat } from '../../evidence/src/index.ts';

/** One field of a protobuf message: its whole encoding, and the content of a length-delimited one. */
type WireField = { number: number; wire: number; bytes: Uint8Array; content: Uint8Array };

/** Takes a message apart without knowing what it is. */
export function fieldsOf(message: Uint8Array): WireField[] {
  const fields: WireField[] = [];
  for (let at = 0; at < message.length; ) {
    const [tag, start] = varint(message, at);
    const [value, next] = varint(message, start);
    const wire = tag & 7;
    const end = wire === 2 ? next + value : next;
    fields.push({
      number: tag >> 3,
      wire,
      bytes: message.subarray(at, end),
      content: message.subarray(next, end),
    });
    at = end;
  }
  return fields;
}

/** The content of the first field at each step of a path. */
export function part(message: Uint8Array, path: readonly number[]): Uint8Array {
  return path.reduce((bytes, number) => {
    const field = fieldsOf(bytes).find((candidate) => candidate.number === number);
    if (field === undefined) throw new Error(`no field ${number}`);
    return field.content;
  }, message);
}

/** The message with the part at a path changed; the lengths around it fit again. */
export function edited(
  message: Uint8Array,
  path: readonly number[],
  change: (part: Uint8Array) => Uint8Array,
): Uint8Array {
  const [number, ...rest] = path;
  if (number === undefined) return change(message);
  let done = false;
  const fields = fieldsOf(message).map((field) => {
    if (done || field.number !== number) return field.bytes;
    done = true;
    return encoded(number, edited(field.content, rest, change));
  });
  if (!done) throw new Error(`no field ${number}`);
  return concat(...fields);
}

/** A length-delimited field. */
export function encoded(number: number, content: Uint8Array): Uint8Array {
  return concat(
    Uint8Array.from(varintBytes(number * 8 + 2)),
    Uint8Array.from(varintBytes(content.length)),
    content,
  );
}

/** Ways to write a message that protobuf parsers read alike, or almost. */
export const respellings: Record<string, (message: Uint8Array) => Uint8Array> = {
  'an unknown field': (message) => concat(message, Uint8Array.of(0x98, 0x06, 1)),
  'a field twice': (message) => concat(message, fieldsOf(message).at(-1)?.bytes ?? new Uint8Array(0)),
  'fields in reverse': (message) =>
    concat(
      ...fieldsOf(message)
        .map(({ bytes }) => bytes)
        .reverse(),
    ),
  'a long varint': (message) => concat(...fieldsOf(message).map(lengthened)),
};

function lengthened({ bytes, content, wire }: WireField): Uint8Array {
  const head = wire === 2 ? bytes.length - content.length : bytes.length;
  const last = bytes[head - 1] ?? 0;
  return concat(bytes.subarray(0, head - 1), Uint8Array.of(last | 0x80, 0), bytes.subarray(head));
}

function varint(bytes: Uint8Array, start: number): [value: number, next: number] {
  let value = 0;
  for (let at = start, scale = 1; ; at += 1, scale *= 128) {
    const byte = bytes[at];
    if (byte === undefined) throw new Error('not a protobuf message');
    value += (byte & 127) * scale;
    if (byte < 128) return [value, at + 1];
  }
}

/** A number as protobuf writes it. */
export function varintBytes(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 0x80, ...varintBytes(Math.floor(value / 128))];
}
