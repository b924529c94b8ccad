import { p256 } from '@noble/curves/nist.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';

/** Whether the 65 bytes are an uncompressed point of the curve. */
export function isP256Point(point: Uint8Array): boolean {
  try {
    p256.Point.fromBytes(point).assertValidity();
    return true;
  } catch {
    // Not a point of this curve: the caller refuses the certificate.
    return false;
  }
}

/** ECDSA with SHA-256 without the platform's help; `signature` is a strict one. */
export function verifyP256Portable(point: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const options = { prehash: false, format: 'der', lowS: false } as const;
    return p256.verify(signature, nobleSha256(message), point, options);
  } catch {
    // Not a signature: the same answer as a wrong one.
    return false;
  }
}
