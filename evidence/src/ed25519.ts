import { portable } from '#portable';
import { equalBytes, fromHex, hex } from './bytes.ts';
import { nativeCrypto } from './platform.ts';

type Verifier = (message: Uint8Array, signature: Uint8Array) => boolean;

// The equation of Node's own verification is the one without the cofactor, and it compares the encoded point, so that only
// the key is left to be checked here.
const verifyPortable = portable?.verifyEd25519Portable;
// SubjectPublicKeyInfo of an Ed25519 key up to the key itself (RFC 8410 §4).
const spkiPrefix = fromHex('302a300506032b6570032100');
// 2^255 − 19, and the y of the eight points of small order (RFC 7748 §7), each as in a key, without the sign of x.
const fieldPrime = fromHex(`ed${'ff'.repeat(30)}7f`);
const smallOrder = [
  `00${'00'.repeat(31)}`,
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
].map(fromHex);
const known = new Map<string, Verifier>();
const maxKnown = 512;
const never: Verifier = () => false;

/** Strict verification with this key, see `verifyEd25519`. */
export function ed25519Verifier(publicKey: Uint8Array): Verifier {
  if (verifyPortable !== undefined)
    return (message, signature) => verifyPortable(signature, message, publicKey);
  const name = hex(publicKey);
  let verifier = known.get(name);
  if (verifier === undefined) {
    verifier = isStrictKey(publicKey) ? nativeVerifier(publicKey) : never;
    if (known.size >= maxKnown) known.clear();
    known.set(name, verifier);
  }
  return verifier;
}

function nativeVerifier(publicKey: Uint8Array): Verifier {
  const spki = Uint8Array.from([...spkiPrefix, ...publicKey]);
  const key = nativeCrypto?.createPublicKey({ key: spki, format: 'der', type: 'spki' });
  return (message, signature) => nativeCrypto?.verify(null, message, key, signature) ?? false;
}

/** Not of small order, and y in its one encoding; with what is no point of the curve nothing verifies anyway. */
export function isStrictKey(publicKey: Uint8Array): boolean {
  // Not slice(): Node.js overrides it with one that shares the memory.
  const y = Uint8Array.from(publicKey);
  y[31] = (y[31] ?? 0) & 0x7f;
  return isBelow(y, fieldPrime) && !smallOrder.some((point) => equalBytes(point, y));
}

/** Whether one little-endian number is below another of the same length. */
function isBelow(number: Uint8Array, limit: Uint8Array): boolean {
  const place = number.findLastIndex((byte, at) => byte !== limit[at]);
  return place >= 0 && (number[place] ?? 0) < (limit[place] ?? 0);
}
