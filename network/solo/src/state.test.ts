import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareUtf8, createState, type WorldState } from './state.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const text = (value: Uint8Array | undefined): string | undefined => value && Buffer.from(value).toString();
const wellFormed = fc.string({ unit: 'binary', maxLength: 6 });

function put(state: WorldState, block: number, key: string, value: string | undefined): void {
  state.apply([{ namespace: 'n', key, value: value === undefined ? undefined : bytes(value) }], {
    block,
    transaction: 0,
    txId: `tx${block}`,
    timestamp: { seconds: block, nanos: 0 },
  });
}
const keysIn = (state: WorldState, height: number, start = '', end = ''): string[] =>
  [...state.view(height).range('n', start, end)].map(([key]) => key);

describe('the order of keys', () => {
  it('is that of their UTF-8 bytes', () => {
    fc.assert(
      fc.property(wellFormed, wellFormed, (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
    expect(compareUtf8('\u{10ffff}', '\uffff')).toBeGreaterThan(0);
  });

  it('is kept by ranges whatever the order of writing', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(wellFormed.filter((key) => key !== '')),
        wellFormed,
        wellFormed,
        (keys, start, end) => {
          const state = createState();
          for (const [index, key] of keys.entries()) {
            put(state, index, key, 'v');
            // Asking in between must not disturb what is written later.
            if (index % 3 === 0) keysIn(state, index);
          }
          const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
          const expected = sorted.filter(
            (key) => compareUtf8(key, start) >= 0 && (end === '' || compareUtf8(key, end) < 0),
          );

          expect(keysIn(state, keys.length, start, end)).toEqual(expected);
        },
      ),
    );
  });
});

describe('a view of the state', () => {
  it('stands still while blocks are applied', () => {
    const state = createState();
    put(state, 1, 'a', '1');
    const view = state.view(2);
    put(state, 2, 'a', '2');
    put(state, 2, 'b', '2');

    expect(text(view.get('n', 'a')?.value)).toBe('1');
    expect(view.get('n', 'b')).toBeUndefined();
    expect([...view.range('n', '', '')].length).toBe(1);
    expect(view.history('n', 'a').length).toBe(1);
    expect(text(state.view(3).get('n', 'a')?.value)).toBe('2');
  });

  it('stands still also in the middle of a range', () => {
    const state = createState();
    for (const key of ['a', 'c', 'e']) put(state, 1, key, '1');
    const range = state.view(2).range('n', '', '')[Symbol.iterator]();
    const first = range.next().value?.[0];
    put(state, 2, 'b', '2');
    put(state, 2, 'c', undefined);
    keysIn(state, 3);
    const rest = [...{ [Symbol.iterator]: () => range }].map(([key]) => key);

    expect([first, ...rest]).toEqual(['a', 'c', 'e']);
    expect(keysIn(state, 3)).toEqual(['a', 'b', 'e']);
  });

  it('has no deleted key, but its history', () => {
    const state = createState();
    put(state, 1, 'a', '1');
    put(state, 2, 'a', undefined);

    expect(state.view(3).get('n', 'a')).toBeUndefined();
    expect(keysIn(state, 3)).toEqual([]);
    expect(
      state
        .view(3)
        .history('n', 'a')
        .map(({ value, block }) => [block, text(value)]),
    ).toEqual([
      [1, '1'],
      [2, undefined],
    ]);
  });

  it('keeps namespaces apart', () => {
    const state = createState();
    put(state, 1, 'a', '1');

    expect(state.view(2).get('m', 'a')).toBeUndefined();
  });
});
