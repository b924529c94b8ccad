import { pow } from '@noble/curves/abstract/modular.js';
import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { concat, equalBytes, fromHex } from './bytes.ts';

/** An RSA public key whose exponent is 65537. */
export type RsaKey = { readonly modulus: bigint; readonly length: number; readonly bits: number };
export type RsaHash = 'sha1' | 'sha256' | 'sha384' | 'sha512';
export type RsaSignature = { signature: Uint8Array; hash: RsaHash };

const publicExponent = 65_537n;
const minBits = 2048;
const maxBits = 4096;
// DigestInfo up to the digest; the parameters are NULL, never absent (RFC 8017 §9.2 note 1).
const hashes = {
  // Revocation lists alone may be signed with it.
  sha1: { digestOf: sha1, info: fromHex('3021300906052b0e03021a05000414') },
  sha256: { digestOf: sha256, info: fromHex('3031300d060960864801650304020105000420') },
  sha384: { digestOf: sha384, info: fromHex('3041300d060960864801650304020205000430') },
  sha512: { digestOf: sha512, info: fromHex('3051300d060960864801650304020305000440') },
};

/**
 * The key of a modulus, big-endian and without leading zeros, of 2048 to 4096 bits; undefined for any other. The exponent
 * is 65537: under a tiny one a signature can be made up (Bleichenbacher 2006).
 */
export function rsaKey(modulus: Uint8Array): RsaKey | undefined {
  const [first = 0] = modulus;
  const last = modulus.at(-1) ?? 0;
  const bits = modulus.length * 8 - Math.clz32(first) + 24;
  if (first === 0 || bits < minBits || bits > maxBits || last % 2 === 0) return undefined;
  return { modulus: bytesToNumberBE(modulus), length: modulus.length, bits };
}

/**
 * RSASSA-PKCS1-v1_5 over `message` (RFC 8017 §8.2.2). The encoded message is built anew and compared as a whole: nothing in
 * it is parsed, so that no padding and no form of DigestInfo passes but the one. All of it is public.
 */
export function verifyPkcs1(key: RsaKey, message: Uint8Array, { signature, hash }: RsaSignature): boolean {
  const encoded = encodedIn(key, signature);
  return encoded !== undefined && equalBytes(encoded, encodedMessage(message, key.length, hash));
}

/** RSASSA-PSS over `message` with MGF1 and a salt, both of the hash (RFC 8017 §8.1.2): what Go takes of it. */
export function verifyPss(key: RsaKey, message: Uint8Array, { signature, hash }: RsaSignature): boolean {
  const encoded = encodedIn(key, signature);
  if (encoded === undefined) return false;
  // Where the modulus has one bit more than whole bytes, the encoded message is a byte shorter.
  const bits = key.bits - 1;
  const start = key.length - Math.ceil(bits / 8);
  return encoded.subarray(0, start).every(isZero) && isPss(encoded.subarray(start), message, { bits, hash });
}

/** EMSA-PSS (RFC 8017 §9.1.2). */
function isPss(
  encoded: Uint8Array,
  message: Uint8Array,
  { bits, hash }: { bits: number; hash: RsaHash },
): boolean {
  const { digestOf } = hashes[hash];
  const digest = digestOf(message);
  const end = encoded.length - digest.length - 1;
  const stated = encoded.subarray(end, -1);
  const mask = maskOf(stated, end, hash);
  const unusedBits = (0xff00 >> (-bits & 7)) & 0xff;
  const block = encoded.subarray(0, end).map((byte, at) => byte ^ (mask[at] ?? 0));
  block[0] = (block[0] ?? 0) & ~unusedBits;
  const padding = block.length - digest.length - 1;
  return (
    encoded.at(-1) === 0xbc &&
    ((encoded[0] ?? 0) & unusedBits) === 0 &&
    block.subarray(0, padding).every(isZero) &&
    block[padding] === 1 &&
    equalBytes(stated, digestOf(concat(new Uint8Array(8), digest, block.subarray(padding + 1))))
  );
}

function isZero(byte: number): boolean {
  return byte === 0;
}

/** What was signed, as long as the modulus; undefined where it cannot be a signature of this key. */
function encodedIn({ modulus, length }: RsaKey, signature: Uint8Array): Uint8Array | undefined {
  if (signature.length !== length) return undefined;
  const representative = bytesToNumberBE(signature);
  if (representative >= modulus) return undefined;
  return numberToBytesBE(pow(representative, publicExponent, modulus), length);
}

/** EMSA-PKCS1-v1_5 (RFC 8017 §9.2). */
function encodedMessage(message: Uint8Array, length: number, hash: RsaHash): Uint8Array {
  const { digestOf, info } = hashes[hash];
  const digest = concat(info, digestOf(message));
  const padding = new Uint8Array(length - digest.length - 3).fill(0xff);
  return concat(Uint8Array.of(0x00, 0x01), padding, Uint8Array.of(0x00), digest);
}

/** MGF1 (RFC 8017 §B.2.1). */
function maskOf(seed: Uint8Array, length: number, hash: RsaHash): Uint8Array {
  const { digestOf } = hashes[hash];
  const blocks = Array.from({ length: Math.ceil(length / digestOf.outputLen) }, (_, count) =>
    digestOf(concat(seed, Uint8Array.of(0, 0, 0, count))),
  );
  return concat(...blocks).subarray(0, length);
}
