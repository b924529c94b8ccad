import { createHmac } from 'node:crypto';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, hex, utf8 } from './bytes.ts';
import { hmacInJavaScript, hmacUnder, longestMessage } from './hmac.ts';

const keyArbitrary = fc.uint8Array({ maxLength: 64 });
const messageArbitrary = fc.uint8Array({ maxLength: longestMessage });

describe('HMAC-SHA-256', () => {
  test('gives the digests of RFC 4231 §4.2, §4.3 and §4.4, whichever hash computes it', () => {
    const cases: [string, Uint8Array, string][] = [
      ['0b'.repeat(20), utf8('Hi There'), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
      [
        '4a656665',
        utf8('what do ya want for nothing?'),
        '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      ],
      [
        'aa'.repeat(20),
        fromHex('dd'.repeat(50)),
        '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
      ],
    ];
    for (const [key, message, expected] of cases) {
      expect(hex(hmacUnder(fromHex(key))(message))).toBe(expected);
      expect(hex(hmacInJavaScript(fromHex(key))(message))).toBe(expected);
    }
  });

  test('is that of the library and of the platform, message after message under one key', () => {
    fc.assert(
      fc.property(keyArbitrary, fc.array(messageArbitrary, { maxLength: 5 }), (key, messages) => {
        const [one, other] = [hmacUnder(key), hmacInJavaScript(key)];
        for (const message of messages) {
          const expected = hex(hmac(sha256, key, message));
          expect(hex(one(message))).toBe(expected);
          expect(hex(other(message))).toBe(expected);
          expect(createHmac('sha256', key).update(message).digest('hex')).toBe(expected);
        }
      }),
    );
  });

  test('keeps its key while others are used in between', () => {
    fc.assert(
      fc.property(keyArbitrary, keyArbitrary, messageArbitrary, (key, otherKey, message) => {
        const [one, other] = [hmacUnder(key), hmacUnder(otherKey)];
        for (const _again of [1, 2]) {
          expect(hex(one(message))).toBe(hex(hmac(sha256, key, message)));
          expect(hex(other(message))).toBe(hex(hmac(sha256, otherKey, message)));
        }
      }),
    );
  });

  test('refuses a key or a message that is too long, rather than give another digest', () => {
    const long = new Uint8Array(longestMessage + 1);

    for (const under of [hmacUnder, hmacInJavaScript]) {
      expect(() => under(new Uint8Array(65))).toThrow(RangeError);
      expect(() => under(new Uint8Array(32))(long)).toThrow(RangeError);
    }
  });
});
