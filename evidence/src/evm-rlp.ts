import { type EvidenceError, refusal } from './errors.ts';

/** An item of Ethereum's recursive length prefix encoding (Yellow Paper, appendix B). */
export type Rlp = Uint8Array | readonly Rlp[];

const maxDepth = 8;

type Header = { list: boolean; start: number; end: number };

/** Decodes exactly one item; any encoding but the shortest is refused, so that bytes and meaning are one to one. */
export function decodeRlp(bytes: Uint8Array): Rlp {
  const { item, end } = itemAt(bytes, 0, maxDepth);
  if (end !== bytes.length) throw invalid('bytes after the item');
  return item;
}

/** The items of a list. */
export function rlpList(item: Rlp | undefined): readonly Rlp[] {
  if (item === undefined || item instanceof Uint8Array) throw invalid('not a list');
  return item;
}

/** The bytes of a string, of a given length if one is given. */
export function rlpBytes(item: Rlp | undefined, length?: number): Uint8Array {
  if (!(item instanceof Uint8Array)) throw invalid('not a string');
  if (length !== undefined && item.length !== length) throw invalid('a string of another length');
  return item;
}

/** A non-negative whole number without leading zeros. */
export function rlpInteger(item: Rlp | undefined): number {
  const bytes = rlpBytes(item);
  if (bytes[0] === 0) throw invalid('a leading zero');
  return integerOf(bytes);
}

/** The encoding of a non-negative whole number; the key of a transaction's place in a block's tries. */
export function encodeRlpInteger(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  const [first] = bytes;
  return bytes.length === 1 && first !== undefined && first < 0x80
    ? Uint8Array.of(first)
    : Uint8Array.of(0x80 + bytes.length, ...bytes);
}

function itemAt(bytes: Uint8Array, at: number, depth: number): { item: Rlp; end: number } {
  if (depth === 0) throw invalid('nested too deeply');
  const { list, start, end } = headerAt(bytes, at);
  if (end > bytes.length) throw invalid('cut short');
  if (!list) return { item: bytes.subarray(start, end), end };
  const items: Rlp[] = [];
  let next = start;
  while (next < end) {
    const inner = itemAt(bytes, next, depth - 1);
    if (inner.end > end) throw invalid('an item beyond its list');
    items.push(inner.item);
    next = inner.end;
  }
  return { item: items, end };
}

function headerAt(bytes: Uint8Array, at: number): Header {
  const prefix = bytes[at];
  if (prefix === undefined) throw invalid('cut short');
  if (prefix < 0x80) return { list: false, start: at, end: at + 1 };
  const list = prefix >= 0xc0;
  const offset = prefix - (list ? 0xc0 : 0x80);
  if (offset <= 55) {
    const start = at + 1;
    if (!list && offset === 1 && (bytes[start] ?? 0x80) < 0x80) throw invalid('not the shortest encoding');
    return { list, start, end: start + offset };
  }
  const start = at + 1 + offset - 55;
  const lengthBytes = bytes.subarray(at + 1, start);
  if (lengthBytes.length !== offset - 55 || lengthBytes[0] === 0) throw invalid('a length with zeros');
  const length = integerOf(lengthBytes);
  if (length <= 55) throw invalid('not the shortest encoding');
  return { list, start, end: start + length };
}

function integerOf(bytes: Uint8Array): number {
  if (bytes.length > 7) throw invalid('a number too large');
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  if (!Number.isSafeInteger(value)) throw invalid('a number too large');
  return value;
}

function invalid(message: string): EvidenceError {
  return refusal('RLP_INVALID', message);
}
