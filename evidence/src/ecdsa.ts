import { portable } from '#portable';
import { fromHex } from './bytes.ts';
import {
  type DerElement,
  derElements,
  derOf,
  derTag,
  expectTag,
  isShortest,
  leadingElements,
  onlyElement,
} from './der.ts';
import { attempt, EvidenceError, refusal } from './errors.ts';
import { nativeCrypto } from './platform.ts';

/** The curves that Go has for certificates, and Fabric takes (bccsp/utils/ecdsa.go, curveHalfOrders). */
export type Curve = 'P-224' | 'P-256' | 'P-384' | 'P-521';
/** What is signed of a message. Fabric signs SHA-256 on every curve, SHA3-256 where an MSP says so; certificates their own. */
export type EcdsaHash = 'sha1' | 'sha256' | 'sha384' | 'sha512' | 'sha3-256';
/** A public key, checked to be a point of its curve. */
export type EcdsaKey = { readonly curve: Curve; readonly point: Uint8Array; readonly native: unknown };

type CurveFacts = {
  /** AlgorithmIdentifier of a key on it (RFC 5480 §2.1.1.1). */
  readonly algorithm: Uint8Array;
  readonly coordinateLength: number;
  /** Of the base point (NIST SP 800-186 §3.2.1). */
  readonly order: Limit;
  /** ⌊n / 2⌋ + 1: the smallest s of the upper half. */
  readonly upperHalf: Limit;
};
/** A number, big-endian without leading zeros. */
type Limit = Uint8Array;

function factsOf(algorithm: string, coordinateLength: number, order: bigint): CurveFacts {
  // The order is odd.
  const upperHalf = limitOf((order + 1n) / 2n);
  return { algorithm: fromHex(algorithm), coordinateLength, order: limitOf(order), upperHalf };
}

function limitOf(number: bigint): Limit {
  const text = number.toString(16);
  return fromHex(text.length % 2 === 0 ? text : `0${text}`);
}

const curves: Readonly<Record<Curve, CurveFacts>> = {
  'P-224': factsOf(
    '301006072a8648ce3d020106052b81040021',
    28,
    0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn,
  ),
  'P-256': factsOf(
    '301306072a8648ce3d020106082a8648ce3d030107',
    32,
    0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  ),
  'P-384': factsOf(
    '301006072a8648ce3d020106052b81040022',
    48,
    0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  ),
  'P-521': factsOf(
    '301006072a8648ce3d020106052b81040023',
    66,
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  ),
};

/** The curves by their object identifiers' DER, as hex (RFC 5480 §2.1.1.1). */
export const curveById: ReadonlyMap<string, Curve> = new Map([
  ['2b81040021', 'P-224'],
  ['2a8648ce3d030107', 'P-256'],
  ['2b81040022', 'P-384'],
  ['2b81040023', 'P-521'],
]);

/** The key of an uncompressed point; undefined when it is not on the curve. */
export function ecdsaKey(curve: Curve, point: Uint8Array): EcdsaKey | undefined {
  const { algorithm, coordinateLength } = curves[curve];
  if (point.length !== 1 + 2 * coordinateLength || point[0] !== 0x04) return undefined;
  if (portable !== undefined)
    return portable.isPoint(curve, point) ? { curve, point, native: undefined } : undefined;
  const bits = derOf(derTag.bitString, Uint8Array.of(0), point);
  try {
    const key = derOf(derTag.sequence, algorithm, bits);
    return { curve, point, native: nativeCrypto?.createPublicKey({ key, format: 'der', type: 'spki' }) };
  } catch {
    // Not a point of this curve: the caller refuses the certificate.
    return undefined;
  }
}

/**
 * How a signature is written. `strict`: DER of r and s and nothing else. `ledger`: as Fabric's peers read it, with s in its low
 * half, and with anything after s and after the sequence (bccsp/utils, UnmarshalECDSASignature; Go's asn1.Unmarshal): who
 * hands in a transaction can add that to each signature in it, and it is committed. `list`: so, too, but s in either half.
 */
export type SignatureForm = 'strict' | 'ledger' | 'list';
export type EcdsaSignature = { signature: Uint8Array; form: SignatureForm; hash: EcdsaHash };

/** ECDSA over `message`, 1 ≤ r, s < n. */
export function verifyEcdsa(
  key: EcdsaKey,
  message: Uint8Array,
  { signature, form, hash }: EcdsaSignature,
): boolean {
  const strict = strictSignature(signature, form, curves[key.curve]);
  if (strict === undefined) return false;
  if (portable !== undefined) return portable.verifyEcdsaPortable(key, message, { signature: strict, hash });
  return nativeCrypto?.verify(hash, message, key.native, strict) ?? false;
}

/** The signature in strict DER; undefined where there is none. */
function strictSignature(
  signature: Uint8Array,
  form: SignatureForm,
  { order, upperHalf }: CurveFacts,
): Uint8Array | undefined {
  const pair = attempt(() => (form === 'strict' ? onlyIntegers(signature) : leadingIntegers(signature)));
  // Not DER: no signature.
  if (pair instanceof EvidenceError) return undefined;
  const [r, s] = pair;
  const limit = form === 'ledger' ? upperHalf : order;
  if (!isWithin(r.content, order) || !isWithin(s.content, limit)) return undefined;
  return derOf(derTag.sequence, r.whole, s.whole);
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

/** Whether an integer is in its shortest form, positive and below `limit`. */
function isWithin(integer: Uint8Array, limit: Limit): boolean {
  if (!isShortest(integer)) return false;
  const value = integer[0] === 0 ? integer.subarray(1) : integer;
  if (value.length === 0 || (integer[0] ?? 0) >= 0x80 || value.length > limit.length) return false;
  if (value.length < limit.length) return true;
  const place = value.findIndex((byte, at) => byte !== limit[at]);
  return place >= 0 && (value[place] ?? 0) < (limit[place] ?? 0);
}
