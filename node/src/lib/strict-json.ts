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

export type JsonLimits = { maxDepth?: number };

/** What one linear pass over the bytes learns before anything is built from them. */
type Outline = { keyCount: number; hasUnicodeEscape: boolean };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
/** FHIR needs 25 bytes a value; a text of tiny ones would cost hundreds of megabytes and seconds to build. */
const maxValues = 1_000_000;
const maxKeys = 10_000;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;

/**
 * Parses one JSON text (RFC 8259 within I-JSON, RFC 7493) and refuses what parsers disagree on or what attacks use:
 * duplicate keys (§2.3), prototype keys, lone surrogates and NUL (§2.1), a byte order mark, invalid UTF-8, nesting
 * deeper than `maxDepth` (default 64), a million values, an object of 10,000 keys, numbers that overflow and integers
 * beyond 2^53 (§2.2), trailing text.
 */
export function parseJson(input: Uint8Array | string, limits: JsonLimits = {}): unknown {
  const bytes = typeof input === 'string' ? encodeStrict(input) : input;
  const outline = outlineOf(bytes, limits.maxDepth ?? 64);
  const value = parseText(typeof input === 'string' ? input : decodeStrict(bytes));
  // JSON.parse keeps the last of two equal keys, however each is escaped: fewer keys than colons means duplicates.
  if (keysIn(value, outline.hasUnicodeEscape) !== outline.keyCount) throw new JsonError('JSON_DUPLICATE_KEY');
  return value;
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
  const outline: Outline = { keyCount: 0, hasUnicodeEscape: false };
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
    }
  }
  if (values > maxValues || mostKeys > maxKeys) throw new JsonError('JSON_TOO_LARGE');
  return outline;
}

function endOfString(bytes: Uint8Array, start: number, outline: Outline): number {
  let at = start;
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) {
      at += 1;
      if (bytes[at] === LOWER_U) outline.hasUnicodeEscape = true;
    }
  }
  return at;
}

/** Number of keys in the parsed value; refuses keys, numbers and texts on the way. Depth is bounded already. */
function keysIn(value: unknown, escaped: boolean): number {
  if (typeof value === 'object') return value === null ? 0 : keysInside(value, escaped);
  if (typeof value === 'number') assertExact(value);
  else if (escaped && typeof value === 'string') assertText(value);
  return 0;
}

function keysInside(value: object, escaped: boolean): number {
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += keysIn(item, escaped);
    return count;
  }
  for (const key of Object.keys(value)) {
    assertKey(key);
    if (escaped) assertText(key);
    count += 1 + keysIn((value as Record<string, unknown>)[key], escaped);
  }
  return count;
}

/** These names reach an object's prototype in code that copies keys one by one. */
function assertKey(key: string): void {
  if (key === '__proto__' || key === 'constructor' || key === 'prototype') {
    throw new JsonError('JSON_KEY_FORBIDDEN');
  }
}

/** Only a \u escape can bring a NUL or half a surrogate pair into text whose bytes are valid UTF-8. */
function assertText(text: string): void {
  if (text.includes('\0') || !text.isWellFormed()) throw new JsonError('JSON_TEXT_INVALID');
}

function assertExact(number: number): void {
  if (!Number.isFinite(number) || Math.abs(number) > Number.MAX_SAFE_INTEGER) {
    throw new JsonError('JSON_NUMBER_INEXACT');
  }
}
