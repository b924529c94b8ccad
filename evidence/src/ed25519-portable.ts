import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concat, hex } from './bytes.ts';

const { Point } = ed25519;

/** Ed25519 as `verifyEd25519` describes it, without the platform's help. */
export function verifyEd25519Portable(
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  try {
    const scalar = scalarOf(signature.subarray(32));
    if (scalar >= Point.Fn.ORDER) return false;
    const key = Point.fromBytes(publicKey);
    if (key.isSmallOrder()) return false;
    const nonce = Point.fromBytes(signature.subarray(0, 32));
    const challenge =
      scalarOf(sha512(concat(signature.subarray(0, 32), publicKey, message))) % Point.Fn.ORDER;
    const expected = nonce.add(multiple(key, challenge));
    return multiple(Point.BASE, scalar).equals(expected);
  } catch {
    // Not a point or not a scalar: the same answer as a wrong signature.
    return false;
  }
}

function multiple(point: typeof Point.BASE, scalar: bigint): typeof Point.BASE {
  return scalar === 0n ? Point.ZERO : point.multiplyUnsafe(scalar);
}

function scalarOf(littleEndian: Uint8Array): bigint {
  return BigInt(`0x${hex(Uint8Array.from(littleEndian).reverse())}`);
}
