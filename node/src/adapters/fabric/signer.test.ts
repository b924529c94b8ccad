import { generateKeyPairSync, verify } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lowSSigner } from './signer.ts';

describe('the signer', () => {
  it('makes verifiable signatures with s in the lower half only', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const sign = lowSSigner(privateKey);

    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (message) => {
        const signature = await sign(message);

        expect(verify('sha256', message, publicKey, signature)).toBe(true);
        expect(p256.Signature.fromBytes(signature, 'der').hasHighS()).toBe(false);
      }),
    );
  });
});
