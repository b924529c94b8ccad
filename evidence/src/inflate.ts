import { refusal } from './errors.ts';

type Options = { maxOutputLength: number; info: true };
type NativeZlib = {
  inflateRawSync(
    bytes: Uint8Array,
    options: Options,
  ): { buffer: Uint8Array; engine: { bytesWritten: number } };
  deflateRawSync(bytes: Uint8Array, options: { level: 9 }): Uint8Array;
};
type Platform = { process?: { getBuiltinModule?: (id: 'node:zlib') => NativeZlib | undefined } };

// Node's own where there is one. A browser has none that answers at once.
const native = (globalThis as Platform).process?.getBuiltinModule?.('node:zlib');
const storedLength = 0xffff;

/** Raw DEFLATE (RFC 1951) of at most `maxLength` bytes, and nothing after its end: PROOF_MALFORMED, PROOF_TOO_LARGE. */
export function inflate(bytes: Uint8Array, maxLength: number): Uint8Array {
  if (native === undefined) return inflatePortable(bytes, maxLength);
  try {
    const { buffer, engine } = native.inflateRawSync(bytes, { maxOutputLength: maxLength, info: true });
    if (engine.bytesWritten !== bytes.length) throw malformed('bytes after the end');
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw malformed('not DEFLATE');
  }
}

/** Raw DEFLATE of `bytes`; without the platform's help they are only wrapped, not made smaller. */
export function deflate(bytes: Uint8Array): Uint8Array {
  if (native !== undefined) return new Uint8Array(native.deflateRawSync(bytes, { level: 9 }));
  const parts: number[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += storedLength) {
    const part = bytes.subarray(at, at + storedLength);
    const last = at + storedLength >= bytes.length ? 1 : 0;
    parts.push(last, part.length & 255, part.length >> 8, ~part.length & 255, (~part.length >> 8) & 255);
    for (const byte of part) parts.push(byte);
  }
  return Uint8Array.from(parts);
}

/** A canonical Huffman code: how many codes each length has, and the symbols in the order of their codes. */
type Code = { counts: Uint16Array; symbols: Uint16Array };
type State = { bytes: Uint8Array; at: number; bits: number; held: number; out: Uint8Array; length: number };

const lengthBases = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
];
const lengthExtras = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const distanceBases = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
  6145, 8193, 12_289, 16_385, 24_577,
];
const distanceExtras = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const maxBits = 15;

/** The same without the platform's help (RFC 1951 §3.2). */
export function inflatePortable(bytes: Uint8Array, maxLength: number): Uint8Array {
  const state: State = { bytes, at: 0, bits: 0, held: 0, out: new Uint8Array(maxLength), length: 0 };
  let last = false;
  while (!last) {
    last = take(state, 1) === 1;
    const kind = take(state, 2);
    if (kind === 0) copyStored(state);
    else if (kind === 1) expand(state, fixedCodes());
    else if (kind === 2) expand(state, readCodes(state));
    else throw malformed('block type');
  }
  if (state.at !== bytes.length) throw malformed('bytes after the end');
  return state.out.slice(0, state.length);
}

function take(state: State, count: number): number {
  while (state.bits < count) {
    const byte = state.bytes[state.at];
    if (byte === undefined) throw malformed('cut');
    state.held |= byte << state.bits;
    state.bits += 8;
    state.at += 1;
  }
  const value = state.held & ((1 << count) - 1);
  state.held >>>= count;
  state.bits -= count;
  return value;
}

function copyStored(state: State): void {
  state.held = 0;
  state.bits = 0;
  const [low = 0, high = 0, notLow = 0, notHigh = 0] = state.bytes.subarray(state.at, state.at + 4);
  const length = low | (high << 8);
  if (state.at + 4 + length > state.bytes.length || (length ^ 0xffff) !== (notLow | (notHigh << 8)))
    throw malformed('stored block');
  if (state.length + length > state.out.length) throw tooLarge();
  state.out.set(state.bytes.subarray(state.at + 4, state.at + 4 + length), state.length);
  state.at += 4 + length;
  state.length += length;
}

function expand(state: State, { literals, distances }: { literals: Code; distances: Code }): void {
  for (;;) {
    const symbol = decode(state, literals);
    if (symbol === 256) return;
    if (symbol < 256) {
      if (state.length === state.out.length) throw tooLarge();
      state.out[state.length] = symbol;
      state.length += 1;
    } else repeat(state, symbol - 257, distances);
  }
}

function repeat(state: State, lengthSymbol: number, distances: Code): void {
  const base = lengthBases[lengthSymbol];
  if (base === undefined) throw malformed('length');
  const length = base + take(state, lengthExtras[lengthSymbol] ?? 0);
  const symbol = decode(state, distances);
  const distanceBase = distanceBases[symbol];
  if (distanceBase === undefined) throw malformed('distance');
  const distance = distanceBase + take(state, distanceExtras[symbol] ?? 0);
  if (distance > state.length) throw malformed('distance');
  if (state.length + length > state.out.length) throw tooLarge();
  for (let end = state.length + length; state.length < end; state.length += 1)
    state.out[state.length] = state.out[state.length - distance] ?? 0;
}

function decode(state: State, { counts, symbols }: Code): number {
  let [code, first, index] = [0, 0, 0];
  for (let length = 1; length <= maxBits; length += 1) {
    code |= take(state, 1);
    const count = counts[length] ?? 0;
    if (code - count < first) return symbols[index + (code - first)] ?? 0;
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  throw malformed('code');
}

function codeWith(lengths: readonly number[]): Code {
  const counts = new Uint16Array(maxBits + 1);
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
  const used = lengths.flatMap((length, symbol) => (length === 0 ? [] : [{ length, symbol }]));
  used.sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  let left = 1;
  for (let length = 1; length <= maxBits; length += 1) {
    left = left * 2 - (counts[length] ?? 0);
    if (left < 0) throw malformed('code lengths');
  }
  // Incomplete codes are refused, but for one of a single symbol, as zlib does.
  if (left > 0 && used.length > 1) throw malformed('code lengths');
  counts[0] = 0;
  return { counts, symbols: Uint16Array.from(used, ({ symbol }) => symbol) };
}

function fixedCodes(): { literals: Code; distances: Code } {
  const lengthOf = (symbol: number): number => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8);
  const literals = Array.from({ length: 288 }, (_, symbol) => lengthOf(symbol));
  return { literals: codeWith(literals), distances: codeWith(new Array<number>(32).fill(5)) };
}

function readCodes(state: State): { literals: Code; distances: Code } {
  const [literalCount, distanceCount, lengthCount] = [
    take(state, 5) + 257,
    take(state, 5) + 1,
    take(state, 4) + 4,
  ];
  if (literalCount > 286 || distanceCount > 30) throw malformed('code lengths');
  const orders = new Array<number>(19).fill(0);
  for (let at = 0; at < lengthCount; at += 1) orders[lengthOrder[at] ?? 0] = take(state, 3);
  const lengths = readLengths(state, codeWith(orders), literalCount + distanceCount);
  if (lengths[256] === 0) throw malformed('no end');
  return {
    literals: codeWith(lengths.slice(0, literalCount)),
    distances: codeWith(lengths.slice(literalCount)),
  };
}

function readLengths(state: State, code: Code, count: number): number[] {
  const lengths: number[] = [];
  while (lengths.length < count) {
    const symbol = decode(state, code);
    if (symbol < 16) lengths.push(symbol);
    else {
      const length = symbol === 16 ? lengths.at(-1) : 0;
      if (length === undefined) throw malformed('code lengths');
      lengths.push(...new Array<number>(runLength(state, symbol)).fill(length));
    }
  }
  if (lengths.length > count) throw malformed('code lengths');
  return lengths;
}

function runLength(state: State, symbol: number): number {
  if (symbol === 18) return 11 + take(state, 7);
  return 3 + take(state, symbol === 16 ? 2 : 3);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function malformed(message: string): Error {
  return refusal('PROOF_MALFORMED', message);
}

function tooLarge(): Error {
  return refusal('PROOF_TOO_LARGE', 'the blocks');
}
