import { createPrivateKey, type KeyObject } from 'node:crypto';
import { CryptoError } from './errors.ts';
import { type HpkeInput, openBase, sealBase, x25519Key } from './hpke.ts';
import type { AgreementKey } from './key-store.ts';

/** What a sealed reply belongs to; sealed bytes open under exactly the same values only. */
export type SealBinding = {
  requestDigest: Uint8Array;
  sourceOrganizationId: string;
  requesterOrganizationId: string;
  purpose: string;
};

// RFC 8410 §7: PrivateKeyInfo of X25519 up to the 32 bytes of the key.
const x25519Prefix = Buffer.from('302e020100300506032b656e04220420', 'hex');
// Making a key of its bytes costs as much as the agreement itself, and a node has one.
const own = new WeakMap<AgreementKey, KeyObject>();

/** Seals bytes to one organisation's registered key (HPKE base mode, one message): encapsulated key ‖ ciphertext. */
export function sealFor(publicKey: Uint8Array, bytes: Uint8Array, binding: SealBinding): Uint8Array {
  try {
    return sealBase({ key: x25519Key(publicKey), raw: publicKey }, bytes, inputOf(binding));
  } catch (cause) {
    throw new CryptoError('SEAL_REFUSED', { cause });
  }
}

/** Opens what `sealFor` made for this key and this binding; anything else is one indistinguishable SEAL_REFUSED. */
export function openFrom(key: AgreementKey, sealed: Uint8Array, binding: SealBinding): Uint8Array {
  try {
    return openBase({ ...key, privateKey: privateKeyOf(key) }, sealed, inputOf(binding));
  } catch (cause) {
    throw new CryptoError('SEAL_REFUSED', { cause });
  }
}

function privateKeyOf(agreementKey: AgreementKey): KeyObject {
  const known = own.get(agreementKey);
  if (known !== undefined) return known;
  const key = createPrivateKey({
    key: Buffer.concat([x25519Prefix, agreementKey.privateKey]),
    format: 'der',
    type: 'pkcs8',
  });
  own.set(agreementKey, key);
  return key;
}

function inputOf({
  requestDigest,
  sourceOrganizationId,
  requesterOrganizationId,
  purpose,
}: SealBinding): HpkeInput {
  const parts = JSON.stringify([sourceOrganizationId, requesterOrganizationId, purpose]);
  return { info: Buffer.from(`medseal/exchange-seal/v1\n${parts}`, 'utf8'), aad: requestDigest };
}
