import {
  createHmac,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { decryptGcm, encryptGcm } from './cipher.ts';
import { CryptoError } from './errors.ts';
import type { AgreementKey } from './key-store.ts';

type KeyPair = { privateKey: KeyObject; publicKey: KeyObject };
/** What both sides of one sealed message know: `info` is bound to its keys, `aad` to the message (RFC 9180 §5.1, §5.2). */
export type HpkeContext = { info: Uint8Array; aad: Uint8Array };

// RFC 9180 §7: DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, AES-256-GCM 0x0002.
const kemSuite = Buffer.concat([Buffer.from('KEM'), Buffer.of(0x00, 0x20)]);
const suite = Buffer.concat([Buffer.from('HPKE'), Buffer.of(0x00, 0x20, 0x00, 0x01, 0x00, 0x02)]);
const version = Buffer.from('HPKE-v1');
const empty = Buffer.alloc(0);
const baseMode = Buffer.of(0x00);
const hashLength = 32;
const keyLength = 32;
const nonceLength = 12;
/** Nenc and the key length of X25519 (§7.1). */
const encapsulatedLength = 32;
// RFC 8410 §4: SubjectPublicKeyInfo of X25519 (1.3.101.110) up to the 32 bytes of the key.
const spkiPrefix = Buffer.from('302a300506032b656e032100', 'hex');

/**
 * Seals one message to an X25519 key (HPKE base mode, RFC 9180 §6.1): encapsulated key ‖ ciphertext ‖ tag of 16 bytes.
 * Throws for a key that is none, or one of small order (§7.1.4).
 */
export function sealBase(recipient: Uint8Array, bytes: Uint8Array, context: HpkeContext): Uint8Array {
  const ephemeral = generateKeyPairSync('x25519');
  return sealWith(ephemeral, { recipient, bytes, ...context });
}

/** The same under a given ephemeral key pair, which nothing else may ever be sealed with: for test vectors. */
export function sealWith(
  ephemeral: KeyPair,
  { recipient, bytes, info, aad }: HpkeContext & { recipient: Uint8Array; bytes: Uint8Array },
): Uint8Array {
  const encapsulated = rawPublicKey(ephemeral.publicKey);
  const dh = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: x25519PublicKey(recipient) });
  const keys = keySchedule(sharedSecret(dh, Buffer.concat([encapsulated, recipient])), info);
  return Buffer.concat([encapsulated, encryptGcm(bytes, { ...keys, aad })]);
}

/** Opens what `sealBase` made for this key and this context; anything else throws. */
export function openBase(
  recipient: AgreementKey,
  sealed: Uint8Array,
  { info, aad }: HpkeContext,
): Uint8Array {
  const encapsulated = sealed.subarray(0, encapsulatedLength);
  const dh = recipient.agree(encapsulated);
  const keys = keySchedule(sharedSecret(dh, Buffer.concat([encapsulated, recipient.publicKey])), info);
  return decryptGcm(sealed.subarray(encapsulatedLength), { ...keys, aad });
}

/** An X25519 key pair as a key store hands it out: the private half stays inside. */
export function agreementKeyOf({ privateKey, publicKey }: KeyPair): AgreementKey {
  return {
    publicKey: rawPublicKey(publicKey),
    agree: (other) => diffieHellman({ privateKey, publicKey: x25519PublicKey(other) }),
  };
}

/** The last 32 bytes of a SubjectPublicKeyInfo (RFC 8410 §4). */
function rawPublicKey(publicKey: KeyObject): Uint8Array {
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(-encapsulatedLength);
}

/** A raw X25519 public key of 32 bytes; throws for any other length. */
export function x25519PublicKey(raw: Uint8Array): KeyObject {
  if (raw.length !== encapsulatedLength) throw new CryptoError('SEAL_REFUSED');
  return createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' });
}

/** §4.1 ExtractAndExpand. */
function sharedSecret(dh: Uint8Array, kemContext: Uint8Array): Buffer {
  const prk = labeledExtract(kemSuite, { salt: empty, label: 'eae_prk', ikm: dh });
  return labeledExpand(kemSuite, { prk, label: 'shared_secret', info: kemContext, length: hashLength });
}

/** §5.1 KeySchedule in base mode, without pre-shared key; the nonce of the first message is the base nonce (§5.2). */
function keySchedule(secretShared: Buffer, info: Uint8Array): { key: KeyObject; iv: Buffer } {
  const infoHash = labeledExtract(suite, { salt: empty, label: 'info_hash', ikm: info });
  const context = Buffer.concat([baseMode, pskIdHash, infoHash]);
  const prk = labeledExtract(suite, { salt: secretShared, label: 'secret', ikm: empty });
  return {
    key: createSecretKey(labeledExpand(suite, { prk, label: 'key', info: context, length: keyLength })),
    iv: labeledExpand(suite, { prk, label: 'base_nonce', info: context, length: nonceLength }),
  };
}

/** §4 LabeledExtract over HKDF-Extract (RFC 5869 §2.2). */
function labeledExtract(
  suiteId: Buffer,
  { salt, label, ikm }: { salt: Buffer; label: string; ikm: Uint8Array },
): Buffer {
  return createHmac('sha256', salt)
    .update(Buffer.concat([version, suiteId, Buffer.from(label), ikm]))
    .digest();
}

/** §4 LabeledExpand over HKDF-Expand (RFC 5869 §2.3), which is one block for all that is derived here. */
function labeledExpand(
  suiteId: Buffer,
  { prk, label, info, length }: { prk: Buffer; label: string; info: Uint8Array; length: number },
): Buffer {
  const labeled = [
    Buffer.of(length >> 8, length & 0xff),
    version,
    suiteId,
    Buffer.from(label),
    info,
    Buffer.of(1),
  ];
  return createHmac('sha256', prk).update(Buffer.concat(labeled)).digest().subarray(0, length);
}

const pskIdHash = labeledExtract(suite, { salt: empty, label: 'psk_id_hash', ikm: empty });
