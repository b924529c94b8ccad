import { createPublicKey, verify as verifySignature } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ristretto255, ristretto255_oprf, x25519 } from '@noble/curves/ed25519.js';
import { afterAll, describe, expect, it } from 'vitest';
import { createKeyFile, openKeyFile } from './file.ts';

const directory = mkdtempSync(join(tmpdir(), 'medseal-keys-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const passphrase = 'correct horse battery';
let files = 0;
function newFile(options: { pseudonymKey?: boolean } = {}) {
  files += 1;
  const path = join(directory, `node-${files}.key`);
  return { path, keyStore: createKeyFile({ path, passphrase, logN: 14, ...options }) };
}

function publicKeyObject(raw: Uint8Array) {
  const prefix = Buffer.from('302a300506032b6570032100', 'hex');
  return createPublicKey({ key: Buffer.concat([prefix, raw]), format: 'der', type: 'spki' });
}

describe('a key file', () => {
  it('opens to the same keys', () => {
    const { path, keyStore } = newFile();
    const opened = openKeyFile({ path, passphrase });

    const wrapped = keyStore.wrapKey(Buffer.alloc(32, 9), 'here');
    expect(opened.unwrapKey(wrapped, 'here')).toEqual(Buffer.alloc(32, 9));
    expect(opened.token('patient', 'p1')).toEqual(keyStore.token('patient', 'p1'));
    expect(opened.publicKey('log')).toEqual(keyStore.publicKey('log'));
    expect(opened.agreementKey().publicKey).toEqual(keyStore.agreementKey().publicKey);
    expect(opened.voprfKey).toBeUndefined();
  });

  it('is readable by its owner only, and leaves nothing beside it', () => {
    const { path } = newFile();

    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(readFileSync(path, 'utf8')).not.toContain('masterKey');
  });

  it('is never replaced', () => {
    const { path } = newFile();
    const before = readFileSync(path);

    expect(() => createKeyFile({ path, passphrase, logN: 14 })).toThrow(
      expect.objectContaining({ code: 'KEY_FILE_EXISTS' }),
    );
    expect(readFileSync(path)).toEqual(before);
  });

  it('refuses a wrong passphrase and any changed character with the same error', () => {
    const { path } = newFile();
    const refused = {
      code: 'KEY_FILE_REFUSED',
      message: 'the key file cannot be opened: wrong passphrase or damaged file',
    };

    expect(() => openKeyFile({ path, passphrase: 'another passphrase' })).toThrow(
      expect.objectContaining(refused),
    );
    const text = readFileSync(path, 'utf8');
    const content = JSON.parse(text);
    const damaged = [
      '',
      text.slice(0, -4),
      JSON.stringify({ ...content, sealed: content.sealed.replace(/^../, '00') }),
      JSON.stringify({ ...content, kdf: { ...content.kdf, logN: 15 } }),
      JSON.stringify({ ...content, kdf: { ...content.kdf, logN: 30 } }),
      JSON.stringify({ ...content, extra: true }),
    ];
    for (const other of damaged) {
      writeFileSync(path, other, { mode: 0o600 });
      expect(() => openKeyFile({ path, passphrase })).toThrow(expect.objectContaining(refused));
    }
  });

  it('is refused when others may read it, and when it is not there', () => {
    const { path } = newFile();
    chmodSync(path, 0o640);

    expect(() => openKeyFile({ path, passphrase })).toThrow(
      expect.objectContaining({ code: 'KEY_FILE_EXPOSED' }),
    );
    expect(() => openKeyFile({ path: `${path}.none`, passphrase })).toThrow(
      expect.objectContaining({ code: 'KEY_FILE_UNREADABLE' }),
    );
  });

  it('is not created under a short passphrase', () => {
    expect(() => createKeyFile({ path: join(directory, 'weak.key'), passphrase: 'short' })).toThrow(
      expect.objectContaining({ code: 'KEY_FILE_PASSPHRASE' }),
    );
  });

  it('signs with a key of its own for each purpose', () => {
    const { keyStore } = newFile();
    const bytes = Buffer.from('message');
    const purposes = ['log', 'message', 'receipt'] as const;

    for (const signer of purposes) {
      for (const verifier of purposes) {
        const key = publicKeyObject(keyStore.publicKey(verifier));
        expect(verifySignature(null, bytes, key, keyStore.sign(signer, bytes))).toBe(signer === verifier);
      }
    }
  });

  it('refuses a wrapped key in another context or with a flipped bit', () => {
    const { keyStore } = newFile();
    const wrapped = keyStore.wrapKey(Buffer.alloc(32), 'here');

    expect(() => keyStore.unwrapKey(wrapped, 'there')).toThrow('SEAL_REFUSED');
    for (let byte = 0; byte < wrapped.length; byte += 1) {
      const damaged = Buffer.from(wrapped);
      damaged[byte] = (damaged[byte] ?? 0) ^ 1;
      expect(() => keyStore.unwrapKey(damaged, 'here')).toThrow('SEAL_REFUSED');
    }
    expect(() => keyStore.unwrapKey(new Uint8Array(), 'here')).toThrow('SEAL_REFUSED');
  });

  it('keeps the domains of tokens apart', () => {
    const { keyStore } = newFile();

    expect(keyStore.token('a', 'b')).not.toEqual(keyStore.token('b', 'a'));
    expect(keyStore.token('a', 'b')).toHaveLength(16);
    expect(newFile().keyStore.token('a', 'b')).not.toEqual(keyStore.token('a', 'b'));
  });

  it('holds an X25519 key whose halves belong together', () => {
    const { publicKey, agree } = newFile().keyStore.agreementKey();
    const other = x25519.keygen();

    const shared = x25519.getSharedSecret(other.secretKey, publicKey);
    expect(Buffer.from(agree(other.publicKey))).toEqual(Buffer.from(shared));
  });

  it('holds the alliance’s pseudonym key only when asked for', () => {
    const { path, keyStore } = newFile({ pseudonymKey: true });
    const secretKey = keyStore.voprfKey?.() ?? new Uint8Array();

    expect(openKeyFile({ path, passphrase }).voprfKey?.()).toEqual(secretKey);
    const scalar = BigInt(`0x${Buffer.from(secretKey).reverse().toString('hex')}`);
    const publicKey = ristretto255.Point.BASE.multiply(scalar).toBytes();
    const { blinded } = ristretto255_oprf.voprf.blind(Buffer.from('an id'));
    expect(() => ristretto255_oprf.voprf.blindEvaluate(secretKey, publicKey, blinded)).not.toThrow();
  });
});
