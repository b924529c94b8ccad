import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AgreementKey } from './key-store.ts';
import { openFrom, type SealBinding, sealFor } from './recipient.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
const window = (buffer: Buffer): ArrayBuffer => new Uint8Array(buffer).buffer;

function agreementKey(): AgreementKey {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  return {
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32),
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
  };
}

/** RFC 9180 base mode written a second time on node:crypto, so that two implementations must agree. */
function baseModeKeys({
  privateKey,
  enc,
  publicKey,
  info,
  aeadId,
}: {
  privateKey: Buffer;
  enc: Buffer;
  publicKey: Buffer;
  info: Buffer;
  aeadId: number;
}) {
  const keyLength = aeadId === 1 ? 16 : 32;
  const kemSuite = Buffer.concat([Buffer.from('KEM'), bytes('0020')]);
  const hpkeSuite = Buffer.concat([Buffer.from('HPKE'), bytes('00200001'), bytes(`000${aeadId}`)]);
  const hmac = (key: Buffer, data: Buffer) => createHmac('sha256', key).update(data).digest();
  const extract = (suite: Buffer, salt: Buffer, label: string, ikm: Buffer) =>
    hmac(salt, Buffer.concat([Buffer.from('HPKE-v1'), suite, Buffer.from(label), ikm]));
  const expand = (key: Buffer, label: string, context: Buffer, length: number) => {
    const suite = label === 'shared_secret' ? kemSuite : hpkeSuite;
    const prefix = Buffer.from([length >> 8, length & 255]);
    return hmac(
      key,
      Buffer.concat([prefix, Buffer.from('HPKE-v1'), suite, Buffer.from(label), context, Buffer.of(1)]),
    ).subarray(0, length);
  };
  const dh = diffieHellman({ privateKey: x25519Private(privateKey), publicKey: x25519Public(enc) });
  const eaePrk = extract(kemSuite, Buffer.alloc(0), 'eae_prk', dh);
  const shared = expand(eaePrk, 'shared_secret', Buffer.concat([enc, publicKey]), 32);
  const context = Buffer.concat([
    Buffer.of(0),
    extract(hpkeSuite, Buffer.alloc(0), 'psk_id_hash', Buffer.alloc(0)),
    extract(hpkeSuite, Buffer.alloc(0), 'info_hash', info),
  ]);
  const secret = extract(hpkeSuite, shared, 'secret', Buffer.alloc(0));
  return {
    shared,
    key: expand(secret, 'key', context, keyLength),
    baseNonce: expand(secret, 'base_nonce', context, 12),
  };
}

function x25519Private(raw: Buffer): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([bytes('302e020100300506032b656e04220420'), raw]),
    format: 'der',
    type: 'pkcs8',
  });
}

function x25519Public(raw: Buffer): KeyObject {
  return createPublicKey({
    key: Buffer.concat([bytes('302a300506032b656e032100'), raw]),
    format: 'der',
    type: 'spki',
  });
}

const binding: SealBinding = {
  requestDigest: Buffer.alloc(32, 5),
  sourceOrganizationId: 'hospital-a',
  requesterOrganizationId: 'hospital-b',
  purpose: 'TREAT',
};
const recipient = agreementKey();

describe('RFC 9180 appendix A.1.1', () => {
  const vector = {
    info: bytes('4f6465206f6e2061204772656369616e2055726e'),
    ikmE: bytes('7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234'),
    enc: bytes('37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431'),
    privateKey: bytes('4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8'),
    publicKey: bytes('3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d'),
    shared: 'fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc',
    key: '4531685d41d65f03dc48f6b8302c05b0',
    baseNonce: '56d890e5accaaf011cff4b7d',
    plaintext: bytes('4265617574792069732074727574682c20747275746820626561757479'),
    aad: bytes('436f756e742d30'),
    ciphertext: 'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
  };

  it('is what the library seals', async () => {
    const suite = new CipherSuite({
      kem: new DhkemX25519HkdfSha256(),
      kdf: new HkdfSha256(),
      aead: new Aes128Gcm(),
    });
    const sender = await suite.createSenderContext({
      recipientPublicKey: await suite.kem.importKey('raw', window(vector.publicKey), true),
      info: window(vector.info),
      ekm: await suite.kem.deriveKeyPair(window(vector.ikmE)),
    });

    expect(Buffer.from(sender.enc)).toEqual(vector.enc);
    const sealed = await sender.seal(window(vector.plaintext), window(vector.aad));
    expect(Buffer.from(sealed).toString('hex')).toBe(vector.ciphertext);
  });

  it('is what the second implementation of this test derives', () => {
    const { shared, key, baseNonce } = baseModeKeys({ ...vector, aeadId: 1 });

    expect(shared.toString('hex')).toBe(vector.shared);
    expect(key.toString('hex')).toBe(vector.key);
    expect(baseNonce.toString('hex')).toBe(vector.baseNonce);
  });
});

describe('a sealed reply', () => {
  const info = Buffer.from('medseal/exchange-seal/v1\n["hospital-a","hospital-b","TREAT"]');

  it('opens with its key and its binding', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), async (plain) => {
        const sealed = await sealFor(recipient.publicKey, plain, binding);
        const opened = await openFrom(recipient, sealed, binding);

        expect(sealed.length).toBe(plain.length + 48);
        expect(Buffer.from(opened).equals(plain)).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  it('is HPKE with AES-256-GCM, info and associated data as the format says', async () => {
    const sealed = Buffer.from(await sealFor(recipient.publicKey, Buffer.from('records'), binding));
    const { key, baseNonce } = baseModeKeys({
      privateKey: Buffer.from(recipient.privateKey),
      publicKey: Buffer.from(recipient.publicKey),
      enc: sealed.subarray(0, 32),
      info,
      aeadId: 2,
    });

    const decipher = createDecipheriv('aes-256-gcm', key, baseNonce);
    decipher.setAAD(binding.requestDigest);
    decipher.setAuthTag(sealed.subarray(-16));
    const opened = Buffer.concat([decipher.update(sealed.subarray(32, -16)), decipher.final()]);
    expect(opened.toString()).toBe('records');
  });

  it('of another implementation opens', async () => {
    const ephemeral = agreementKey();
    // X25519 is symmetric: the recipient's derivation gives the keys that the sender's would.
    const { key, baseNonce } = baseModeKeys({
      privateKey: Buffer.from(recipient.privateKey),
      publicKey: Buffer.from(recipient.publicKey),
      enc: Buffer.from(ephemeral.publicKey),
      info,
      aeadId: 2,
    });
    const cipher = createCipheriv('aes-256-gcm', key, baseNonce);
    cipher.setAAD(binding.requestDigest);
    const sealed = Buffer.concat([
      ephemeral.publicKey,
      cipher.update('records'),
      cipher.final(),
      cipher.getAuthTag(),
    ]);

    expect(Buffer.from(await openFrom(recipient, sealed, binding)).toString()).toBe('records');
  });

  it.each([
    ['another request', { requestDigest: Buffer.alloc(32, 6) }],
    ['another source', { sourceOrganizationId: 'hospital-c' }],
    ['another requester', { requesterOrganizationId: 'hospital-c' }],
    ['another purpose', { purpose: 'HRESCH' }],
  ])('is refused for %s', async (_, change) => {
    const sealed = await sealFor(recipient.publicKey, Buffer.from('records'), binding);

    await expect(openFrom(recipient, sealed, { ...binding, ...change })).rejects.toMatchObject({
      code: 'SEAL_REFUSED',
    });
  });

  it('is refused for another recipient, cut short, or with any bit flipped, always with the same error', async () => {
    const sealed = Buffer.from(await sealFor(recipient.publicKey, Buffer.from('records'), binding));

    await expect(openFrom(agreementKey(), sealed, binding)).rejects.toMatchObject({ code: 'SEAL_REFUSED' });
    for (const length of [0, 31, 47, sealed.length - 1]) {
      await expect(openFrom(recipient, sealed.subarray(0, length), binding)).rejects.toMatchObject({
        code: 'SEAL_REFUSED',
        message: 'SEAL_REFUSED',
      });
    }
    for (let at = 0; at < sealed.length; at += 1) {
      const flipped = Buffer.from(sealed);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      await expect(openFrom(recipient, flipped, binding)).rejects.toMatchObject({ code: 'SEAL_REFUSED' });
    }
  });

  it.each([
    ['zero', Buffer.alloc(32)],
    ['of small order', bytes('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800')],
    ['short', Buffer.alloc(31, 1)],
  ])('is not made for a key that is %s', async (_, key) => {
    await expect(sealFor(key, Buffer.from('x'), binding)).rejects.toMatchObject({ code: 'SEAL_REFUSED' });
  });
});
