import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromHex } from './bytes.ts';
import { verifyEd25519 } from './checkpoint.ts';
import { type Curve, type EcdsaHash, ecdsaKey, verifyEcdsa } from './ecdsa.ts';
import { verifyEcdsaPortable } from './ecdsa-portable.ts';
import { verifyEd25519Portable } from './ed25519-portable.ts';
import { type RsaHash, rsaKey, verifyPkcs1, verifyPss } from './rsa.ts';

type Group = { vectors: string; key: string; tests: [number, string, string, string, string][] } & (
  | { kind: 'ecdsa'; curve: Curve; hash: EcdsaHash }
  | { kind: 'ed25519' }
  | { kind: 'rsa-pkcs1' | 'rsa-pss'; hash: RsaHash }
);

const { groups } = JSON.parse(
  readFileSync(new URL('../test/vectors/wycheproof-signatures.json', import.meta.url), 'utf8'),
) as { groups: Group[] };

type Verify = (message: Uint8Array, signature: Uint8Array) => boolean;

/** With the platform's help and, where there are two, without. */
function verifiersOf(group: Group): Verify[] {
  const key = fromHex(group.key);
  switch (group.kind) {
    case 'ecdsa': {
      const { curve, hash } = group;
      const point = ecdsaKey(curve, key);
      if (point === undefined) throw new Error('a sound key was refused');
      return [
        (message, signature) => verifyEcdsa(point, message, { signature, form: 'strict', hash }),
        (message, signature) => verifyEcdsaPortable({ curve, point: key }, message, { signature, hash }),
      ];
    }
    case 'ed25519':
      return [
        (message, signature) => verifyEd25519(signature, message, key),
        (message, signature) => signature.length === 64 && verifyEd25519Portable(signature, message, key),
      ];
    default: {
      const { hash } = group;
      const modulus = rsaKey(key);
      if (modulus === undefined) throw new Error('a sound key was refused');
      const verify = group.kind === 'rsa-pss' ? verifyPss : verifyPkcs1;
      return [(message, signature) => verify(modulus, message, { signature, hash })];
    }
  }
}

const names = [...new Set(groups.map(({ vectors }) => vectors))];

describe('the Wycheproof vectors', () => {
  test.each(names)('%s are answered alike', (name) => {
    const results = new Set<string>();
    for (const group of groups.filter(({ vectors }) => vectors === name))
      for (const verify of verifiersOf(group))
        for (const [id, comment, message, signature, result] of group.tests) {
          results.add(result);
          // "acceptable" is a DigestInfo without NULL, which RFC 8017 does not allow to be written.
          expect(verify(fromHex(message), fromHex(signature)), `${id} ${comment}`).toBe(result === 'valid');
        }

    expect([...results]).toEqual(expect.arrayContaining(['valid', 'invalid']));
  });
});
