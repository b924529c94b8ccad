import { fromUtf8 } from './bytes.ts';
import { EvidenceError, type EvidenceErrorCode, refusal } from './errors.ts';

/** One field of a message: its number, how it is written, what it is where it is absent, how it is read. */
export type Field<Value> = {
  readonly number: number;
  readonly wire: 0 | 2;
  readonly many: boolean;
  readonly absent: () => Value;
  /** The value with what stands next; `before` is what was read of this field so far. */
  readonly read: (from: Source, before: Value) => Value;
  readonly isDefault: (value: Value) => boolean;
};
/** How a message is read: the fields by their numbers. */
export type Message<Of> = {
  readonly fields: FieldsOf<Of>;
  readonly places: ReadonlyMap<number, { readonly name: keyof Of; readonly field: Field<unknown> }>;
};
type FieldsOf<Of> = { readonly [Name in keyof Of]: Field<Of[Name]> };
/**
 * `one`: only what is in its one encoding is read. `any`: whatever Fabric's own programs read, as they read it (protobuf
 * encoding.html §order, §last-one-wins; Go's proto.Unmarshal): unknown fields are passed over, of two the last counts,
 * messages are merged, varints may be longer than they need.
 */
export type Spelling = 'one' | 'any';
type Source = {
  readonly bytes: Uint8Array;
  readonly code: EvidenceErrorCode;
  readonly spelling: Spelling;
  at: number;
  end: number;
  depth: number;
};
type Defaults = 'left out' | 'as written';

const maxDepth = 100;
/** protowire.DefaultRecursionLimit, which counts from 0. */
const maxGroups = 10_001;
const twoTo32 = 2 ** 32;
const varintWire = 0;
const lengthWire = 2;
const maxVarint = 10;
// The halves of the varint read last: it has 64 bits, a number holds 53. A number that it does not hold is equal to no
// number that anything here is compared with.
let low = 0;
let high = 0;

/** A message with these fields. */
export function message<Of>(fields: FieldsOf<Of>): Message<Of> {
  const names = Object.keys(fields) as (keyof Of)[];
  return {
    fields,
    places: new Map(
      names.map((name) => [fields[name].number, { name, field: fields[name] as Field<unknown> }]),
    ),
  };
}

/**
 * Reads a message. In its one encoding fields ascend, none is unknown, one that is not repeated stands once
 * and not with its default, varints are minimal, texts are UTF-8. Anything else would let two parsers read two things
 * out of one signature (CVE-2023-46132). The entries of maps alone have no order and may write defaults.
 */
export function readMessage<Of>(
  type: Message<Of>,
  bytes: Uint8Array,
  { code, spelling = 'one' }: { code: EvidenceErrorCode; spelling?: Spelling },
): Of {
  return readFields(type, sourceOf(bytes, { code, spelling }), 'left out');
}

/** Reads a message in its one encoding that fields nobody knows may follow: whole ones, and nothing known after them. */
export function readLeading<Of>(
  type: Message<Of>,
  bytes: Uint8Array,
  { code }: { code: EvidenceErrorCode },
): Of {
  const from = sourceOf(bytes, { code, spelling: 'any' });
  let end: number | undefined;
  while (from.at < from.end) {
    const start = from.at;
    const tag = readTag(from);
    const isKnown = type.places.get(tag.number)?.field.wire === tag.wire;
    if (isKnown && end !== undefined) refuse(from);
    if (!isKnown) end ??= start;
    skipField(from, tag);
  }
  return readMessage(type, bytes.subarray(0, end ?? bytes.length), { code });
}

function sourceOf(bytes: Uint8Array, how: Pick<Source, 'code' | 'spelling'>): Source {
  // A plain view: parts of a Node buffer would be buffers again, which copy and print in their own way.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  return { bytes: plain, ...how, at: 0, end: plain.length, depth: 0 };
}

export const bytesField = (number: number): Field<Uint8Array> => ({
  ...delimited(number, () => new Uint8Array(0), readBytes),
  isDefault: (value) => value.length === 0,
});
export const textField = (number: number): Field<string> => ({
  ...delimited(number, () => '', readText),
  isDefault: (value) => value === '',
});
export const uint64Field = (number: number): Field<number> => varint(number, 0, () => high * twoTo32 + low);
export const int64Field = (number: number): Field<number> =>
  varint(number, 0, () => (high | 0) * twoTo32 + low);
export const uint32Field = (number: number): Field<number> =>
  varint(number, 0, (from) => (high === 0 || isAny(from) ? low : refuse(from)));
export const int32Field = (number: number): Field<number> =>
  varint(number, 0, (from) => (high === ((low | 0) >> 31) >>> 0 || isAny(from) ? low | 0 : refuse(from)));
export const boolField = (number: number): Field<boolean> =>
  varint(number, false, (from) =>
    (high === 0 && low < 2) || isAny(from) ? low !== 0 || high !== 0 : refuse(from),
  );

/** A message within a message; undefined where it is absent. */
export function messageField<Of>(number: number, type: Message<Of>): Field<Of | undefined> {
  const absent = (): Of | undefined => undefined;
  return delimited(number, absent, (from, before) => readFields(type, from, 'left out', before));
}

/** A repeated field of messages. */
export const messageList = <Of>(number: number, type: Message<Of>): Field<Of[]> =>
  repeated(number, (from) => readFields(type, from, 'left out'));

/** A repeated field of bytes. */
export const bytesList = (number: number): Field<Uint8Array[]> => repeated(number, readBytes);

/** A map from texts to bytes; each key stands once. */
export const bytesMap = (number: number): Field<Map<string, Uint8Array>> =>
  mapOf(number, () => bytesField(2));

/** A map from texts to messages, which may contain such a map themselves. */
export const messageMap = <Of>(number: number, type: () => Message<Of>): Field<Map<string, Of>> =>
  mapOf(number, () => ({
    ...delimited(
      2,
      () => empty(type()),
      (from, before) => readFields(type(), from, 'left out', before),
    ),
  }));

function mapOf<Value>(number: number, valueField: () => Field<Value>): Field<Map<string, Value>> {
  const entry = once(() => message({ key: textField(1), value: valueField() }));
  const add = (from: Source, before: Map<string, Value>): Map<string, Value> => {
    const { key, value } = readFields(entry(), from, 'as written');
    return before.has(key) && !isAny(from) ? refuse(from) : before.set(key, value);
  };
  return { ...delimited(number, () => new Map<string, Value>(), add), many: true };
}

/** A field that must be there. */
export function present<Value>(value: Value | undefined, code: EvidenceErrorCode): Value {
  if (value === undefined) throw refusal(code, 'a part is missing');
  return value;
}

function once<Result>(make: () => Result): () => Result {
  let made: Result | undefined;
  return () => (made ??= make());
}

function repeated<Value>(number: number, read: (from: Source) => Value): Field<Value[]> {
  const append = (from: Source, before: Value[]): Value[] => {
    before.push(read(from));
    return before;
  };
  return { ...delimited(number, () => [], append), many: true };
}

function varint<Value>(number: number, ifAbsent: Value, made: (from: Source) => Value): Field<Value> {
  const read = (from: Source): Value => {
    readVarint(from);
    return made(from);
  };
  return {
    number,
    wire: varintWire,
    many: false,
    absent: () => ifAbsent,
    read,
    isDefault: (value) => value === ifAbsent,
  };
}

/** A field of which the length stands first: `read` finds the end of `from` there. */
function delimited<Value>(
  number: number,
  absent: () => Value,
  read: (from: Source, before: Value) => Value,
): Field<Value> {
  const within = (from: Source, before: Value): Value => {
    readVarint(from);
    const { end } = from;
    if (high !== 0 || low > end - from.at) return refuse(from);
    from.end = from.at + low;
    const value = read(from, before);
    from.end = end;
    return value;
  };
  return { number, wire: lengthWire, many: false, absent, read: within, isDefault: () => false };
}

function readFields<Of>(type: Message<Of>, from: Source, defaults: Defaults, before?: Of): Of {
  const values = before ?? empty(type);
  from.depth += 1;
  if (from.depth > maxDepth) refuse(from);
  if (isAny(from)) readAnyFields(type, from, values);
  else readOrderedFields(type, from, { values, defaults });
  from.depth -= 1;
  return values;
}

function readOrderedFields<Of>(
  { places }: Message<Of>,
  from: Source,
  { values, defaults }: { values: Of; defaults: Defaults },
): void {
  let latest = 0;
  while (from.at < from.end) {
    readVarint(from);
    const number = high === 0 ? low >>> 3 : 0;
    const { name, field } = places.get(number) ?? refuse(from);
    if ((low & 7) !== field.wire || number < latest || (number === latest && !field.many)) refuse(from);
    latest = number;
    const value = field.read(from, values[name]);
    if (defaults === 'left out' && !field.many && field.isDefault(value)) refuse(from);
    values[name] = value as Of[keyof Of];
  }
}

function readAnyFields<Of>({ places }: Message<Of>, from: Source, values: Of): void {
  while (from.at < from.end) {
    const { number, wire } = readTag(from);
    const place = places.get(number);
    // A known number that is written as something else is an unknown field, too.
    if (place === undefined || place.field.wire !== wire) skipField(from, { number, wire });
    else values[place.name] = place.field.read(from, values[place.name]) as Of[keyof Of];
  }
}

type Tag = { number: number; wire: number };

/** A tag: below 2^32 for a field of a message; in a group that nobody knows, Go reads numbers of up to 31 bits. */
function readTag(from: Source, maxHigh = 0): Tag {
  readVarint(from);
  const tag = { number: high * 2 ** 29 + (low >>> 3), wire: low & 7 };
  return high <= maxHigh && tag.number > 0 ? tag : refuse(from);
}

/** Past a field of any wire type; a group (3) holds fields until its end (4), as in Go's protowire.ConsumeFieldValue. */
function skipField(from: Source, tag: Tag): void {
  const open: number[] = [];
  for (let { number, wire } = tag; ; { number, wire } = readTag(from, 3)) {
    if (wire === 3) open.push(number);
    else if (wire !== 4) skipValue(from, wire);
    else if (open.pop() !== number) refuse(from);
    if (open.length === 0) return;
    if (open.length > maxGroups) refuse(from);
  }
}

function skipValue(from: Source, wire: number): void {
  if (wire === varintWire || wire === lengthWire) readVarint(from);
  if (wire === lengthWire) from.at += high === 0 ? low : Number.POSITIVE_INFINITY;
  else if (wire === 1) from.at += 8;
  else if (wire === 5) from.at += 4;
  else if (wire !== varintWire) refuse(from);
  if (from.at > from.end) refuse(from);
}

function isAny({ spelling }: Source): boolean {
  return spelling === 'any';
}

function empty<Of>({ fields, places }: Message<Of>): Of {
  const values = {} as Of;
  for (const { name } of places.values()) values[name] = fields[name].absent();
  return values;
}

function readBytes(from: Source): Uint8Array {
  const part = from.bytes.subarray(from.at, from.end);
  from.at = from.end;
  return part;
}

function readText(from: Source): string {
  try {
    return fromUtf8(readBytes(from));
  } catch (cause) {
    throw new EvidenceError(from.code, { message: 'a text is not UTF-8', cause });
  }
}

/** Leaves the two halves of the next varint in `low` and `high`. */
function readVarint(from: Source): void {
  low = 0;
  high = 0;
  let byte = 0x80;
  let place = 0;
  for (; byte >= 0x80 && place < maxVarint; place += 1) {
    if (from.at >= from.end) refuse(from);
    byte = from.bytes[from.at] ?? 0;
    from.at += 1;
    addBits(byte & 0x7f, place);
  }
  // The tenth byte has room for one bit, and a last byte without bits is one too many.
  if (byte > (place === maxVarint ? 1 : 0x7f) || (byte === 0 && place > 1 && !isAny(from))) refuse(from);
}

/** Seven bits to their place among the 64. */
function addBits(bits: number, place: number): void {
  if (place < 5) low = (low | (bits << (7 * place))) >>> 0;
  if (place === 4) high = bits >>> 4;
  if (place > 4) high = (high | (bits << (7 * place - 32))) >>> 0;
}

function refuse({ code }: Source): never {
  throw refusal(code, 'not in its one encoding');
}
