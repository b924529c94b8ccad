import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { newSecret } from '../lib/ids.ts';
import { decryptGcm, encryptGcm, unwrapContentKey, wrapContentKey } from './cipher.ts';
import { CryptoError } from './errors.ts';
import { pack, unpack } from './packing.ts';

/** Where a sealed version belongs; bound to the ciphertext, so that no row passes for another. */
export type RecordAddress = { tenant: string; type: string; id: string; version: number };
/** The keys of one patient (or of the node's directory), derived from the key that erasure destroys. */
export type SealingKey = { wrapping: KeyObject; index: KeyObject };
export type SealedRecord = { wrappedKey: Uint8Array; body: Uint8Array };
/** Where a sealed index belongs: the record's keyed-hash token stands for its type and id. */
export type IndexAddress = { tenant: string; idToken: Uint8Array; version: number };

const ivLength = 12;
// A content key seals one body, once; so the IV may be constant (NIST SP 800-38D §8.2.1).
const bodyIv = Buffer.alloc(ivLength);
// A search opens hundreds of indices: inflating each would cost more than the bytes saved.
const indexDeflateFrom = 2048;

/**
 * Seals one version of a record under a content key of its own. `leafSalt` salts its commitment in the log and dies
 * with the patient's key. Byte recipe: docs/formats/sealed-record.md.
 */
export function sealRecord(
  text: string,
  { key, address }: { key: SealingKey; address: RecordAddress },
): { sealed: SealedRecord; leafSalt: Uint8Array } {
  const contentKey = newSecret(32);
  const content = createSecretKey(contentKey);
  const body = encryptGcm(pack(text), { key: content, iv: bodyIv, aad: bodyAad(address) });
  return {
    sealed: { wrappedKey: wrapContentKey(contentKey, key.wrapping), body },
    leafSalt: leafSaltOf(content),
  };
}

/**
 * Opens `sealRecord`. Any other key, address or altered byte is one indistinguishable SEAL_REFUSED. The salt is derived
 * when it is asked for.
 */
export function openRecord(
  sealed: SealedRecord,
  { key, address }: { key: SealingKey; address: RecordAddress },
): { text: string; readonly leafSalt: Uint8Array } {
  const content = createSecretKey(unwrapContentKey(sealed.wrappedKey, key.wrapping));
  const packed = decryptGcm(sealed.body, { key: content, iv: bodyIv, aad: bodyAad(address) });
  return {
    text: unpackSealed(packed),
    get leafSalt() {
      return leafSaltOf(content);
    },
  };
}

/** Seals the small searchable part of a record, so that a search opens it without touching the body. */
export function sealIndex(
  text: string,
  { key, address }: { key: SealingKey; address: IndexAddress },
): Uint8Array {
  const iv = newSecret(ivLength);
  const sealed = encryptGcm(pack(text, indexDeflateFrom), { key: key.index, iv, aad: indexAad(address) });
  return Buffer.concat([iv, sealed]);
}

/** Opens `sealIndex`. Any other key, address or altered byte is one indistinguishable SEAL_REFUSED. */
export function openIndex(
  sealed: Uint8Array,
  { key, address }: { key: SealingKey; address: IndexAddress },
): string {
  const iv = sealed.subarray(0, ivLength);
  const packed = decryptGcm(sealed.subarray(ivLength), { key: key.index, iv, aad: indexAad(address) });
  return unpackSealed(packed);
}

/** Derives the wrapping and the index key from a patient's key. */
export function sealingKeyOf(patientKey: Uint8Array): SealingKey {
  const key = createSecretKey(patientKey);
  return {
    wrapping: createSecretKey(expand(key, 'medseal/wrapping-key/v1')),
    index: createSecretKey(expand(key, 'medseal/index-key/v1')),
  };
}

function leafSaltOf(content: KeyObject): Uint8Array {
  return expand(content, 'medseal/leaf-salt/v1');
}

/** HKDF-Expand-SHA256 of one block (RFC 5869 §2.3); a random key needs no extraction (§3.3). */
function expand(key: KeyObject, info: string): Buffer {
  return createHmac('sha256', key).update(`${info}\x01`).digest();
}

function bodyAad({ tenant, type, id, version }: RecordAddress): Uint8Array {
  return Buffer.from(`medseal/record-body/v1\n${JSON.stringify([tenant, type, id, version])}`, 'utf8');
}

function indexAad({ tenant, idToken, version }: IndexAddress): Uint8Array {
  const token = Buffer.from(idToken).toString('hex');
  return Buffer.from(`medseal/record-index/v1\n${JSON.stringify([tenant, token, version])}`, 'utf8');
}

function unpackSealed(packed: Uint8Array): string {
  try {
    return unpack(packed);
  } catch (cause) {
    throw new CryptoError('SEAL_REFUSED', { cause });
  }
}
