import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';

/** Of one message, which a key pair made for it seals. */
export type HpkeInput = { info: Uint8Array; aad: Uint8Array };
export type HpkeRecipient = { privateKey: KeyObject; publicKey: Uint8Array };

// RFC 9180 §7: DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, AES-256-GCM 0x0002.
const kemSuite = Buffer.from('4b454d0020', 'hex');
const suite = Buffer.from('48504b45002000010002', 'hex');
const keyLength = 32;
const nonceLength = 12;
const encapsulatedLength = 32;
const tagLength = 16;
const baseMode = 0;
const nothing = Buffer.alloc(0);
const version = Buffer.from('HPKE-v1');

/** A raw X25519 public key; throws for what has not its length. As JWK (RFC 8037 §2): DER costs ten times as much. */
export function x25519Key(raw: Uint8Array): KeyObject {
  const x = Buffer.from(raw).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
}

/**
 * HPKE in base mode, one message (RFC 9180 §6.1): encapsulated key ‖ ciphertext ‖ tag. Throws where the key gives no
 * shared secret (§7.1.4: a point of small order).
 */
export function sealBase(
  recipient: { key: KeyObject; raw: Uint8Array },
  bytes: Uint8Array,
  { info, aad }: HpkeInput,
): Uint8Array {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  const encapsulated = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const secret = diffieHellman({ privateKey, publicKey: recipient.key });
  const { key, nonce } = schedule(secret, Buffer.concat([encapsulated, recipient.raw]), info);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(aad);
  return Buffer.concat([encapsulated, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

/** Opens `sealBase`; throws for everything that is not exactly what was sealed for this key. */
export function openBase(
  { privateKey, publicKey }: HpkeRecipient,
  sealed: Uint8Array,
  { info, aad }: HpkeInput,
): Uint8Array {
  if (sealed.length < encapsulatedLength + tagLength) throw new RangeError('too short');
  const encapsulated = sealed.subarray(0, encapsulatedLength);
  const secret = diffieHellman({ privateKey, publicKey: x25519Key(encapsulated) });
  const { key, nonce } = schedule(secret, Buffer.concat([encapsulated, publicKey]), info);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength });
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(-tagLength));
  const opened = decipher.update(sealed.subarray(encapsulatedLength, -tagLength));
  decipher.final();
  return opened;
}

const noPskHash = extract(suite, nothing, ['psk_id_hash', nothing]);

/** ExtractAndExpand (§4.1) and KeySchedule of base mode (§5.1), for the first message. */
function schedule(
  secret: Uint8Array,
  kemContext: Uint8Array,
  info: Uint8Array,
): { key: Uint8Array; nonce: Uint8Array } {
  const extracted = extract(kemSuite, nothing, ['eae_prk', secret]);
  const shared = expand(kemSuite, extracted, ['shared_secret', kemContext, 32]);
  const context = Buffer.concat([
    Buffer.of(baseMode),
    noPskHash,
    extract(suite, nothing, ['info_hash', info]),
  ]);
  const scheduled = extract(suite, shared, ['secret', nothing]);
  return {
    key: expand(suite, scheduled, ['key', context, keyLength]),
    nonce: expand(suite, scheduled, ['base_nonce', context, nonceLength]),
  };
}

/** LabeledExtract (§4). */
function extract(suiteId: Uint8Array, salt: Uint8Array, [label, bytes]: [string, Uint8Array]): Uint8Array {
  return createHmac('sha256', salt).update(version).update(suiteId).update(label).update(bytes).digest();
}

/** LabeledExpand (§4) of at most one block. */
function expand(
  suiteId: Uint8Array,
  key: Uint8Array,
  [label, context, length]: [string, Uint8Array, number],
): Uint8Array {
  const hmac = createHmac('sha256', key).update(Buffer.of(0, length)).update(version).update(suiteId);
  return hmac.update(label).update(context).update(Buffer.of(1)).digest().subarray(0, length);
}
