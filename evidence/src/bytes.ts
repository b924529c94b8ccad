import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js';
import { EvidenceError } from './errors.ts';
import { nativeCrypto } from './platform.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const keptViews = 1024;
const noDigit = 16;
/** The value of a lower-case hexadecimal digit by its character's code. */
const hexValues = new Uint8Array(128).fill(noDigit);
for (const [value, digit] of [...'0123456789abcdef'].entries()) hexValues[digit.charCodeAt(0)] = value;
const base64Text = /^[A-Za-z0-9+/]*={0,2}$/;
const base64urlText = /^[A-Za-z0-9_-]*$/;
// Writing into one buffer and copying out is many times cheaper than TextEncoder.encode for short texts.
const scratch = new Uint8Array(16_384);
const scratchOf = prefixesOf(scratch);
const scratchFrom = new Map<number, Uint8Array>();
const stringChunk = 0x8000;

const nativeHash = nativeCrypto?.hash;
const digestLength = 32;

/** SHA-256 (FIPS 180-4). */
export function sha256(bytes: Uint8Array): Uint8Array {
  if (nativeHash === undefined) return nobleSha256(bytes);
  const digest = new Uint8Array(digestLength);
  putBinary(nativeHash('sha256', bytes, 'binary'), digest, 0);
  return digest;
}

/** Writes a text of bytes, which is several times cheaper to get from the platform than a buffer. */
export function putBinary(binary: string, target: Uint8Array, start: number): void {
  for (let at = 0; at < binary.length; at += 1) target[start + at] = binary.charCodeAt(at);
}

/** SHA-256 in lower-case hex of a domain line, bytes and a text, without joining them in fresh memory first. */
export function sha256HexOf(domain: Uint8Array, bytes: Uint8Array, text: string): string {
  const start = domain.length + bytes.length;
  if (start + text.length * 3 > scratch.length)
    return sha256Hex(concatBytes(domain, bytes, encoder.encode(text)));
  scratch.set(domain);
  scratch.set(bytes, domain.length);
  const { written } = encoder.encodeInto(text, scratchAfter(start));
  return sha256Hex(scratchOf(start + written));
}

/** Starts are the lengths of a few domain lines with and without a salt. */
function scratchAfter(start: number): Uint8Array {
  const known = scratchFrom.get(start);
  if (known !== undefined) return known;
  const rest = scratch.subarray(start);
  if (scratchFrom.size < keptViews) scratchFrom.set(start, rest);
  return rest;
}

/** The first bytes of a buffer that is written again and again; a new view for each hash costs as much as the hash. */
export function prefixesOf(buffer: Uint8Array): (length: number) => Uint8Array {
  const kept: (Uint8Array | undefined)[] = new Array(keptViews);
  return (length) => {
    if (length >= keptViews) return buffer.subarray(0, length);
    kept[length] ??= buffer.subarray(0, length);
    return kept[length];
  };
}

function sha256Hex(bytes: Uint8Array): string {
  return nativeHash === undefined ? bytesToHex(nobleSha256(bytes)) : nativeHash('sha256', bytes, 'hex');
}

/** UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array {
  if (text.length * 3 > scratch.length) return encoder.encode(text);
  return scratch.slice(0, encoder.encodeInto(text, scratch).written);
}

/** The text of UTF-8 `bytes`; ill-formed UTF-8 is refused, a byte order mark is kept. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new EvidenceError('BYTES_INVALID', { message: 'not UTF-8', cause });
  }
}

/** The byte strings joined. */
export function concat(...parts: Uint8Array[]): Uint8Array {
  return concatBytes(...parts);
}

/** Lower-case hex. */
export function hex(bytes: Uint8Array): string {
  return bytesToHex(bytes);
}

/** Bytes of lower-case hex; anything else, upper case included, is refused, so that one value has one spelling. */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  let seen = text.length % 2 === 0 ? 0 : noDigit;
  for (let at = 0; at < bytes.length; at += 1) {
    const high = hexValues[text.charCodeAt(2 * at)] ?? noDigit;
    const low = hexValues[text.charCodeAt(2 * at + 1)] ?? noDigit;
    seen |= high | low;
    bytes[at] = (high << 4) | low;
  }
  if (seen >= 16) throw new EvidenceError('BYTES_INVALID', { message: 'not lower-case hex' });
  return bytes;
}

/** Base64 with padding (RFC 4648 §4). */
export function base64(bytes: Uint8Array): string {
  return btoa(binaryOf(bytes));
}

/** Bytes of canonical base64; white space, missing padding and loose trailing bits are refused (RFC 4648 §3.5). */
export function fromBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0 || !base64Text.test(text)) {
    throw new EvidenceError('BYTES_INVALID', { message: 'not base64' });
  }
  const bytes = bytesOfBinary(atob(text));
  if (
    base64(bytes.subarray(bytes.length - (bytes.length % 3))) !== text.slice(text.length - tail(bytes.length))
  ) {
    throw new EvidenceError('BYTES_INVALID', { message: 'base64 with loose bits' });
  }
  return bytes;
}

/** The bytes of a text of one character a byte. */
export function bytesOfBinary(binary: string): Uint8Array {
  const bytes = new Uint8Array(binary.length);
  putBinary(binary, bytes, 0);
  return bytes;
}

/** The text of one character a byte. */
export function binaryOf(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += stringChunk) {
    binary += String.fromCharCode(...bytes.subarray(at, at + stringChunk));
  }
  return binary;
}

/** Base64url without padding (RFC 4648 §5). */
export function base64url(bytes: Uint8Array): string {
  return base64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Bytes of canonical base64url without padding. */
export function fromBase64url(text: string): Uint8Array {
  if (!base64urlText.test(text)) throw new EvidenceError('BYTES_INVALID', { message: 'not base64url' });
  const padding = '='.repeat((4 - (text.length % 4)) % 4);
  return fromBase64(text.replaceAll('-', '+').replaceAll('_', '/') + padding);
}

/** Whether two byte strings are the same; time depends on the lengths only. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  const [a, b] = [viewOf(left), viewOf(right)];
  let difference = 0;
  let at = 0;
  for (; at + 4 <= left.length; at += 4) difference |= a.getUint32(at) ^ b.getUint32(at);
  for (; at < left.length; at += 1) difference |= a.getUint8(at) ^ b.getUint8(at);
  return difference === 0;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function tail(length: number): number {
  return length % 3 === 0 ? 0 : 4;
}
