import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  sign as signBytes,
} from 'node:crypto';
import { CryptoError } from '../../crypto/errors.ts';
import { agreementKeyOf } from '../../crypto/hpke.ts';
import type { AgreementKey, KeyStore, SigningPurpose } from '../../crypto/key-store.ts';
import { newSecret } from '../../lib/ids.ts';
import type { KeyFileSecrets } from './key-file-format.ts';

type SigningKey = { privateKey: KeyObject; publicKey: Uint8Array };

const ivLength = 12;
const tagLength = 16;
const tokenLength = 16;
// RFC 8410 §7: PrivateKeyInfo of Ed25519 (1.3.101.112) and X25519 (1.3.101.110) up to the 32 bytes of the key.
const ed25519Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const x25519Prefix = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** A key store whose secrets are in this process' memory. */
export function keyStoreOf(secrets: KeyFileSecrets): KeyStore {
  const masterKey = createSecretKey(Buffer.from(secrets.masterKey, 'hex'));
  const tokenKey = createSecretKey(Buffer.from(secrets.tokenKey, 'hex'));
  const signingKeys: Record<SigningPurpose, SigningKey> = {
    log: signingKey(secrets.logSeed),
    message: signingKey(secrets.messageSeed),
    receipt: signingKey(secrets.receiptSeed),
  };
  const agreement = agreementKey(secrets.agreementSeed);
  const { voprfKey } = secrets;
  return {
    wrapKey: (key, context) => wrap(masterKey, key, context),
    unwrapKey: (wrapped, context) => unwrap(masterKey, wrapped, context),
    token: (domain, value) =>
      createHmac('sha256', tokenKey)
        .update(`medseal/token/v1\n${domain}\n${value}`)
        .digest()
        .subarray(0, tokenLength),
    sign: (purpose, bytes) => signBytes(null, bytes, signingKeys[purpose].privateKey),
    publicKey: (purpose) => signingKeys[purpose].publicKey,
    agreementKey: () => agreement,
    ...(voprfKey === undefined ? {} : { voprfKey: () => Buffer.from(voprfKey, 'hex') }),
  };
}

function wrap(masterKey: KeyObject, key: Uint8Array, context: string): Uint8Array {
  const iv = newSecret(ivLength);
  const cipher = createCipheriv('aes-256-gcm', masterKey, iv);
  cipher.setAAD(Buffer.from(`medseal/wrapped-key/v1\n${context}`, 'utf8'));
  return Buffer.concat([iv, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
}

function unwrap(masterKey: KeyObject, wrapped: Uint8Array, context: string): Uint8Array {
  try {
    const iv = wrapped.subarray(0, ivLength);
    const decipher = createDecipheriv('aes-256-gcm', masterKey, iv, { authTagLength: tagLength });
    decipher.setAAD(Buffer.from(`medseal/wrapped-key/v1\n${context}`, 'utf8'));
    decipher.setAuthTag(wrapped.subarray(wrapped.length - tagLength));
    const key = decipher.update(wrapped.subarray(ivLength, wrapped.length - tagLength));
    decipher.final();
    return key;
  } catch (cause) {
    throw new CryptoError('SEAL_REFUSED', { cause });
  }
}

function signingKey(seed: string): SigningKey {
  const privateKey = privateKeyOf(ed25519Prefix, seed);
  return { privateKey, publicKey: rawPublicKey(privateKey) };
}

function agreementKey(seed: string): AgreementKey {
  const privateKey = privateKeyOf(x25519Prefix, seed);
  return agreementKeyOf({ privateKey, publicKey: createPublicKey(privateKey) });
}

function privateKeyOf(prefix: Uint8Array, seed: string): KeyObject {
  const key = Buffer.concat([prefix, Buffer.from(seed, 'hex')]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

/** The last 32 bytes of a SubjectPublicKeyInfo (RFC 8410 §4). */
function rawPublicKey(privateKey: KeyObject): Uint8Array {
  return createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
}
