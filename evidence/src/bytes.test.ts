import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  base64,
  base64url,
  equalBytes,
  fromBase64,
  fromBase64url,
  fromHex,
  fromUtf8,
  hex,
  sha256,
  sha256HexOf,
  utf8,
} from './bytes.ts';

describe('codecs', () => {
  test('give back every byte string', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(fromHex(hex(bytes))).toEqual(bytes);
        expect(fromBase64(base64(bytes))).toEqual(bytes);
        expect(fromBase64url(base64url(bytes))).toEqual(bytes);
        expect(base64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(base64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
      }),
    );
  });

  test('take large byte strings', () => {
    const bytes = Uint8Array.from({ length: 100_001 }, (_, at) => at % 251);

    expect(equalBytes(fromBase64(base64(bytes)), bytes)).toBe(true);
  });

  test('accept one spelling of a value only', () => {
    for (const text of [
      'AA',
      'AA=',
      'AB==',
      'AAB=',
      'A A=',
      'AAA=\n',
      '====',
      'A===',
      'AAAA====',
      '-_-_',
      '=AAA',
    ]) {
      expect(() => fromBase64(text)).toThrowError('BYTES_INVALID');
    }
    for (const text of ['A', 'AB', 'AA==', '+/+/', 'AA A'])
      expect(() => fromBase64url(text)).toThrowError('BYTES_INVALID');
    for (const text of ['0', 'AB', '0g', ' 00', '0x00'])
      expect(() => fromHex(text)).toThrowError('BYTES_INVALID');
  });

  test('takes for hex what is nothing but pairs of lower-case digits', () => {
    const unit = fc.constantFrom(...'0123456789abcdef', 'A', 'g', '/', ':', '`', '０', '\u{1F600}', '\u0130');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 6 }), (text) => {
        if (/^(?:[0-9a-f]{2})*$/.test(text)) expect(hex(fromHex(text))).toBe(text);
        else expect(() => fromHex(text)).toThrowError('BYTES_INVALID');
      }),
      { numRuns: 1000 },
    );
  });

  test('refuse ill-formed UTF-8 and keep a byte order mark', () => {
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
      expect(() => fromUtf8(Uint8Array.from(bytes))).toThrowError('BYTES_INVALID');
    }
    expect(fromUtf8(utf8('\ufeff中'))).toBe('\ufeff中');
  });

  test('write texts of any length', () => {
    for (const length of [0, 1, 5_000, 5_461, 5_462, 50_000]) {
      expect(fromUtf8(utf8('中'.repeat(length)))).toBe('中'.repeat(length));
    }
  });
});

test('two byte strings are equal when every byte is', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (bytes, at, change) => {
        const shifted = Uint8Array.of(0, ...bytes).subarray(1);
        expect(equalBytes(bytes, shifted)).toBe(true);
        expect(equalBytes(bytes, Uint8Array.of(...bytes, 0))).toBe(false);
        if (bytes.length === 0) return;
        shifted[at % bytes.length] = (shifted[at % bytes.length] ?? 0) ^ change;
        expect(equalBytes(bytes, shifted)).toBe(false);
      },
    ),
  );
});

describe('SHA-256', () => {
  test('gives the digests of FIPS 180-4, short and long', () => {
    expect(hex(sha256(utf8('')))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(hex(sha256(utf8('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(hex(sha256(new Uint8Array(1_000_000).fill(97)))).toBe(
      'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
    );
  });

  test('of parts is that of the parts joined', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.uint8Array(),
        fc.string({ unit: 'grapheme', maxLength: 50 }),
        fc.nat(200),
        (a, b, text, times) => {
          const long = text.repeat(times);
          expect(sha256HexOf(a, b, long)).toBe(hex(sha256(Uint8Array.of(...a, ...b, ...Buffer.from(long)))));
        },
      ),
    );
  });
});

test('only the command line touches the platform: everything else runs in a browser', () => {
  const sources = readdirSync(new URL('.', import.meta.url)).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'cli.ts',
  );
  for (const name of sources) {
    const text = readFileSync(new URL(name, import.meta.url), 'utf8');
    expect(text, name).not.toMatch(/from 'node:|import\('node:|\bBuffer\b|process\.(env|argv)/);
  }
});
