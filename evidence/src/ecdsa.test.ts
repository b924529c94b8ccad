import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { derSignature, integersOf, orderOf, signLedger } from '../test/signing.ts';
import { concat, hex, sha256, utf8 } from './bytes.ts';
import { derElements, derOf, onlyElement } from './der.ts';
import { type Curve, type EcdsaKey, ecdsaKey, verifyEcdsa } from './ecdsa.ts';
import { isPoint, curves as nobleCurves, verifyEcdsaPortable } from './ecdsa-portable.ts';

const message = utf8('message');
const hash = 'sha256';
const lengths: Record<Curve, number> = { 'P-224': 57, 'P-256': 65, 'P-384': 97, 'P-521': 133 };
const curves = Object.entries(lengths) as [Curve, number][];
const hashes = ['sha256', 'sha384', 'sha512', 'sha3-256'] as const;

describe.each(curves)('ECDSA on %s', (curve, length) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
  const point = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-length));
  const key = ecdsaKey(curve, point) as EcdsaKey;
  const order = orderOf(privateKey);

  test('verifies alike with the platform’s help and without', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (text, at) => {
        const signature = signLedger(privateKey, text);
        const bent = signature.slice();
        bent[at % bent.length] = bent[at % bent.length]! ^ 1;

        expect(verifyEcdsa(key, text, { signature, form: 'ledger', hash })).toBe(true);
        expect(verifyEcdsaPortable(key, text, { signature, hash })).toBe(true);
        expect(verifyEcdsa(key, text, { signature: bent, form: 'ledger', hash })).toBe(false);
        expect(verifyEcdsaPortable(key, text, { signature: bent, hash })).toBe(false);
      }),
      { numRuns: 15 },
    );
  });

  test('accepts the high form only where it may occur', () => {
    const high = signLedger(privateKey, message, 'high');

    expect(verifyEcdsa(key, message, { signature: high, form: 'ledger', hash })).toBe(false);
    expect(verifyEcdsa(key, message, { signature: high, form: 'strict', hash })).toBe(true);
  });

  test('refuses r or s that is zero, the order, or beyond it', () => {
    const [r, s] = integersOf(signLedger(privateKey, message));
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
      expect(verifyEcdsa(key, message, { signature: derSignature(badR, badS), form: 'strict', hash })).toBe(
        false,
      );
    }
  });

  test('refuses every encoding that is not the one DER of the signature', () => {
    const signature = signLedger(privateKey, message);
    const [r, s] = integersIn(signature);
    const content = concat(r, s);
    const padded = derOf(0x02, Uint8Array.of(0), r.subarray(2));
    const bad: Uint8Array[] = [
      concat(signature, Uint8Array.of(0)),
      signature.subarray(0, -1),
      concat(Uint8Array.of(0x30, 0x82, 0, content.length), content),
      derOf(0x30, padded, s),
      derOf(0x31, content),
      concat(Uint8Array.of(0x30, 0x80), content, Uint8Array.of(0, 0)),
      derOf(0x30, content, Uint8Array.of(0x05, 0x00)),
      new Uint8Array(0),
      new Uint8Array(100_000).fill(0x30),
      sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
    ];
    for (const encoding of bad) {
      expect(verifyEcdsa(key, message, { signature: encoding, form: 'strict', hash })).toBe(false);
    }
  });

  test('takes from the ledger what Fabric’s peers take: anything after s and after the sequence, and nothing else', () => {
    const signature = signLedger(privateKey, message);
    const [r, s] = integersIn(signature);
    const junk = Uint8Array.of(0xff, 1, 2, 3);
    const within = derOf(0x30, r, s, junk);
    const long = derOf(0x30, r, s, new Uint8Array(500));

    for (const taken of [concat(signature, junk), within, concat(within, junk), long]) {
      expect(verifyEcdsa(key, message, { signature: taken, form: 'ledger', hash })).toBe(true);
      expect(verifyEcdsa(key, message, { signature: taken, form: 'strict', hash })).toBe(false);
      expect(verifyEcdsa(key, utf8('other'), { signature: taken, form: 'ledger', hash })).toBe(false);
    }
    for (const refused of [
      derOf(0x30, derOf(0x02, Uint8Array.of(0), r.subarray(2)), s), // r not in its shortest form
      concat(Uint8Array.of(0x31), signature.subarray(1)),
      within.subarray(0, -1), // cut
      derOf(0x30, r),
      new Uint8Array(0),
      junk,
    ])
      expect(verifyEcdsa(key, message, { signature: refused, form: 'ledger', hash })).toBe(false);
  });

  test('refuses a signature over another message, another hash or by another key', () => {
    const other = generateKeyPairSync('ec', { namedCurve: curve });

    expect(
      verifyEcdsa(key, utf8('other'), { signature: signLedger(privateKey, message), form: 'ledger', hash }),
    ).toBe(false);
    expect(
      verifyEcdsa(key, message, { signature: sign('sha1', message, privateKey), form: 'strict', hash }),
    ).toBe(false);
    expect(
      verifyEcdsa(key, message, { signature: signLedger(other.privateKey, message), form: 'ledger', hash }),
    ).toBe(false);
  });

  test('takes only points of the curve for keys', () => {
    const offCurve = point.slice();
    offCurve[length - 1] = offCurve[length - 1]! ^ 1;

    expect(isPoint(curve, point)).toBe(true);
    expect(isPoint(curve, offCurve)).toBe(false);
    expect(isPoint(curve, Uint8Array.of(4, ...new Uint8Array(length - 1)))).toBe(false);
    expect(ecdsaKey(curve, offCurve)).toBeUndefined();
    expect(ecdsaKey(curve, point.subarray(0, length - 1))).toBeUndefined();
    expect(ecdsaKey(curve, new Uint8Array(length))).toBeUndefined();
    expect(ecdsaKey(curve, Uint8Array.of(4, ...new Uint8Array(length - 1)))).toBeUndefined();
  });

  test('takes no point of another curve, in no other form', () => {
    const compressed = point.slice(0, (length + 1) / 2);
    compressed[0] = 2 + ((point.at(-1) ?? 0) & 1);

    expect(ecdsaKey(curve, compressed)).toBeUndefined();
    expect(
      ecdsaKey(curve, Uint8Array.of(6 + ((point.at(-1) ?? 0) & 1), ...point.subarray(1))),
    ).toBeUndefined();
    for (const [other] of curves.filter(([name]) => name !== curve))
      expect(ecdsaKey(other, point)).toBeUndefined();
  });

  test('verifies what is signed of each hash, and of no other, with the platform’s help and without', () => {
    for (const signed of hashes) {
      const signature = signLedger(privateKey, message, 'low', signed);
      for (const asked of hashes) {
        expect(verifyEcdsa(key, message, { signature, form: 'strict', hash: asked })).toBe(asked === signed);
        expect(verifyEcdsaPortable(key, message, { signature, hash: asked })).toBe(asked === signed);
      }
    }
  });

  test('draws the line between the halves where Fabric does: ⌊n / 2⌋ is low, one more is not', () => {
    // With r = x of k·G and s = ⌊n / 2⌋ there is a key that signed this: Q = (s·R − z·G) / r.
    const { Point } = nobleCurves[curve];
    const n = Point.Fn.ORDER;
    const nonce = Point.BASE.multiply(5n);
    const r = nonce.x % n;
    const z = digestNumber(message, Point.Fn.BITS) % n;
    const keyOf = (s: bigint) => nonce.multiply(s).subtract(Point.BASE.multiply(z)).multiply(Point.Fn.inv(r));
    const judged = (s: bigint, form: 'ledger' | 'strict') =>
      verifyEcdsa(ecdsaKey(curve, keyOf(s).toBytes(false)) as EcdsaKey, message, {
        signature: derSignature(r, s),
        form,
        hash,
      });

    expect([judged(n / 2n, 'ledger'), judged(n / 2n, 'strict')]).toEqual([true, true]);
    expect([judged(n / 2n + 1n, 'ledger'), judged(n / 2n + 1n, 'strict')]).toEqual([false, true]);
  });
});

function digestNumber(text: Uint8Array, bits: number): bigint {
  return BigInt(`0x${hex(sha256(text))}`) >> BigInt(Math.max(0, 256 - bits));
}

function integersIn(signature: Uint8Array): [Uint8Array, Uint8Array] {
  const [r, s] = derElements(onlyElement(signature).content);
  return [r?.whole ?? signature, s?.whole ?? signature];
}
