import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { ed25519Verifier } from './ed25519.ts';
import { verifyEd25519Portable } from './ed25519-portable.ts';

test('a key and a signature in a Buffer verify as often as asked and are left as they were', () => {
  for (let round = 0; round < 16; round += 1) {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const message = Buffer.from(`message ${round}`);
    const signature = sign(null, message, privateKey);
    const before = [key.toString('hex'), signature.toString('hex')];

    expect(ed25519Verifier(key)(message, signature)).toBe(true);
    expect(verifyEd25519Portable(signature, message, key)).toBe(true);
    expect([key.toString('hex'), signature.toString('hex')]).toEqual(before);
  }
});
