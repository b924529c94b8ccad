import { describe, expect, it } from 'vitest';
import { fromHex, hex, utf8 } from './bytes.ts';
import { decodeRlp, encodeRlpInteger, rlpInteger } from './evm-rlp.ts';

describe('RLP', () => {
  // ethereum/tests, RLPTests/rlptest.json
  it.each([
    ['80', new Uint8Array()],
    ['00', Uint8Array.of(0)],
    ['7f', Uint8Array.of(0x7f)],
    ['83646f67', utf8('dog')],
    [
      'b8384c6f72656d20697073756d20646f6c6f722073697420616d65742c20636f6e7365637465747572206164697069736963696e6720656c6974',
      utf8('Lorem ipsum dolor sit amet, consectetur adipisicing elit'),
    ],
    ['c0', []],
    ['cc83646f6783676f6483636174', [utf8('dog'), utf8('god'), utf8('cat')]],
    ['c4c2c0c0c0', [[[], []], []]],
  ])('decodes the official vector %s', (encoded, decoded) => {
    expect(decodeRlp(fromHex(encoded))).toEqual(decoded);
  });

  // ethereum/tests, RLPTests/invalidRLPTest.json, and relatives
  it.each([
    ['nothing', ''],
    ['a byte in a string', '8100'],
    ['a short string in a long form', 'b80100'],
    ['a short list in a long form', 'f80100'],
    ['a length with a leading zero', 'b90038'],
    ['cut short', '83646f'],
    ['a length cut short', 'b9'],
    ['a length beyond all memory', 'bfffffffffffffffff'],
    ['bytes after the item', '8000'],
    ['an item beyond its list', 'c283646f67'],
    ['nesting without end', 'c9c8c7c6c5c4c3c2c1c0'],
  ])('refuses %s', (_, encoded) => {
    expect(() => decodeRlp(fromHex(encoded))).toThrow('RLP_INVALID');
  });

  it('encodes places as the tries of a block are keyed', () => {
    expect([0, 1, 127, 128, 256, 1024].map((n) => hex(encodeRlpInteger(n)))).toEqual([
      '80',
      '01',
      '7f',
      '8180',
      '820100',
      '820400',
    ]);
    expect(() => rlpInteger(Uint8Array.of(0, 1))).toThrow('RLP_INVALID');
    expect(() => rlpInteger(new Uint8Array(8).fill(255))).toThrow('RLP_INVALID');
  });
});
