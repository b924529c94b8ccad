import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { prefixesOf, putBinary } from './bytes.ts';
import { type NativeHash, nativeCrypto } from './platform.ts';

const blockLength = 64;
const digestLength = 32;
/** Bytes of one message. */
export const longestMessage = 128;

/** HMAC-SHA-256 of one message. The bytes are good until the next call. */
export type Hmac = (message: Uint8Array) => Uint8Array;

/** HMAC-SHA-256 (RFC 2104) under one key of at most 64 bytes, for many short messages. */
export function hmacUnder(key: Uint8Array): Hmac {
  return nativeCrypto === undefined ? hmacInJavaScript(key) : hmacWith(key, nativeCrypto.hash);
}

/** The key schedule is the same for every message: hashed once, copied for each. */
export function hmacInJavaScript(key: Uint8Array): Hmac {
  requireAtMost(key, blockLength);
  const keyed = hmac.create(sha256, key);
  const scratch = keyed.clone();
  const derived = new Uint8Array(digestLength);
  return (message) => {
    requireAtMost(message, longestMessage);
    keyed._cloneInto(scratch).update(message).digestInto(derived);
    return derived;
  };
}

// What both hashes of a message are over; shared, so that its views are made once.
const inner = new Uint8Array(blockLength + longestMessage);
const innerOf = prefixesOf(inner);
const outer = new Uint8Array(blockLength + digestLength);
/** The key whose blocks stand in both. */
let loaded: Uint8Array | undefined;

/** RFC 2104 §2 over the platform's hash, which has no cheaper HMAC: an object of its own for each message costs more than both hashes. */
function hmacWith(key: Uint8Array, hash: NativeHash): Hmac {
  requireAtMost(key, blockLength);
  const ownKey = Uint8Array.from(key);
  const derived = new Uint8Array(digestLength);
  return (message) => {
    requireAtMost(message, longestMessage);
    if (loaded !== ownKey) load(ownKey);
    inner.set(message, blockLength);
    putBinary(hash('sha256', innerOf(blockLength + message.length), 'binary'), outer, blockLength);
    putBinary(hash('sha256', outer, 'binary'), derived, 0);
    return derived;
  };
}

function load(key: Uint8Array): void {
  inner.fill(0x36, 0, blockLength);
  outer.fill(0x5c, 0, blockLength);
  for (let at = 0; at < key.length; at += 1) {
    const byte = key[at] ?? 0;
    inner[at] = byte ^ 0x36;
    outer[at] = byte ^ 0x5c;
  }
  loaded = key;
}

function requireAtMost(bytes: Uint8Array, length: number): void {
  if (bytes.length > length) throw new RangeError('longer than an HMAC here takes');
}
