import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseStrictJson } from './strict-json.ts';

describe('strict JSON', () => {
  test('reads whatever JSON.parse reads without a member twice', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2, '\t'), (value, indent) => {
        expect(parseStrictJson(JSON.stringify(value, undefined, indent))).toEqual(
          JSON.parse(JSON.stringify(value)),
        );
      }),
    );
    expect(parseStrictJson(String.raw`{"a\":":"\\\": {\"b\":1}","c" : [{"a":1},{"a":2}]}`)).toEqual({
      'a":': '\\": {"b":1}',
      c: [{ a: 1 }, { a: 2 }],
    });
  });

  test('refuses a member that occurs twice, at any depth and in any spelling', () => {
    for (const text of [
      '{"a":1,"a":1}',
      '{"a":1,"\\u0061":2}',
      '[{"b":{"a":1 , "a" :{}}}]',
      '{"__proto__":1,"__proto__":2}',
    ]) {
      expect(() => parseStrictJson(text)).toThrowError('JSON_DUPLICATE_KEY');
    }
  });

  test('refuses what is no JSON or nested too deeply', () => {
    for (const text of ['', '{', "{'a':1}", '{"a":1}x', '\ufeff{}', 'NaN']) {
      expect(() => parseStrictJson(text)).toThrowError('JSON_INVALID');
    }
    expect(() => parseStrictJson('['.repeat(100_000) + ']'.repeat(100_000))).toThrowError('JSON_INVALID');
  });

  test('takes long strings in bounded time', () => {
    const startedAt = performance.now();

    expect(parseStrictJson(JSON.stringify({ block: 'A'.repeat(20_000_000) }))).toHaveProperty('block');
    expect(parseStrictJson(JSON.stringify({ block: '\\"'.repeat(2_000_000) }))).toHaveProperty('block');
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});
