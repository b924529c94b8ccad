import { type KeyObject, sign } from 'node:crypto';
import { p256, p384, p521 } from '@noble/curves/nist.js';

const curves = new Map([
  ['prime256v1', p256],
  ['secp384r1', p384],
  ['secp521r1', p521],
]);

export type LedgerSigner = (message: Uint8Array) => Promise<Uint8Array>;

/**
 * Signs as Fabric's peers judge it (fabric/msp/identities.go): with ECDSA SHA-256 on every curve, s in the lower half; with
 * Ed25519, which a channel must have the capability V3_0 for, the message itself. Undefined for a key of another kind.
 */
export function ledgerSigner(key: KeyObject): LedgerSigner | undefined {
  if (key.asymmetricKeyType === 'ed25519') return async (message) => sign(null, message, key);
  const curve = curves.get(key.asymmetricKeyDetails?.namedCurve ?? '');
  if (curve === undefined) return undefined;
  return async (message) => {
    const signature = curve.Signature.fromBytes(
      sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' }),
      'compact',
    );
    const low = signature.hasHighS()
      ? new curve.Signature(signature.r, curve.Point.Fn.neg(signature.s))
      : signature;
    return low.toBytes('der');
  };
}
