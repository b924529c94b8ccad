import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largestClass, pad, padText, unpad } from './padding.ts';

describe('padding', () => {
  it('gives the message back, and a length that is a size class', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40_000 }), (message) => {
        const padded = pad(message);
        const text = `${Buffer.from(message).toString('base64')} 字😀`;
        expect(padText(text)).toEqual(pad(Buffer.from(text)));

        expect([8192, 16_384, 32_768, 65_536]).toContain(padded.length);
        expect(Buffer.from(unpad(padded) ?? []).equals(message)).toBe(true);
      }),
    );
  });

  it.each([
    [0, 8192],
    [8188, 8192],
    [8189, 16_384],
    [16_380, 16_384],
    [largestClass - 4, largestClass],
  ])('of %d bytes is %d bytes', (length, expected) => {
    expect(pad(Buffer.alloc(length, 1)).length).toBe(expected);
  });

  it('refuses a message beyond the largest class', () => {
    expect(() => pad(Buffer.alloc(largestClass - 3))).toThrow(RangeError);
  });

  it('has one form: whatever byte of it is changed is refused or changes the message', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(8191),
        fc.integer({ min: 1, max: 255 }),
        (message, at, by) => {
          const padded = Buffer.from(pad(message));
          padded[at] = (padded[at] ?? 0) ^ by;
          const opened = unpad(padded);

          expect(opened === undefined || !Buffer.from(opened).equals(message)).toBe(true);
          expect(opened === undefined || Buffer.from(pad(opened)).equals(padded)).toBe(true);
        },
      ),
    );
  });

  it('never throws on what is not padded', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000 }), (bytes) => {
        expect(unpad(bytes)).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });
});
