import fc from 'fast-check';
import { expect, it } from 'vitest';
import { gatherBytes } from './gather-bytes.ts';

it('gives back what came in, whatever the pieces', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.uint8Array({ minLength: 4_000, maxLength: 20_000 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const gathered = gatherBytes();

      const taken = pieces.map((each) => gathered.add(each));

      expect(gathered.bytes().equals(Buffer.concat(pieces))).toBe(true);
      expect(gathered.size).toBe(Buffer.concat(pieces).length);
      expect(taken.every(Boolean)).toBe(true);
    }),
    { numRuns: 50 },
  );
});

it('says when there are too many', () => {
  const gathered = gatherBytes();
  const one = Buffer.from('x');

  for (let count = 0; count < 50_000; count += 1) expect(gathered.add(one)).toBe(true);

  expect(gathered.add(one)).toBe(false);
});
