import { p256 } from '@noble/curves/nist.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';

/** An ECDSA public key on NIST P-256, checked to be a point of the curve. */
export type P256Key = { readonly point: Uint8Array; readonly native: unknown };

type NativeKey = { key: Uint8Array; format: 'der'; type: 'spki' };
type NativeCrypto = {
  createPublicKey?: (options: NativeKey) => unknown;
  verify?: (digest: 'sha256', message: Uint8Array, key: unknown, signature: Uint8Array) => boolean;
};
type Platform = { process?: { getBuiltinModule?: (id: 'node:crypto') => NativeCrypto | undefined } };

// Node's own verification where there is one: thirty times faster. A browser has no synchronous one.
const native = (globalThis as Platform).process?.getBuiltinModule?.('node:crypto');
// SubjectPublicKeyInfo of an uncompressed P-256 point up to the point itself (RFC 5480 §2).
const spkiPrefix = Uint8Array.from([
  0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
  0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
]);

/** The key of an uncompressed point (65 bytes); undefined when it is not on the curve. */
export function p256Key(point: Uint8Array): P256Key | undefined {
  if (point.length !== 65 || point[0] !== 0x04) return undefined;
  try {
    p256.Point.fromBytes(point).assertValidity();
  } catch {
    // Not a point of this curve: the caller refuses the certificate.
    return undefined;
  }
  const spki = new Uint8Array(spkiPrefix.length + point.length);
  spki.set(spkiPrefix);
  spki.set(point, spkiPrefix.length);
  return { point, native: native?.createPublicKey?.({ key: spki, format: 'der', type: 'spki' }) };
}

/**
 * ECDSA with SHA-256 over `message`. The signature is strict DER with 1 ≤ r, s < n. With `lowS`, the larger of the
 * two valid values of s is refused, as every Fabric peer does, so that a signature has one form.
 */
export function verifyP256(
  key: P256Key,
  message: Uint8Array,
  signature: Uint8Array,
  { lowS }: { lowS: boolean },
): boolean {
  if (!isStrictSignature(signature, lowS)) return false;
  if (native?.verify !== undefined && key.native !== undefined) {
    return native.verify('sha256', message, key.native, signature);
  }
  return verifyP256Portable(key, message, signature);
}

/** The same arithmetic without the platform's help; `signature` is a strict one. */
export function verifyP256Portable(key: P256Key, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const options = { prehash: false, format: 'der', lowS: false } as const;
    return p256.verify(signature, nobleSha256(message), key.point, options);
  } catch {
    // Not a signature: the same answer as a wrong one.
    return false;
  }
}

function isStrictSignature(signature: Uint8Array, lowS: boolean): boolean {
  if (signature.length < 8 || signature.length > 72) return false;
  try {
    const parsed = p256.Signature.fromBytes(signature, 'der');
    return !(lowS && parsed.hasHighS());
  } catch {
    // Not DER, or r or s out of range.
    return false;
  }
}
