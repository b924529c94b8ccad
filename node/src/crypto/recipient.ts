import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { CryptoError } from './errors.ts';
import type { AgreementKey } from './key-store.ts';

/** What a sealed reply belongs to; sealed bytes open under exactly the same values only. */
export type SealBinding = {
  requestDigest: Uint8Array;
  sourceOrganizationId: string;
  requesterOrganizationId: string;
  purpose: string;
};

// RFC 9180 §7: DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, AES-256-GCM 0x0002; base mode.
const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});
const encapsulatedLength = 32;
const tagLength = 16;

/** Seals bytes to one organisation's registered key (HPKE base mode, one message): encapsulated key ‖ ciphertext. */
export async function sealFor(
  publicKey: Uint8Array,
  bytes: Uint8Array,
  binding: SealBinding,
): Promise<Uint8Array> {
  try {
    const recipientPublicKey = await suite.kem.importKey('raw', exactBuffer(publicKey), true);
    const sender = await suite.createSenderContext({ recipientPublicKey, info: infoOf(binding) });
    const sealed = await sender.seal(exactBuffer(bytes), exactBuffer(binding.requestDigest));
    return Buffer.concat([Buffer.from(sender.enc), Buffer.from(sealed)]);
  } catch (cause) {
    throw new CryptoError('SEAL_REFUSED', { cause });
  }
}

/** Opens what `sealFor` made for this key and this binding; anything else is one indistinguishable SEAL_REFUSED. */
export async function openFrom(
  { privateKey }: AgreementKey,
  sealed: Uint8Array,
  binding: SealBinding,
): Promise<Uint8Array> {
  try {
    if (sealed.length < encapsulatedLength + tagLength) throw new RangeError('too short');
    const recipientKey = await suite.kem.importKey('raw', exactBuffer(privateKey), false);
    const recipient = await suite.createRecipientContext({
      recipientKey,
      enc: exactBuffer(sealed.subarray(0, encapsulatedLength)),
      info: infoOf(binding),
    });
    const ciphertext = exactBuffer(sealed.subarray(encapsulatedLength));
    return new Uint8Array(await recipient.open(ciphertext, exactBuffer(binding.requestDigest)));
  } catch (cause) {
    throw new CryptoError('SEAL_REFUSED', { cause });
  }
}

function infoOf({ sourceOrganizationId, requesterOrganizationId, purpose }: SealBinding): ArrayBuffer {
  const parts = JSON.stringify([sourceOrganizationId, requesterOrganizationId, purpose]);
  return exactBuffer(Buffer.from(`medseal/exchange-seal/v1\n${parts}`, 'utf8'));
}

/** A copy of its own: a Buffer may be a window on a pool that others share. */
function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}
