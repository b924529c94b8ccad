import { createHash, type KeyObject, sign, verify } from 'node:crypto';

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const halfOrder = order >> 1n;

export function sha256(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** ECDSA P-256 with SHA-256 in DER, s in the lower half: Fabric refuses the other (bccsp/sw/ecdsa.go). */
export function signLowS(key: KeyObject, bytes: Uint8Array): Uint8Array {
  const signature = sign('sha256', bytes, key);
  const { r, s } = readSignature(signature) ?? { r: 0n, s: 0n };
  return s > halfOrder
    ? derSequence([derInteger(fromInteger(r)), derInteger(fromInteger(order - s))])
    : signature;
}

/** Checks a signature; one with a high s or not in strict DER is refused, since it could be made from a good one. */
export function verifyLowS(key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  const numbers = readSignature(signature);
  const inRange = numbers !== undefined && numbers.r > 0n && numbers.r < order && numbers.s > 0n;
  return inRange && numbers.s <= halfOrder && verify('sha256', bytes, key, signature);
}

/** Takes SEQUENCE{INTEGER r, INTEGER s} apart; undefined unless it is strict DER. */
function readSignature(signature: Uint8Array): { r: bigint; s: bigint } | undefined {
  if (signature[0] !== 0x30 || signature[1] !== signature.length - 2) return undefined;
  const r = readInteger(signature, 2);
  const s = r === undefined ? undefined : readInteger(signature, r.end);
  return r === undefined || s?.end !== signature.length ? undefined : { r: r.value, s: s.value };
}

function readInteger(bytes: Uint8Array, at: number): { value: bigint; end: number } | undefined {
  const length = bytes[at + 1] ?? 0;
  const [first = 0xff, second = 0xff] = bytes.subarray(at + 2, at + 4);
  if (bytes[at] !== 0x02 || length === 0 || length > 33 || first > 0x7f) return undefined;
  if (length > 1 && first === 0 && second <= 0x7f) return undefined;
  const end = at + 2 + length;
  return end > bytes.length ? undefined : { value: toInteger(bytes.subarray(at + 2, end)), end };
}

function toInteger(bytes: Uint8Array): bigint {
  return BigInt(`0x${hex(bytes)}`);
}

function fromInteger(value: bigint): Uint8Array {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
}

/** DER INTEGER of an unsigned big-endian number (X.690 §8.3): no needless leading zero, never negative. */
export function derInteger(magnitude: Uint8Array): Uint8Array {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start += 1;
  const digits = magnitude.subarray(start);
  const padded = (digits[0] ?? 0) > 0x7f ? [0, ...digits] : [...digits];
  return Uint8Array.from([0x02, padded.length, ...padded]);
}

/** DER SEQUENCE of at most 127 bytes of content. */
export function derSequence(parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  return Uint8Array.from([0x30, content.length, ...content]);
}
