import { portable } from '#portable';
import { concat, fromHex } from './bytes.ts';
import {
  type DerElement,
  derElements,
  derTag,
  expectTag,
  isShortest,
  leadingElements,
  onlyElement,
} from './der.ts';
import { attempt, EvidenceError, refusal } from './errors.ts';
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
 * How a signature is written. `strict`: DER of r and s and nothing else. `ledger`: as Fabric's peers read it, with s in its low
 * half, and with anything after s and after the sequence (bccsp/utils, UnmarshalECDSASignature; Go's asn1.Unmarshal): who
 * hands in a transaction can add that to each signature in it, and it is committed.
 */
export type SignatureForm = 'strict' | 'ledger';

/** ECDSA with SHA-256 over `message`, 1 ≤ r, s < n. */
export function verifyP256(
  key: P256Key,
  message: Uint8Array,
  { signature, form }: { signature: Uint8Array; form: SignatureForm },
): boolean {
  const strict = strictSignature(signature, form);
  if (strict === undefined) return false;
  if (portable !== undefined) return portable.verifyP256Portable(key.point, message, strict);
  return nativeCrypto?.verify('sha256', message, key.native, strict) ?? false;
}

/** The signature in strict DER; undefined where there is none. */
function strictSignature(signature: Uint8Array, form: SignatureForm): Uint8Array | undefined {
  const pair = attempt(() => (form === 'ledger' ? leadingIntegers(signature) : onlyIntegers(signature)));
  // Not DER: no signature.
  if (pair instanceof EvidenceError) return undefined;
  const [r, s] = pair;
  const limit = form === 'ledger' ? upperHalf : order;
  if (!isWithin(r.content, order) || !isWithin(s.content, limit)) return undefined;
  return concat(Uint8Array.of(derTag.sequence, r.whole.length + s.whole.length), r.whole, s.whole);
}

type Pair = readonly [DerElement, DerElement];

function onlyIntegers(signature: Uint8Array): Pair {
  const [r, s, ...others] = derElements(expectTag(onlyElement(signature), derTag.sequence).content);
  if (others.length > 0) throw refusal('CERTIFICATE_MALFORMED', 'more than a signature');
  return [expectTag(r, derTag.integer), expectTag(s, derTag.integer)];
}

function leadingIntegers(signature: Uint8Array): Pair {
  const [sequence] = leadingElements(signature, 1);
  const [r, s] = leadingElements(expectTag(sequence, derTag.sequence).content, 2);
  return [expectTag(r, derTag.integer), expectTag(s, derTag.integer)];
}

/** Whether an integer is in its shortest form, positive and below `limit` of 32 bytes. */
function isWithin(integer: Uint8Array, limit: Uint8Array): boolean {
  if (!isShortest(integer)) return false;
  const value = integer[0] === 0 ? integer.subarray(1) : integer;
  if (value.length === 0 || (integer[0] ?? 0) >= 0x80 || value.length > limit.length) return false;
  if (value.length < limit.length) return true;
  const place = value.findIndex((byte, at) => byte !== limit[at]);
  return place >= 0 && (value[place] ?? 0) < (limit[place] ?? 0);
}
