import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNationalId } from './national-id.ts';

const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const withCheck = (digits: string): string =>
  digits + '10X98765432'[weights.reduce((sum, weight, at) => sum + weight * Number(digits[at]), 0) % 11];

describe('parseNationalId', () => {
  it('takes the example of GB 11643-1999 and puts a small x in upper case', () => {
    expect(parseNationalId('11010519491231002X')).toBe('11010519491231002X');
    expect(parseNationalId('11010519491231002x')).toBe('11010519491231002X');
    expect(parseNationalId('440524188001010014')).toBe('440524188001010014');
  });

  it.each([
    ['a wrong check character', '110105194912310021'],
    ['an X within', '1101051949123100X2'],
    ['15 digits', '110105491231002'],
    ['19 characters', '11010519491231002X1'],
    ['a date that does not exist', withCheck('99999920230230001')],
    ['a full-width digit', '１1010519491231002X'],
    ['a space', ' 11010519491231002X'],
    ['a line feed after it', '11010519491231002X\n'],
    ['nothing', ''],
  ])('refuses %s', (_name, text) => {
    expect(() => parseNationalId(text)).toThrow('IDENTITY_NATIONAL_ID_INVALID');
  });

  it('notices every single wrong digit and every swap of neighbours (ISO 7064 MOD 11-2)', () => {
    const id = '11010519491231002X';

    fc.assert(
      fc.property(fc.nat(16), fc.nat(9), (at, digit) => {
        const wrong = id.slice(0, at) + String(digit) + id.slice(at + 1);
        if (wrong !== id) expect(() => parseNationalId(wrong)).toThrow('IDENTITY_NATIONAL_ID_INVALID');
        const swapped = id.slice(0, at) + id[at + 1] + id[at] + id.slice(at + 2);
        if (swapped !== id) expect(() => parseNationalId(swapped)).toThrow('IDENTITY_NATIONAL_ID_INVALID');
      }),
    );
  });
});
