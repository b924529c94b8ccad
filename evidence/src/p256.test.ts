import { generateKeyPairSync, sign } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signP256 } from '../test/organizations.ts';
import { concat, utf8 } from './bytes.ts';
import { type P256Key, p256Key, verifyP256 } from './p256.ts';
import { isP256Point, verifyP256Portable } from './p256-portable.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const point = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-65));
const key = p256Key(point) as P256Key;
const message = utf8('message');
const order = p256.Point.CURVE().n;

/** DER of any two integers, as wrong as wanted. */
function der(r: bigint, s: bigint): Uint8Array {
  const integer = (value: bigint): number[] => {
    const text = value.toString(16);
    const bytes = [...Buffer.from(text.length % 2 === 0 ? text : `0${text}`, 'hex')];
    if ((bytes[0] ?? 0) >= 0x80) bytes.unshift(0);
    return [0x02, bytes.length, ...bytes];
  };
  const content = [...integer(r), ...integer(s)];
  return Uint8Array.of(0x30, content.length, ...content);
}

describe('ECDSA on P-256', () => {
  test('verifies alike with the platform’s help and without', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (text, at) => {
        const signature = signP256(privateKey, text);
        const bent = signature.slice();
        bent[at % bent.length] = bent[at % bent.length]! ^ 1;

        expect(verifyP256(key, text, { signature, form: 'ledger' })).toBe(true);
        expect(verifyP256Portable(key.point, text, signature)).toBe(true);
        expect(verifyP256(key, text, { signature: bent, form: 'ledger' })).toBe(false);
        expect(verifyP256Portable(key.point, text, bent)).toBe(false);
      }),
      { numRuns: 25 },
    );
  });

  test('accepts the high form only where it may occur', () => {
    const high = signP256(privateKey, message, 'high');

    expect(verifyP256(key, message, { signature: high, form: 'ledger' })).toBe(false);
    expect(verifyP256(key, message, { signature: high, form: 'strict' })).toBe(true);
  });

  test('refuses r or s that is zero, the order, or beyond it', () => {
    const { r, s } = p256.Signature.fromBytes(signP256(privateKey, message), 'der');
    for (const [badR, badS] of [
      [0n, s],
      [r, 0n],
      [0n, 0n],
      [order, s],
      [r, order],
      [r + order, s],
      [r, s + order],
      [1n, 1n],
      [order - r, s],
    ] as const) {
      expect(verifyP256(key, message, { signature: der(badR, badS), form: 'strict' })).toBe(false);
    }
  });

  test('refuses every encoding that is not the one DER of the signature', () => {
    // A genuine signature whose integers are short enough to be padded.
    const signature = signP256(privateKey, message);
    const [, length = 0, , rLength = 0] = signature;
    const content = signature.subarray(2);
    const r = signature.subarray(4, 4 + rLength);
    const rest = signature.subarray(4 + rLength);
    const bad: Uint8Array[] = [
      concat(signature, Uint8Array.of(0)),
      signature.subarray(0, -1),
      concat(Uint8Array.of(0x30, 0x81, length), content),
      concat(Uint8Array.of(0x30, length + 1, 0x02, rLength + 1, 0), r, rest),
      concat(Uint8Array.of(0x31, length), content),
      concat(Uint8Array.of(0x30, 0x80), content, Uint8Array.of(0, 0)),
      concat(Uint8Array.of(0x30, length + 2), content, Uint8Array.of(0x05, 0x00)),
      new Uint8Array(0),
      new Uint8Array(100_000).fill(0x30),
      sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
    ];
    for (const encoding of bad) {
      expect(verifyP256(key, message, { signature: encoding, form: 'strict' })).toBe(false);
    }
  });

  test('takes from the ledger what Fabric’s peers take: anything after s and after the sequence, and nothing else', () => {
    const signature = signP256(privateKey, message);
    const junk = Uint8Array.of(0xff, 1, 2, 3);
    const longer = (by: number): Uint8Array => Uint8Array.of(0x30, (signature[1] ?? 0) + by);
    const within = concat(longer(junk.length), signature.subarray(2), junk);
    const padded = new Uint8Array(500);
    const long = concat(
      Uint8Array.of(0x30, 0x82, (signature.length + 498) >> 8, (signature.length + 498) & 255),
      signature.subarray(2),
      padded,
    );

    for (const taken of [concat(signature, junk), within, concat(within, junk), long]) {
      expect(verifyP256(key, message, { signature: taken, form: 'ledger' })).toBe(true);
      expect(verifyP256(key, message, { signature: taken, form: 'strict' })).toBe(false);
      expect(verifyP256(key, utf8('other'), { signature: taken, form: 'ledger' })).toBe(false);
    }
    const r = signature.subarray(4, 4 + (signature[3] ?? 0));
    const rest = signature.subarray(4 + r.length);
    for (const refused of [
      concat(longer(1), Uint8Array.of(0x02, r.length + 1, 0), r, rest), // r not in its shortest form
      concat(Uint8Array.of(0x31), signature.subarray(1)),
      concat(longer(junk.length), signature.subarray(2), junk.subarray(1)), // cut
      signature.subarray(0, 4 + r.length),
      new Uint8Array(0),
      junk,
    ])
      expect(verifyP256(key, message, { signature: refused, form: 'ledger' })).toBe(false);
  });

  test('refuses a signature over another message, another hash or by another key', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });

    expect(verifyP256(key, utf8('other'), { signature: signP256(privateKey, message), form: 'ledger' })).toBe(
      false,
    );
    expect(verifyP256(key, message, { signature: sign('sha1', message, privateKey), form: 'strict' })).toBe(
      false,
    );
    expect(verifyP256(key, message, { signature: signP256(other.privateKey, message), form: 'ledger' })).toBe(
      false,
    );
  });

  test('takes only points of the curve for keys', () => {
    const offCurve = point.slice();
    offCurve[64] = offCurve[64]! ^ 1;

    expect(isP256Point(point)).toBe(true);
    expect(isP256Point(offCurve)).toBe(false);
    expect(isP256Point(Uint8Array.of(4, ...new Uint8Array(64)))).toBe(false);
    expect(p256Key(offCurve)).toBeUndefined();
    expect(p256Key(point.subarray(0, 64))).toBeUndefined();
    expect(p256Key(new Uint8Array(65))).toBeUndefined();
    expect(p256Key(Uint8Array.of(4, ...new Uint8Array(64)))).toBeUndefined();
  });
});
