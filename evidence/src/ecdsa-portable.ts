import { ecdsa, weierstrass } from '@noble/curves/abstract/weierstrass.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { sha3_256 } from '@noble/hashes/sha3.js';
import type { Curve, EcdsaHash, EcdsaKey } from './ecdsa.ts';

// NIST SP 800-186 §3.2.1.2; the library has no P-224 ready.
const p224 = {
  p: 0xffffffffffffffffffffffffffffffff000000000000000000000001n,
  n: 0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn,
  h: 1n,
  a: 0xfffffffffffffffffffffffffffffffefffffffffffffffffffffffen,
  b: 0xb4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4n,
  Gx: 0xb70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21n,
  Gy: 0xbd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34n,
};
export const curves: Readonly<Record<Curve, typeof p256>> = {
  'P-224': ecdsa(weierstrass(p224), sha224),
  'P-256': p256,
  'P-384': p384,
  'P-521': p521,
};
const hashes: Readonly<Record<EcdsaHash, (message: Uint8Array) => Uint8Array>> = {
  sha1,
  sha256,
  sha384,
  sha512,
  'sha3-256': sha3_256,
};

/** Whether the bytes are an uncompressed point of the curve. */
export function isPoint(curve: Curve, point: Uint8Array): boolean {
  try {
    curves[curve].Point.fromBytes(point).assertValidity();
    return true;
  } catch {
    // Not a point of this curve: the caller refuses the certificate.
    return false;
  }
}

/** ECDSA without the platform's help; `signature` is a strict one. */
export function verifyEcdsaPortable(
  { curve, point }: Pick<EcdsaKey, 'curve' | 'point'>,
  message: Uint8Array,
  { signature, hash }: { signature: Uint8Array; hash: EcdsaHash },
): boolean {
  try {
    const options = { prehash: false, format: 'der', lowS: false } as const;
    return curves[curve].verify(signature, hashes[hash](message), point, options);
  } catch {
    // Not a signature: the same answer as a wrong one.
    return false;
  }
}
