import { diffieHellman, type KeyObject } from 'node:crypto';
import { x25519PublicKey } from '../hpke.ts';
import type { AgreementKey } from '../key-store.ts';

/** An X25519 key pair as a key store hands it out. */
export function agreementKeyOf(pair: { privateKey: KeyObject; publicKey: KeyObject }): AgreementKey {
  const { privateKey, publicKey } = pair;
  return {
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
    agree: (other) => diffieHellman({ privateKey, publicKey: x25519PublicKey(other) }),
  };
}
