import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonError, parseJson, parseStored } from './strict-json.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function codeOf(input: Uint8Array | string): string | undefined {
  try {
    parseJson(input);
  } catch (error) {
    if (error instanceof JsonError) return error.code;
    throw error;
  }
  return undefined;
}

describe('parseJson', () => {
  it.each([
    ['{"a":1,"a":2}', 'JSON_DUPLICATE_KEY'],
    ['{"a":1,"\\u0061":2}', 'JSON_DUPLICATE_KEY'],
    ['[{"x":{"k":[],"k":[]}}]', 'JSON_DUPLICATE_KEY'],
    ['{"__proto__":{"isAdmin":true}}', 'JSON_KEY_FORBIDDEN'],
    ['{"\\u005f_proto__":1}', 'JSON_KEY_FORBIDDEN'],
    ['{"a":{"constructor":{"prototype":1}}}', 'JSON_KEY_FORBIDDEN'],
    ['{"prototype":1}', 'JSON_KEY_FORBIDDEN'],
    ['"a\\u0000b"', 'JSON_TEXT_INVALID'],
    ['{"a\\u0000":1}', 'JSON_TEXT_INVALID'],
    ['"\\ud800"', 'JSON_TEXT_INVALID'],
    ['{"\\udfff":1}', 'JSON_TEXT_INVALID'],
    ['"a\0b"', 'JSON_SYNTAX_INVALID'],
    ['1e400', 'JSON_NUMBER_INEXACT'],
    ['-1e400', 'JSON_NUMBER_INEXACT'],
    ['[9007199254740993]', 'JSON_NUMBER_INEXACT'],
    ['{"value":-9007199254740992}', 'JSON_NUMBER_INEXACT'],
    ['NaN', 'JSON_SYNTAX_INVALID'],
    ['{"a":1} x', 'JSON_SYNTAX_INVALID'],
    ['{"a":1}{"b":2}', 'JSON_SYNTAX_INVALID'],
    ['{"a":1,}', 'JSON_SYNTAX_INVALID'],
    ['{"a":"', 'JSON_SYNTAX_INVALID'],
    ['"\\', 'JSON_SYNTAX_INVALID'],
    ['', 'JSON_SYNTAX_INVALID'],
    [`${'['.repeat(65)}${']'.repeat(65)}`, 'JSON_TOO_DEEP'],
    ['['.repeat(100_000), 'JSON_TOO_DEEP'],
    ['{"a":'.repeat(100_000), 'JSON_TOO_DEEP'],
  ])('refuses %.40s with %s, as bytes and as text', (text, code) => {
    expect(codeOf(bytes(text))).toBe(code);
    expect(codeOf(text)).toBe(code);
  });

  it.each([
    ['a byte order mark', Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)],
    ['an overlong form', Uint8Array.of(0x22, 0xc0, 0xaf, 0x22)],
    ['a surrogate in UTF-8', Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)],
    ['a cut sequence', Uint8Array.of(0x22, 0xe4, 0xbd, 0x22)],
  ])('refuses %s', (_name, input) => {
    expect(codeOf(input)).toBe('JSON_ENCODING_INVALID');
  });

  it('refuses half a surrogate pair and a byte order mark in a string', () => {
    expect(codeOf('"\ud800"')).toBe('JSON_ENCODING_INVALID');
    expect(codeOf('\ufeff1')).toBe('JSON_ENCODING_INVALID');
  });

  it('takes brackets, colons and quotes inside strings for what they are', () => {
    const value = { a: '{[":\\"', b: ['}', ':', { c: '\\' }], d: '中文 \u{1f600}', e: -0.5 };

    expect(parseJson(bytes(JSON.stringify(value)))).toEqual(value);
  });

  it('reaches depth 64 and no further', () => {
    expect(codeOf(`${'['.repeat(64)}${']'.repeat(64)}`)).toBeUndefined();
    expect(() => parseJson('[[[]]]', { maxDepth: 2 })).toThrow('JSON_TOO_DEEP');
  });

  it.each([
    ['a million arrays', `[${'[],'.repeat(1_000_000)}1]`],
    ['a million objects', `[${'{},'.repeat(1_000_000)}1]`],
    ['a million numbers', `[${'1,'.repeat(1_000_001)}1]`],
    ['an object of more than 10,000 keys', `{${Array.from({ length: 10_001 }, (_, at) => `"k${at}":1`)}}`],
  ])('refuses %s before it builds them', (_name, text) => {
    expect(codeOf(bytes(text))).toBe('JSON_TOO_LARGE');
  });

  it('takes many objects of some keys', () => {
    const objects = Array.from({ length: 20_000 }, () => ({ a: 1, b: { c: 2 } }));

    expect(parseJson(JSON.stringify(objects))).toEqual(objects);
  });

  it('repeats nothing of the text in its error', () => {
    const thrown = (() => {
      try {
        return parseJson('{"name":"张三" oops}');
      } catch (error) {
        return error;
      }
    })() as Error;

    expect(`${thrown.message}${String(thrown.cause)}`).not.toContain('张');
  });

  it('agrees with JSON.parse on every text that JSON.stringify writes from safe values', () => {
    const safeKey = fc
      .string({ unit: 'grapheme' })
      .filter((key) => !['__proto__', 'constructor', 'prototype'].includes(key) && !key.includes('\0'));
    const leaf = fc.oneof(
      fc.boolean(),
      fc.constant(null),
      fc.integer(),
      fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(tie('tree')),
        fc.dictionary(safeKey, tie('tree')),
      ),
    }));

    fc.assert(
      fc.property(tree, (value) => {
        const text = JSON.stringify(value);
        expect(parseJson(bytes(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('never throws anything but a JsonError on mutated bytes', () => {
    const seed = bytes(
      '{"resourceType":"Patient","name":[{"family":"\\u738b","given":["\\ud83d\\ude00"]}],"n":1.5e3}',
    );

    fc.assert(
      fc.property(fc.nat(seed.length - 1), fc.nat(255), fc.nat(255), (at, first, second) => {
        const mutated = Uint8Array.from(seed);
        mutated[at] = first;
        mutated[(at * 7 + 3) % seed.length] = second;
        codeOf(mutated);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('numbers that are kept as they were written', () => {
  const written = (text: string): unknown => parseJson(text, { numbers: 'written' });
  const digits = fc.stringMatching(/^\d{1,20}$/);
  const number = fc
    .tuple(
      fc.constantFrom('', '-'),
      fc.constantFrom('0', '7', '10', '120', '98765432', '123456789'),
      fc.option(digits),
      fc.option(fc.constantFrom('e1', 'E+2', 'e-3', 'e0')),
    )
    .map(
      ([sign, whole, fraction, exponent]) =>
        `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${exponent ?? ''}`,
    );

  it('are given back byte by byte, wherever they stand', () => {
    fc.assert(
      fc.property(fc.array(number, { maxLength: 5 }), number, (list, one) => {
        const text = `{"list":[${list.join(',')}],"one":${one},"text":"${one}","深":{"n":${one}}}`;
        expect(JSON.stringify(written(text))).toBe(text);
        expect(JSON.stringify(parseStored(text))).toBe(text);
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('are plain numbers where they say no more than their double', () => {
    expect(written('[1.5, 0, -3, 120]')).toEqual([1.5, 0, -3, 120]);
    expect(JSON.stringify(written(' 1.50 '))).toBe('1.50');
  });

  it.each([
    ['{1.10:2}', 'JSON_SYNTAX_INVALID'],
    ['[1.10.5]', 'JSON_SYNTAX_INVALID'],
    ['[01.10]', 'JSON_SYNTAX_INVALID'],
    ['[1.]', 'JSON_SYNTAX_INVALID'],
    ['[.50]', 'JSON_SYNTAX_INVALID'],
    ['[+1.50]', 'JSON_SYNTAX_INVALID'],
    ['[1.50e]', 'JSON_SYNTAX_INVALID'],
    ['[1.50"a"]', 'JSON_SYNTAX_INVALID'],
    ['{"a":1.10,"a":1.10}', 'JSON_DUPLICATE_KEY'],
    ['{"__proto__":1.10}', 'JSON_KEY_FORBIDDEN'],
    ['{"a":1.10,"constructor":{"b":2}}', 'JSON_KEY_FORBIDDEN'],
    ['["\\u00001.10",1.10]', 'JSON_TEXT_INVALID'],
    ['["\\ud800",1.10]', 'JSON_TEXT_INVALID'],
    ['[9007199254740993.0]', 'JSON_NUMBER_INEXACT'],
    ['[1.0e400]', 'JSON_NUMBER_INEXACT'],
  ])('refuse %s with %s', (text, code) => {
    const attempt = (): unknown => written(text);
    expect(attempt).toThrowError(expect.objectContaining({ code }));
  });

  it('that only look like one are texts, an escaped backslash included', () => {
    const text = '["\\\\u00001.10",1.10,"1.10",":1.10,"]';
    expect(JSON.stringify(written(text))).toBe(text);
  });

  it.each([200_000, 1_000_000])('cost time and memory: %d and one are too many', (count) => {
    expect(() => written(`[${'1.0,'.repeat(count)}1.0]`)).toThrowError(
      expect.objectContaining({ code: 'JSON_TOO_LARGE' }),
    );
  });

  it('are read back, however many were stored', () => {
    const text = `[${'1.0,'.repeat(200_000)}1.0]`;

    expect(JSON.stringify(parseStored(text))).toBe(text);
  });
});
