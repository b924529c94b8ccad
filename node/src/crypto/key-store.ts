/** What one Ed25519 key signs; a signature of one purpose never passes for another. */
export type SigningPurpose = 'log' | 'message' | 'receipt';

/** The X25519 key for HPKE (RFC 9180): its raw public half, and the shared secret (RFC 7748 §6.1) with another raw public key. */
export type AgreementKey = {
  publicKey: Uint8Array;
  /** Throws for what is no key, and for one of small order. */
  agree(other: Uint8Array): Uint8Array;
};

/** The node's keys. Secret bytes stay behind this port, but for the one key whose protocol needs it raw. */
export type KeyStore = {
  /** Seals a key under the master key; `context` must be the same when it is unwrapped. */
  wrapKey(key: Uint8Array, context: string): Uint8Array;
  /** Throws CryptoError SEAL_REFUSED for any other context, master key or altered byte. */
  unwrapKey(wrapped: Uint8Array, context: string): Uint8Array;
  /** 16-byte keyed hash for look-ups; the same value in two domains gives unrelated tokens. */
  token(domain: string, value: string): Uint8Array;
  /** Ed25519 signature (RFC 8032) under the key of `purpose`. */
  sign(purpose: SigningPurpose, bytes: Uint8Array): Uint8Array;
  /** Raw 32-byte Ed25519 public key. */
  publicKey(purpose: SigningPurpose): Uint8Array;
  agreementKey(): AgreementKey;
  /** Secret scalar of the alliance's pseudonym function (RFC 9497); only in the regulator's key file. */
  voprfKey?(): Uint8Array;
};
