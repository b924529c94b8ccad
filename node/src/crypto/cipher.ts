import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { CryptoError } from './errors.ts';

const tagLength = 16;

export type GcmInput = { key: KeyObject; iv: Uint8Array; aad: Uint8Array };

/** AES-256-GCM (NIST SP 800-38D), tag of 16 bytes appended. */
export function encryptGcm(bytes: Uint8Array, { key, iv, aad }: GcmInput): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(aad);
  return Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

/** Opens `encryptGcm`; everything that is wrong is the same SEAL_REFUSED. */
export function decryptGcm(sealed: Uint8Array, { key, iv, aad }: GcmInput): Uint8Array {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength });
    decipher.setAAD(aad);
    decipher.setAuthTag(sealed.subarray(sealed.length - tagLength));
    const opened = decipher.update(sealed.subarray(0, sealed.length - tagLength));
    decipher.final();
    return opened;
  } catch (cause) {
    throw new CryptoError('SEAL_REFUSED', { cause });
  }
}

const keyWrapIv = Buffer.from('a6a6a6a6a6a6a6a6', 'hex');

/** AES-256 key wrap (RFC 3394 §2.2.1): 32 bytes become 40. */
export function wrapContentKey(contentKey: Uint8Array, wrappingKey: KeyObject): Uint8Array {
  const cipher = createCipheriv('aes256-wrap', wrappingKey, keyWrapIv);
  return Buffer.concat([cipher.update(contentKey), cipher.final()]);
}

/** RFC 3394 §2.2.2; everything that is wrong is SEAL_REFUSED. */
export function unwrapContentKey(wrapped: Uint8Array, wrappingKey: KeyObject): Uint8Array {
  if (wrapped.length !== 40) throw new CryptoError('SEAL_REFUSED');
  try {
    const decipher = createDecipheriv('aes256-wrap', wrappingKey, keyWrapIv);
    return Buffer.concat([decipher.update(wrapped), decipher.final()]);
  } catch (cause) {
    throw new CryptoError('SEAL_REFUSED', { cause });
  }
}
