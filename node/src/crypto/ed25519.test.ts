import { generateKeyPairSync, sign } from 'node:crypto';
import { verifyEd25519 as verifyPortable } from '@medseal/evidence';
import { ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ed25519Key, verifyEd25519 } from './ed25519.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

describe('an Ed25519 signature', () => {
  it.each([
    [
      'TEST 1',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      'TEST 2',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
  ])('of RFC 8032 §7.1 verifies: %s', (_, publicKey, message, signature) => {
    expect(verifyEd25519(hex(signature), hex(message), ed25519Key(hex(publicKey)))).toBe(true);
    expect(verifyEd25519(hex(signature), hex(`${message}00`), ed25519Key(hex(publicKey)))).toBe(false);
  });

  it('verifies exactly where the portable implementation verifies it', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const message = Buffer.from('message');
    const signature = sign(null, message, privateKey);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 511 }),
        fc.integer({ min: 0, max: 255 }),
        fc.boolean(),
        (bit, keyBit, both) => {
          const changed = Buffer.from(signature);
          changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          const key = Buffer.from(raw);
          if (both) key[keyBit >> 3] = (key[keyBit >> 3] ?? 0) ^ (1 << (keyBit & 7));

          expect(verifyEd25519(changed, message, ed25519Key(key))).toBe(
            verifyPortable(changed, message, key),
          );
        },
      ),
    );
  });

  it('with a scalar that is not reduced is refused (RFC 8032 §8.4)', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const signature = sign(null, Buffer.from('m'), privateKey);
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    let s = 0n;
    for (let at = 63; at >= 32; at -= 1) s = s * 256n + BigInt(signature[at] ?? 0);
    s += order;
    const malleable = Buffer.from(signature);
    for (let at = 32; at < 64; at += 1) {
      malleable[at] = Number(s % 256n);
      s /= 256n;
    }

    const key = ed25519Key(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
    expect(verifyEd25519(signature, Buffer.from('m'), key)).toBe(true);
    expect(verifyEd25519(malleable, Buffer.from('m'), key)).toBe(false);
  });

  it('under no key, or cut short, is none', () => {
    const key = ed25519Key(hex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'));

    expect(verifyEd25519(Buffer.alloc(64), Buffer.from('m'), undefined)).toBe(false);
    expect(verifyEd25519(Buffer.alloc(63), Buffer.from('m'), key)).toBe(false);
  });
});

describe('an Ed25519 key', () => {
  it.each([...ED25519_TORSION_SUBGROUP])('of small order is none: %s', (key) => {
    expect(ed25519Key(hex(key))).toBeUndefined();
  });

  it.each([
    ['zero, spelled as p', `ed${'ff'.repeat(30)}7f`],
    ['one, spelled as p + 1', `ee${'ff'.repeat(30)}7f`],
    ['one, spelled as p + 1, with the other sign', `ee${'ff'.repeat(30)}ff`],
    ['too short', '01'],
    ['too long', '00'.repeat(33)],
  ])('that is %s is none', (_, key) => {
    expect(ed25519Key(hex(key))).toBeUndefined();
  });
});
