import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, percentile } from './statistics.ts';

describe('bench statistics', () => {
  it('takes the middle value, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it('takes the nearest rank', () => {
    const oneToHundred = Array.from({ length: 100 }, (_, place) => 100 - place);

    expect(percentile(oneToHundred, 0.99)).toBe(99);
    expect(percentile(oneToHundred, 1)).toBe(100);
  });

  it('stays between the smallest and the largest value', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, min: 0, max: 1e9 }), { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, at) => {
          const value = percentile(values, at);
          return value >= Math.min(...values) && value <= Math.max(...values);
        },
      ),
    );
  });

  it('refuses an empty list', () => {
    expect(() => median([])).toThrow('no values');
  });
});
