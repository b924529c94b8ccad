import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { derInteger, signLowS, verifyLowS } from './signature.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const message = Buffer.from('message');

describe('signatures', () => {
  it('verify, have s in the lower half and are strict DER', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const signature = signLowS(privateKey, bytes);

        expect(verifyLowS(publicKey, bytes, signature)).toBe(true);
        expect(verify('sha256', bytes, publicKey, signature)).toBe(true);
        expect(p256.Signature.fromBytes(signature, 'der').hasHighS()).toBe(false);
      }),
    );
  });

  it('with the other s are refused, though they verify', () => {
    const low = p256.Signature.fromBytes(signLowS(privateKey, message), 'der');
    const high = new p256.Signature(low.r, p256.Point.Fn.neg(low.s)).toBytes('der');

    expect(verify('sha256', message, publicKey, high)).toBe(true);
    expect(verifyLowS(publicKey, message, high)).toBe(false);
  });

  it('in another form than strict DER are refused', () => {
    const signature = signLowS(privateKey, message);
    const raw = sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const long = Uint8Array.from([0x30, 0x81, signature.length - 2, ...signature.subarray(2)]);
    const forms = [
      raw,
      long,
      Uint8Array.from([...signature, 0]),
      signature.subarray(0, -1),
      new Uint8Array(),
      new Uint8Array([0x30, 0]),
    ];

    for (const form of forms) expect(verifyLowS(publicKey, message, form)).toBe(false);
  });

  it('of zero or beyond the order are refused', () => {
    const integer = (value: bigint) => derInteger(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
    const n = p256.Point.Fn.ORDER;
    for (const [r, s] of [
      [0n, 1n],
      [1n, 0n],
      [n, 1n],
    ] as const) {
      const content = [...integer(r), ...integer(s)];

      expect(verifyLowS(publicKey, message, Uint8Array.from([0x30, content.length, ...content]))).toBe(false);
    }
  });

  it('over something else do not verify', () => {
    expect(verifyLowS(publicKey, Buffer.from('other'), signLowS(privateKey, message))).toBe(false);
  });
});
