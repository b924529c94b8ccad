import { type KeyObject, sign } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';

/** Signs with ECDSA P-256 and SHA-256 natively; s in the lower half, since Fabric refuses the other. */
export function lowSSigner(key: KeyObject): (message: Uint8Array) => Promise<Uint8Array> {
  return async (message) => {
    const signature = p256.Signature.fromBytes(
      sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' }),
      'compact',
    );
    const low = signature.hasHighS()
      ? new p256.Signature(signature.r, p256.Point.Fn.neg(signature.s))
      : signature;
    return low.toBytes('der');
  };
}
