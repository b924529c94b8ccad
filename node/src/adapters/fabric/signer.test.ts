import { generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LedgerSigner, ledgerSigner } from './signer.ts';

describe('the signer', () => {
  it.each([
    ['P-256', p256],
    ['P-384', p384],
    ['P-521', p521],
  ])(
    'makes verifiable signatures on %s with SHA-256, s in the lower half only',
    async (namedCurve, curve) => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
      const sign = signerOf(privateKey);

      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (message) => {
          const signature = await sign(message);

          expect(verify('sha256', message, publicKey, signature)).toBe(true);
          expect(curve.Signature.fromBytes(signature, 'der').hasHighS()).toBe(false);
        }),
        { numRuns: 40 },
      );
    },
  );

  it('signs the message itself with Ed25519', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const message = Buffer.from('message');

    expect(verify(null, message, publicKey, await signerOf(privateKey)(message))).toBe(true);
  });

  it('takes no key under which nothing that it signs would count', () => {
    const others = [
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
      generateKeyPairSync('rsa', { modulusLength: 2048 }),
      generateKeyPairSync('ed448'),
    ];
    for (const { privateKey } of others) expect(ledgerSigner(privateKey)).toBeUndefined();
  });
});

function signerOf(key: KeyObject): LedgerSigner {
  const signer = ledgerSigner(key);
  if (signer === undefined) throw new Error('no signer');
  return signer;
}
