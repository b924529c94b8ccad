import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from './canonical.ts';
import { WrittenNumber } from './written-number.ts';

function double(bits: string): number {
  return Buffer.from(bits, 'hex').readDoubleBE();
}

describe('RFC 8785', () => {
  test('numbers are written as in appendix B', () => {
    const table: [bits: string, text: string][] = [
      ['0000000000000000', '0'],
      ['8000000000000000', '0'],
      ['0000000000000001', '5e-324'],
      ['8000000000000001', '-5e-324'],
      ['7fefffffffffffff', '1.7976931348623157e+308'],
      ['ffefffffffffffff', '-1.7976931348623157e+308'],
      ['4340000000000000', '9007199254740992'],
      ['c340000000000000', '-9007199254740992'],
      ['4430000000000000', '295147905179352830000'],
      ['44b52d02c7e14af5', '9.999999999999997e+22'],
      ['44b52d02c7e14af6', '1e+23'],
      ['44b52d02c7e14af7', '1.0000000000000001e+23'],
      ['444b1ae4d6e2ef4e', '999999999999999700000'],
      ['444b1ae4d6e2ef4f', '999999999999999900000'],
      ['444b1ae4d6e2ef50', '1e+21'],
      ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
      ['3eb0c6f7a0b5ed8d', '0.000001'],
      ['41b3de4355555553', '333333333.3333332'],
      ['41b3de4355555554', '333333333.33333325'],
      ['41b3de4355555555', '333333333.3333333'],
      ['41b3de4355555556', '333333333.3333334'],
      ['41b3de4355555557', '333333333.33333343'],
      ['becbf647612f3696', '-0.0000033333333333333333'],
      ['43143ff3c1cb0959', '1424953923781206.2'],
    ];
    for (const [bits, text] of table) expect(canonicalJson(double(bits))).toBe(text);
  });

  test('NaN and the infinities of appendix B are refused', () => {
    for (const bits of ['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000']) {
      expect(() => canonicalJson(double(bits))).toThrowError('CANONICAL_INVALID');
      expect(() => canonicalJson({ value: [double(bits)] })).toThrowError('CANONICAL_INVALID');
    }
  });

  test('the example of §3.2.2 comes out as in §3.2.4', () => {
    const value = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`);

    expect(canonicalJson(value)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  test('names are sorted by UTF-16 code units as in §3.2.3', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };

    expect(Object.values(JSON.parse(canonicalJson(value)))).toEqual(
      [
        'Carriage Return',
        'One',
        'Control',
        'Latin Small Letter O With Diaeresis',
        'Euro Sign',
        'Emoji: Grinning Face',
        'Hebrew Letter Dalet With Dagesh',
      ].sort((a, b) => (a === 'One' ? -1 : b === 'One' ? 1 : 0)), // JSON.parse puts the index-like name first
    );
    expect(canonicalJson(value).indexOf('Carriage')).toBeLessThan(canonicalJson(value).indexOf('One'));
  });

  test('control characters are escaped in their short or lower-case form', () => {
    expect(canonicalJson('\b\t\n\f\r\u0000\u001f\u007f\u2028"\\/')).toBe(
      `${String.raw`"\b\t\n\f\r\u0000\u001f`}\u007f\u2028${String.raw`\"\\/"`}`,
    );
  });
});

/** An object's text with its members in this order, `__proto__` included. */
function objectText(members: [string, unknown][]): string {
  return `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
}

describe('canonical JSON', () => {
  test('is a fixed point: what was written canonically is read and written alike', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        let text: string;
        try {
          text = canonicalJson(value);
        } catch (error) {
          expect(JSON.stringify(value).isWellFormed() && !JSON.stringify(value).includes('\\ud')).toBe(false);
          expect(error).toMatchObject({ code: 'CANONICAL_INVALID' });
          return;
        }
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('is what the reference library writes, whatever the names look like', () => {
    const name = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('0', '10', '9', '-1', '01', '1e3', '__proto__', 'a', 'A'),
    );
    const value = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom(null, true, false),
        fc.array(tie('node'), { maxLength: 4 }),
        fc
          .array(fc.tuple(name, tie('node')), { maxLength: 5 })
          .map((members) => JSON.parse(objectText(members))),
      ),
    })).node;
    fc.assert(
      fc.property(value, (some) => {
        expect(canonicalJson(some)).toBe(canonicalize(some));
      }),
      { numRuns: 500 },
    );
  });

  test('does not depend on the order of names', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
      }),
    );
  });

  test.each([2, 23, 24, 25, 60])('puts %i names in the order of their code units', (count) => {
    const name = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => !/^\d|^__proto__$/.test(text));
    const names = fc.uniqueArray(name, { minLength: count, maxLength: count });
    fc.assert(
      fc.property(names, (shuffled) => {
        const text = canonicalJson(Object.fromEntries(shuffled.map((each) => [each, 0])));
        expect(Object.keys(JSON.parse(text))).toEqual(shuffled.toSorted());
      }),
    );
  });

  test('refuses what JSON cannot say instead of dropping it', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    const sparse: unknown[] = [];
    sparse[2] = 1;
    for (const value of [
      undefined,
      { a: undefined },
      [undefined],
      () => 1,
      { a: Symbol('a') },
      { [Symbol('a')]: 1 },
      10n,
      new Date(0),
      new Map(),
      { toJSON: () => 1 },
      Object.assign([1], { more: 1 }),
      sparse,
      cycle,
      '\ud800',
      { '\udfff': 1 },
      Object.create({ inherited: 1 }),
    ]) {
      expect(() => canonicalJson(value)).toThrowError('CANONICAL_INVALID');
    }
  });

  test('refuses nesting that no document needs', () => {
    const nested = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

    expect(canonicalJson(nested(128))).toHaveLength(256);
    expect(() => canonicalJson(nested(129))).toThrowError('CANONICAL_INVALID');
    expect(() => canonicalJson(nested(5_000))).toThrowError('CANONICAL_INVALID');
  });

  test('takes a member that is called __proto__ for what it is', () => {
    expect(canonicalJson(JSON.parse('{"b":1,"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1},"b":1}');
  });
});

describe('a number that is kept as it was written', () => {
  const written = (text: string): WrittenNumber => new WrittenNumber(text);

  test('is committed to as its double, wherever it stands', () => {
    const value = { b: [written('1.10'), { '2': written('-0.0'), a: written('12E1') }], a: written('4.50') };
    expect(canonicalJson(value)).toBe('{"a":4.5,"b":[1.1,{"2":0,"a":120}]}');
    expect(canonicalJson({ z: written('1.0'), a: 1 })).toBe('{"a":1,"z":1}');
    expect(canonicalJson(written('1.10'))).toBe('1.1');
  });

  test('stays what it was in the value itself', () => {
    const value = { b: written('1.10'), a: [written('2.0')] };
    canonicalJson(value);
    expect(JSON.stringify(value)).toBe('{"b":1.10,"a":[2.0]}');
  });

  test('beside a member named __proto__ is neither lost nor a way to a prototype', () => {
    const value = JSON.parse('{"__proto__":{"a":1},"n":0}') as Record<string, unknown>;
    value['n'] = written('1.50');
    expect(canonicalJson(value)).toBe('{"__proto__":{"a":1},"n":1.5}');
  });

  test('beyond a double is refused', () => {
    expect(() => canonicalJson([written('1e400')])).toThrowError('CANONICAL_INVALID');
  });

  test('and what only looks like one is not JSON', () => {
    const raw = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON('1.10');
    expect(canonicalJson({ a: { rawJSON: '1.10' } })).toBe('{"a":{"rawJSON":"1.10"}}');
    expect(canonicalJson({ a: raw })).not.toBe('{"a":1.1}');
  });
});
