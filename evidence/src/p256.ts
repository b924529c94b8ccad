import { portable } from '#portable';
import { fromHex } from './bytes.ts';
import { derElements, derTag, derWhole, expectTag } from './der.ts';
import { EvidenceError } from './errors.ts';
import { nativeCrypto } from './platform.ts';

/** An ECDSA public key on NIST P-256, checked to be a point of the curve. */
export type P256Key = { readonly point: Uint8Array; readonly native: unknown };

// SubjectPublicKeyInfo of an uncompressed P-256 point up to the point itself (RFC 5480 §2).
const spkiPrefix = fromHex('3059301306072a8648ce3d020106082a8648ce3d030107034200');
const order = fromHex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
// ⌊n / 2⌋ + 1: the smallest s of the upper half.
const upperHalf = fromHex('7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a9');

/** The key of an uncompressed point (65 bytes); undefined when it is not on the curve. */
export function p256Key(point: Uint8Array): P256Key | undefined {
  if (point.length !== 65 || point[0] !== 0x04) return undefined;
  if (portable !== undefined) return portable.isP256Point(point) ? { point, native: undefined } : undefined;
  const key = new Uint8Array(spkiPrefix.length + point.length);
  key.set(spkiPrefix);
  key.set(point, spkiPrefix.length);
  try {
    return { point, native: nativeCrypto?.createPublicKey({ key, format: 'der', type: 'spki' }) };
  } catch {
    // Not a point of this curve: the caller refuses the certificate.
    return undefined;
  }
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
  if (portable !== undefined) return portable.verifyP256Portable(key.point, message, signature);
  return nativeCrypto?.verify('sha256', message, key.native, signature) ?? false;
}

function isStrictSignature(signature: Uint8Array, lowS: boolean): boolean {
  if (signature.length > 72) return false;
  try {
    const [r, s, ...others] = derElements(derWhole(signature, derTag.sequence).content);
    return (
      others.length === 0 &&
      isWithin(expectTag(r, derTag.integer).content, order) &&
      isWithin(expectTag(s, derTag.integer).content, lowS ? upperHalf : order)
    );
  } catch (error) {
    // Not DER: no signature.
    if (error instanceof EvidenceError) return false;
    throw error;
  }
}

/** Whether a DER integer is positive and below `limit` of 32 bytes. */
function isWithin(integer: Uint8Array, limit: Uint8Array): boolean {
  const value = integer[0] === 0 ? integer.subarray(1) : integer;
  if (value.length === 0 || (integer[0] ?? 0) >= 0x80 || value.length > limit.length) return false;
  if (value.length < limit.length) return true;
  const place = value.findIndex((byte, at) => byte !== limit[at]);
  return place >= 0 && (value[place] ?? 0) < (limit[place] ?? 0);
}
