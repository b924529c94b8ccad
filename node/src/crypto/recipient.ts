import { CryptoError } from './errors.ts';
import { type HpkeContext, openBase, sealBase } from './hpke.ts';
import type { AgreementKey } from './key-store.ts';

/** What a sealed reply belongs to; sealed bytes open under exactly the same values only. */
export type SealBinding = {
  requestDigest: Uint8Array;
  sourceOrganizationId: string;
  requesterOrganizationId: string;
  purpose: string;
};

/** Seals bytes to one organisation's registered key (HPKE base mode, one message): encapsulated key ‖ ciphertext. */
export function sealFor(publicKey: Uint8Array, bytes: Uint8Array, binding: SealBinding): Uint8Array {
  return orRefuse(() => sealBase(publicKey, bytes, contextOf(binding)));
}

/** Opens what `sealFor` made for this key and this binding; anything else is one indistinguishable SEAL_REFUSED. */
export function openFrom(key: AgreementKey, sealed: Uint8Array, binding: SealBinding): Uint8Array {
  return orRefuse(() => openBase(key, sealed, contextOf(binding)));
}

function contextOf(binding: SealBinding): HpkeContext {
  const { requestDigest, sourceOrganizationId, requesterOrganizationId, purpose } = binding;
  const parts = JSON.stringify([sourceOrganizationId, requesterOrganizationId, purpose]);
  return { info: Buffer.from(`medseal/exchange-seal/v1\n${parts}`, 'utf8'), aad: requestDigest };
}

function orRefuse(work: () => Uint8Array): Uint8Array {
  try {
    return work();
  } catch (cause) {
    throw new CryptoError('SEAL_REFUSED', { cause });
  }
}
