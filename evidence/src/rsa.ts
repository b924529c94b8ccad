import { pow } from '@noble/curves/abstract/modular.js';
import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js';
import { concat, equalBytes, fromHex, sha256 } from './bytes.ts';

/** An RSA public key whose exponent is 65537. */
export type RsaKey = { readonly modulus: bigint; readonly length: number };

const publicExponent = 65_537n;
const minBits = 2048;
const maxBits = 4096;
// DigestInfo of SHA-256 up to the digest; the parameters are NULL, never absent (RFC 8017 §9.2 note 1).
const digestInfo = fromHex('3031300d060960864801650304020105000420');

/**
 * The key of a modulus, big-endian and without leading zeros, of 2048 to 4096 bits; undefined for any other. The exponent
 * is 65537: under a tiny one a signature can be made up (Bleichenbacher 2006).
 */
export function rsaKey(modulus: Uint8Array): RsaKey | undefined {
  const [first = 0] = modulus;
  const last = modulus.at(-1) ?? 0;
  const bits = modulus.length * 8 - Math.clz32(first) + 24;
  if (first === 0 || bits < minBits || bits > maxBits || last % 2 === 0) return undefined;
  return { modulus: bytesToNumberBE(modulus), length: modulus.length };
}

/**
 * RSASSA-PKCS1-v1_5 with SHA-256 over `message` (RFC 8017 §8.2.2). The encoded message is built anew and compared as a
 * whole: nothing in it is parsed, so that no padding and no form of DigestInfo passes but the one. All of it is public.
 */
export function verifyRs256(
  { modulus, length }: RsaKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (signature.length !== length) return false;
  const representative = bytesToNumberBE(signature);
  if (representative >= modulus) return false;
  const encoded = numberToBytesBE(pow(representative, publicExponent, modulus), length);
  return equalBytes(encoded, encodedMessage(message, length));
}

/** EMSA-PKCS1-v1_5 (RFC 8017 §9.2). */
function encodedMessage(message: Uint8Array, length: number): Uint8Array {
  const digest = concat(digestInfo, sha256(message));
  const padding = new Uint8Array(length - digest.length - 3).fill(0xff);
  return concat(Uint8Array.of(0x00, 0x01), padding, Uint8Array.of(0x00), digest);
}
