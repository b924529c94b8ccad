import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import {
  type AeadInterface,
  Aes128Gcm,
  Aes256Gcm,
  CipherSuite,
  DhkemX25519HkdfSha256,
  HkdfSha256,
} from '@hpke/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agreementKeyOf, openBase, sealBase, sealWith, x25519PublicKey } from './hpke.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
const exact = (part: Uint8Array): ArrayBuffer => new Uint8Array(part).buffer;
const suiteWith = (aead: AeadInterface): CipherSuite =>
  new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead });

type KeyPair = { privateKey: KeyObject; publicKey: KeyObject };

function keyPairOf(secret: Uint8Array): KeyPair {
  const prefix = bytes('302e020100300506032b656e04220420'); // RFC 8410 §7
  const key = Buffer.concat([prefix, secret]);
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

type Message = { plain: Uint8Array; info: Uint8Array; aad: Uint8Array };
type LibraryKeyPair = Awaited<ReturnType<CipherSuite['kem']['generateKeyPair']>>;
type LibraryInput = Message & { publicKey: Uint8Array; ephemeral: LibraryKeyPair };

/** What another implementation of RFC 9180 makes of the same input. */
async function sealedByLibrary(suite: CipherSuite, input: LibraryInput): Promise<Buffer> {
  const sender = await suite.createSenderContext({
    recipientPublicKey: await suite.kem.importKey('raw', exact(input.publicKey), true),
    info: exact(input.info),
    ekm: input.ephemeral,
  });
  const sealed = await sender.seal(exact(input.plain), exact(input.aad));
  return Buffer.concat([Buffer.from(sender.enc), Buffer.from(sealed)]);
}

async function libraryKeyPair(
  suite: CipherSuite,
  { privateKey, publicKey }: KeyPair,
): Promise<LibraryKeyPair> {
  const secret = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  const point = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return {
    privateKey: await suite.kem.importKey('raw', exact(secret), false),
    publicKey: await suite.kem.importKey('raw', exact(point), true),
  };
}

const messages = fc.record({
  plain: fc.uint8Array({ maxLength: 300 }),
  info: fc.uint8Array({ maxLength: 80 }),
  aad: fc.uint8Array({ maxLength: 80 }),
});
const secrets = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('the implementation that ours is compared with', () => {
  it('makes what RFC 9180 appendix A.1.1 says', async () => {
    const suite = suiteWith(new Aes128Gcm());
    const sealed = await sealedByLibrary(suite, {
      publicKey: bytes('3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d'),
      ephemeral: await suite.kem.deriveKeyPair(
        exact(bytes('7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234')),
      ),
      info: bytes('4f6465206f6e2061204772656369616e2055726e'),
      plain: bytes('4265617574792069732074727574682c20747275746820626561757479'),
      aad: bytes('436f756e742d30'),
    });

    expect(sealed.toString('hex')).toBe(
      '37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431' +
        'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
    );
  });
});

describe('HPKE in base mode with X25519, HKDF-SHA256 and AES-256-GCM', () => {
  const suite = suiteWith(new Aes256Gcm());

  it('seals, byte for byte, what the other implementation seals', async () => {
    await fc.assert(
      fc.asyncProperty(messages, secrets, secrets, async (message, own, passing) => {
        const recipient = agreementKeyOf(keyPairOf(own));
        const ephemeral = keyPairOf(passing);
        const ours = sealWith(ephemeral, {
          ...message,
          recipient: recipient.publicKey,
          bytes: message.plain,
        });

        const theirs = await sealedByLibrary(suite, {
          ...message,
          publicKey: recipient.publicKey,
          ephemeral: await libraryKeyPair(suite, ephemeral),
        });
        expect(Buffer.from(ours).toString('hex')).toBe(theirs.toString('hex'));
      }),
      { numRuns: 40 },
    );
  });

  it('is opened by the other implementation, and opens what that sealed', async () => {
    await fc.assert(
      fc.asyncProperty(messages, secrets, secrets, async (message, own, passing) => {
        const pair = keyPairOf(own);
        const recipient = agreementKeyOf(pair);
        const { info, aad, plain } = message;

        const sealed = sealBase(recipient.publicKey, plain, { info, aad });
        const theirs = await suite.createRecipientContext({
          recipientKey: (await libraryKeyPair(suite, pair)).privateKey,
          enc: exact(sealed.subarray(0, 32)),
          info: exact(info),
        });
        expect(Buffer.from(await theirs.open(exact(sealed.subarray(32)), exact(aad)))).toEqual(
          Buffer.from(plain),
        );

        const ephemeral = await libraryKeyPair(suite, keyPairOf(passing));
        const back = await sealedByLibrary(suite, { ...message, publicKey: recipient.publicKey, ephemeral });
        expect(Buffer.from(openBase(recipient, back, { info, aad }))).toEqual(Buffer.from(plain));
      }),
      { numRuns: 40 },
    );
  });

  it('uses a new key for every message', () => {
    const { publicKey } = agreementKeyOf(keyPairOf(Buffer.alloc(32, 7)));
    const context = { info: Buffer.of(1), aad: Buffer.of(2) };
    const encapsulated = Array.from({ length: 20 }, () =>
      Buffer.from(sealBase(publicKey, Buffer.of(3), context))
        .subarray(0, 32)
        .toString('hex'),
    );

    expect(new Set(encapsulated).size).toBe(20);
  });

  it('refuses other info and other associated data', () => {
    const recipient = agreementKeyOf(keyPairOf(Buffer.alloc(32, 7)));
    const context = { info: Buffer.of(1), aad: Buffer.of(2) };
    const sealed = sealBase(recipient.publicKey, Buffer.of(3), context);

    expect(() => openBase(recipient, sealed, { ...context, info: Buffer.of(9) })).toThrow('SEAL_REFUSED');
    expect(() => openBase(recipient, sealed, { ...context, aad: Buffer.of(9) })).toThrow('SEAL_REFUSED');
    expect(Buffer.from(openBase(recipient, sealed, context))).toEqual(Buffer.of(3));
  });

  it('takes a public key of 32 bytes and no other', () => {
    for (const length of [0, 31, 33, 64]) expect(() => x25519PublicKey(Buffer.alloc(length, 9))).toThrow();
  });
});
