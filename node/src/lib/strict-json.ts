import { WrittenNumber } from '@medseal/evidence';
import { AppError } from './errors.ts';

export type JsonCode =
  | 'JSON_ENCODING_INVALID'
  | 'JSON_SYNTAX_INVALID'
  | 'JSON_TOO_DEEP'
  | 'JSON_TOO_LARGE'
  | 'JSON_DUPLICATE_KEY'
  | 'JSON_KEY_FORBIDDEN'
  | 'JSON_NUMBER_INEXACT'
  | 'JSON_TEXT_INVALID';

/** A JSON text that is refused. The message never repeats any of it. */
export class JsonError extends AppError<JsonCode> {}

export type JsonOptions = {
  maxDepth?: number;
  /** `written`: a number that says more than its double (`1.10`) becomes a WrittenNumber, so that it can be given back as it came. */
  numbers?: 'double' | 'written';
  /** Such numbers at most (default 200,000, which take a quarter of a second): each becomes an object. */
  maxWritten?: number;
};

/** A number in the text: its first byte and the one after it. */
type Token = { start: number; end: number };
/** What one linear pass over the bytes learns before anything is built from them. `numbers` may say more than their double. */
type Outline = { keyCount: number; hasUnicodeEscape: boolean; numbers: Token[] };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
/** FHIR needs 25 bytes a value; a text of tiny ones would cost hundreds of megabytes and seconds to build. */
const maxValues = 1_000_000;
const maxKeys = 10_000;
const maxWritten = 200_000;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const ZERO = 0x30;
const MINUS = 0x2d;
const numberSyntax = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Zeros at the end of a fraction, an exponent, many digits, a negative zero; also in texts that only look like it. */
const mayHaveWritten = /[:,[](?:-0[,}\]]|-?(?:\d+\.\d*0[,}\]]|\d[\d.]*[eE]|[\d.]{17}|0\.0{6}))/;
/** Begins the string that stands for a written number until it is one: no accepted text has a NUL. */
const mark = '\0';
const markStart = '"\\u0000';

/**
 * Parses one JSON text (RFC 8259 within I-JSON, RFC 7493) and refuses what parsers disagree on or what attacks use:
 * duplicate keys (§2.3), prototype keys, lone surrogates and NUL (§2.1), a byte order mark, invalid UTF-8, nesting
 * deeper than `maxDepth` (default 64), a million values, an object of 10,000 keys, numbers that overflow and integers
 * beyond 2^53 (§2.2), trailing text.
 */
export function parseJson(input: Uint8Array | string, options: JsonOptions = {}): unknown {
  const bytes = typeof input === 'string' ? encodeStrict(input) : input;
  const outline = outlineOf(bytes, options.maxDepth ?? 64);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const written =
    options.numbers === 'written' ? outline.numbers.filter((token) => saysMore(buffer, token)) : [];
  if (written.length > (options.maxWritten ?? maxWritten)) throw new JsonError('JSON_TOO_LARGE');
  const value =
    written.length > 0
      ? parseWritten(buffer, written)
      : parseText(typeof input === 'string' ? input : decodeStrict(bytes));
  // JSON.parse keeps the last of two equal keys, however each is escaped: fewer keys than colons means duplicates.
  if (keysIn(value, outline.hasUnicodeEscape) !== outline.keyCount) throw new JsonError('JSON_DUPLICATE_KEY');
  return value;
}

/** The value of a text that JSON.stringify wrote after `parseJson`, with its written numbers. */
export function parseStored(text: string): unknown {
  return mayHaveWritten.test(text)
    ? parseJson(text, { numbers: 'written', maxWritten: maxValues, maxDepth: 128 })
    : JSON.parse(text);
}

/** Whether the number is written otherwise than ECMAScript writes its double; not for what is no number. */
function saysMore(bytes: Buffer, { start, end }: Token): boolean {
  const text = bytes.toString('latin1', start, end);
  return numberSyntax.test(text) && String(Number(text)) !== text;
}

/** Parses a text whose `written` numbers are to be kept: as strings that begin with a mark first. */
function parseWritten(bytes: Buffer, written: readonly Token[]): unknown {
  const marked = Buffer.allocUnsafe(bytes.length + written.length * (markStart.length + 1));
  let [from, to] = [0, 0];
  for (const { start, end } of written) {
    to += bytes.copy(marked, to, from, start);
    to += marked.write(markStart, to, 'latin1');
    to += bytes.copy(marked, to, start, end);
    to += marked.write('"', to, 'latin1');
    from = end;
  }
  bytes.copy(marked, to, from);
  const value = parseText(decodeStrict(marked));
  return isMarked(value) ? unmarked(value) : value;
}

function isMarked(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith(mark);
}

function unmarked(text: string): WrittenNumber {
  const number = new WrittenNumber(text.slice(mark.length));
  assertExact(number.valueOf());
  return number;
}

function encodeStrict(text: string): Uint8Array {
  if (!text.isWellFormed() || text.startsWith('\uFEFF')) throw new JsonError('JSON_ENCODING_INVALID');
  return encoder.encode(text);
}

function decodeStrict(bytes: Uint8Array): string {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new JsonError('JSON_ENCODING_INVALID');
  }
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new JsonError('JSON_ENCODING_INVALID', { cause });
  }
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The engine's message quotes the text around the error, so it is not kept as a cause.
    throw new JsonError('JSON_SYNTAX_INVALID');
  }
}

/** Counts keys, values and nesting. On text that is not JSON the counts mean nothing, and JSON.parse refuses it afterwards. */
function outlineOf(bytes: Uint8Array, maxDepth: number): Outline {
  const outline: Outline = { keyCount: 0, hasUnicodeEscape: false, numbers: [] };
  const ownKeys = new Int32Array(maxDepth + 1);
  let [depth, values, mostKeys] = [0, 0, 0];
  for (let at = 0; at < bytes.length; at += 1) {
    switch (bytes[at]) {
      case QUOTE:
        at = endOfString(bytes, at + 1, outline);
        break;
      case 0x2c: // ,
        values += 1;
        break;
      case 0x3a: // :
        outline.keyCount += 1;
        ownKeys[depth] = (ownKeys[depth] ?? 0) + 1;
        mostKeys = Math.max(mostKeys, ownKeys[depth] ?? 0);
        break;
      case 0x7b: // {
      case 0x5b: // [
        depth += 1;
        values += 1;
        if (depth > maxDepth) throw new JsonError('JSON_TOO_DEEP');
        ownKeys[depth] = 0;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth -= 1;
        break;
      default:
        at = endOfNumber(bytes, at, outline);
    }
  }
  if (values > maxValues || mostKeys > maxKeys) throw new JsonError('JSON_TOO_LARGE');
  return outline;
}

function isOfNumber(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= ZERO && byte <= 0x39) || byte === MINUS);
}

/** The last byte of the number that begins here, if any; it is noted where it may say more than its double. */
function endOfNumber(bytes: Uint8Array, start: number, { numbers }: Outline): number {
  if (!isOfNumber(bytes[start])) return start;
  let [end, isWhole] = [start + 1, true];
  for (; end < bytes.length; end += 1) {
    const byte = bytes[end];
    if (byte === 0x2e || byte === 0x65 || byte === 0x45 || byte === 0x2b) isWhole = false;
    else if (!isOfNumber(byte)) break;
  }
  if (!isWhole || bytes[start] === MINUS) numbers.push({ start, end });
  if (numbers.length > maxValues) throw new JsonError('JSON_TOO_LARGE');
  return end - 1;
}

function endOfString(bytes: Uint8Array, start: number, outline: Outline): number {
  let at = start;
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) {
      at += 1;
      if (bytes[at] !== LOWER_U) continue;
      outline.hasUnicodeEscape = true;
      if (isNul(bytes, at + 1)) throw new JsonError('JSON_TEXT_INVALID');
    }
  }
  return at;
}

function isNul(bytes: Uint8Array, at: number): boolean {
  return [0, 1, 2, 3].every((digit) => bytes[at + digit] === ZERO);
}

/** Number of keys in the parsed value; refuses keys, numbers and texts on the way, and makes marked texts numbers. Depth is bounded already. */
function keysIn(value: unknown, escaped: boolean): number {
  if (typeof value === 'object') return value === null ? 0 : keysInside(value, escaped);
  if (typeof value === 'number') assertExact(value);
  else if (escaped && typeof value === 'string') assertText(value);
  return 0;
}

function keysInside(value: object, escaped: boolean): number {
  if (Array.isArray(value)) return keysInItems(value, escaped);
  const parent = value as Record<string, unknown>;
  const names = Object.keys(parent);
  let count = names.length;
  for (const name of names) {
    assertKey(name);
    if (escaped) assertText(name);
    const child = parent[name];
    if (isMarked(child)) parent[name] = unmarked(child);
    else count += keysIn(child, escaped);
  }
  return count;
}

function keysInItems(items: unknown[], escaped: boolean): number {
  let count = 0;
  for (const [at, item] of items.entries()) {
    if (isMarked(item)) items[at] = unmarked(item);
    else count += keysIn(item, escaped);
  }
  return count;
}

/** These names reach an object's prototype in code that copies keys one by one. */
function assertKey(key: string): void {
  // A number that stood where a name belongs.
  if (key.startsWith(mark)) throw new JsonError('JSON_SYNTAX_INVALID');
  if (key === '__proto__' || key === 'constructor' || key === 'prototype') {
    throw new JsonError('JSON_KEY_FORBIDDEN');
  }
}

/** Only a \u escape can bring half a surrogate pair into text whose bytes are valid UTF-8. */
function assertText(text: string): void {
  if (!text.isWellFormed()) throw new JsonError('JSON_TEXT_INVALID');
}

function assertExact(number: number): void {
  if (!Number.isFinite(number) || Math.abs(number) > Number.MAX_SAFE_INTEGER) {
    throw new JsonError('JSON_NUMBER_INEXACT');
  }
}
