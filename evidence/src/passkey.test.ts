import { constants, generateKeyPairSync, privateEncrypt, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { concat, fromHex, sha256, utf8 } from './bytes.ts';
import { passkeyVerifier } from './passkey.ts';
import { rsaKey, verifyPkcs1 } from './rsa.ts';

type Wycheproof = {
  groups: {
    keySize: number;
    modulus: string;
    tests: [id: number, comment: string, message: string, signature: string, result: string][];
  }[];
};
const { groups } = JSON.parse(
  readFileSync(new URL('../test/vectors/wycheproof-rs256.json', import.meta.url), 'utf8'),
) as Wycheproof;

const message = utf8('message');
const rsa = (modulusLength: number, publicExponent = 65_537) => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent });
  const modulus = new Uint8Array(Buffer.from(publicKey.export({ format: 'jwk' }).n ?? '', 'base64url'));
  return { privateKey, modulus };
};
const { privateKey, modulus } = rsa(2048);
const signature: Uint8Array = new Uint8Array(sign('sha256', message, privateKey));
const cose = (n: Uint8Array, exponent = '43010001', prefix = 'a401030339010020') =>
  concat(fromHex(prefix), Uint8Array.of(0x59, n.length >> 8, n.length & 255), n, fromHex(`21${exponent}`));
const accepts = (key: Uint8Array, signed: Uint8Array = signature) => passkeyVerifier(key)?.(message, signed);

/** The signature whose encoded message is `parts`, padded at `fill` to the key's length. */
function forged(before: string, after: string, fill = 0xff): Uint8Array {
  const [left, right] = [fromHex(before), fromHex(after)];
  const padding = new Uint8Array(256 - left.length - right.length).fill(fill);
  const encoded = concat(left, padding, right);
  return new Uint8Array(privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, encoded));
}
const digest = Buffer.from(sha256(message)).toString('hex');
const info = '3031300d060960864801650304020105000420';

describe('RS256', () => {
  test.each(groups)('answers the Wycheproof vectors of $keySize bits', ({ modulus: n, tests }) => {
    const key = rsaKey(fromHex(n));
    if (key === undefined) throw new Error('a sound key was refused');
    // "acceptable" is a DigestInfo without NULL, which RFC 8017 does not allow to be written.
    for (const [id, comment, text, signed, result] of tests)
      expect(
        verifyPkcs1(key, fromHex(text), { signature: fromHex(signed), hash: 'sha256' }),
        `${id} ${comment}`,
      ).toBe(result === 'valid');
    expect(tests.filter(([, , , , result]) => result === 'valid').length).toBeGreaterThan(4);
  });

  test.each([2048, 3072, 4096])('verifies what a key of %i bits signed', (bits) => {
    const keys = rsa(bits);
    const signed = new Uint8Array(sign('sha256', message, keys.privateKey));

    expect(accepts(cose(keys.modulus), signed)).toBe(true);
    expect(passkeyVerifier(cose(keys.modulus))?.(utf8('another'), signed)).toBe(false);
  });

  test('takes the one encoded message alone', () => {
    expect(accepts(cose(modulus), forged('0001', `00${info}${digest}`))).toBe(true);
    for (const [what, bent] of Object.entries({
      'another block type': forged('0002', `00${info}${digest}`),
      'other padding': forged('0001', `00${info}${digest}`, 0xfe),
      'no separator': forged('0001', `${info}${digest}`),
      'bytes after the digest': forged('0001', `00${info}${digest}00`),
      'short padding and garbage': forged(`0001ffffffffffffffff00${info}${digest}`, '', 0x41),
      'no NULL': forged('0001', `00302f300b0609608648016503040201${'0420'}${digest}`),
      'the name of another hash': forged('0001', `003031300d060960864801650304020205000420${digest}`),
      'the digest alone': forged('0001', `00${digest}`),
    }))
      expect(accepts(cose(modulus), bent), what).toBe(false);
  });

  test('takes no other scheme, hash, length or representative', () => {
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    for (const bent of [
      new Uint8Array(sign('sha256', message, { key: privateKey, padding })),
      new Uint8Array(sign('sha1', message, privateKey)),
      new Uint8Array(sign('sha512', message, privateKey)),
      concat(signature, Uint8Array.of(0)),
      concat(Uint8Array.of(0), signature),
      signature.subarray(1),
      signature.map((byte, at) => (at === 100 ? byte ^ 1 : byte)),
      new Uint8Array(256),
      new Uint8Array(256).fill(0xff),
      new Uint8Array(0),
    ])
      expect(accepts(cose(modulus), bent)).toBe(false);
  });

  test('takes a representative below the modulus alone', () => {
    const numberOf = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
    const n = numberOf(modulus);
    const room = 2n ** 2048n;
    for (let at = 0; ; at += 1) {
      const text = utf8(`message ${at}`);
      const signed = new Uint8Array(sign('sha256', text, privateKey));
      const beyond = numberOf(signed) + n;
      if (beyond >= room) continue;
      const bytes = fromHex(beyond.toString(16).padStart(512, '0'));
      expect(passkeyVerifier(cose(modulus))?.(text, signed)).toBe(true);
      expect(passkeyVerifier(cose(modulus))?.(text, bytes)).toBe(false);
      break;
    }
  });

  test('takes no short or long modulus and no exponent but 65537', () => {
    const signed = (keys: ReturnType<typeof rsa>) => new Uint8Array(sign('sha256', message, keys.privateKey));
    const [short, tiny] = [rsa(1024), rsa(2048, 3)];
    // Under exponent 1 everything is its own signature.
    const own = fromHex(`0001${'ff'.repeat(202)}00${info}${digest}`);
    const even = modulus.map((byte, at) => (at === 255 ? byte & 0xfe : byte));

    expect(accepts(cose(short.modulus), signed(short))).toBe(false);
    expect(accepts(cose(tiny.modulus, '4103'), signed(tiny))).toBe(false);
    expect(accepts(cose(tiny.modulus), signed(tiny))).toBe(false);
    expect(accepts(cose(modulus, '4101'), own)).toBe(false);
    expect(accepts(cose(even))).toBe(false);
    expect(accepts(cose(concat(Uint8Array.of(0), modulus)))).toBe(false);
    expect(rsaKey(new Uint8Array(513).fill(0xff))).toBeUndefined();
    expect(rsaKey(new Uint8Array(256).fill(0x7f))).toBeUndefined();
  });

  test('takes the key in one spelling, and leaves other kinds unjudged', () => {
    const whole = cose(modulus);
    for (const bent of [
      concat(whole, Uint8Array.of(0)),
      whole.subarray(0, -1),
      cose(modulus, '4400010001'),
      whole.map((byte, at) => (at === 10 ? byte ^ 1 : byte)),
      fromHex('a401030339010020'),
      fromHex('a40103033901002059'),
    ])
      expect(passkeyVerifier(bent)?.(message, signature)).toBe(false);
    // RS384, PS256, a map of five, another order: none of them can be enrolled.
    for (const prefix of ['a401030339010120', 'a4010303382420', 'a501030339010020', 'a403390100010320'])
      expect(passkeyVerifier(cose(modulus, '43010001', prefix))).toBeUndefined();
  });
});
