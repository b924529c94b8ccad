import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EvidenceError } from './errors.ts';
import { deflate, inflate } from './inflate.ts';
import { inflateWith as inflatePortable } from './inflate-portable.ts';

const limit = 100_000;
const content = fc.oneof(
  fc.uint8Array({ maxLength: 2_000 }),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(900)).map(([part, times]) => {
    const bytes = new Uint8Array(part.length * times);
    for (let turn = 0; turn < times; turn += 1) bytes.set(part, turn * part.length);
    return bytes;
  }),
);

function outcome(work: () => Uint8Array): string {
  try {
    return Buffer.from(work()).toString('hex');
  } catch (error) {
    if (error instanceof EvidenceError) return error.code;
    throw error;
  }
}

test('both inflaters give back what any effort of DEFLATE made of it', () => {
  fc.assert(
    fc.property(content, fc.constantFrom(0, 1, 6, 9), (bytes, level) => {
      const packed = new Uint8Array(deflateRawSync(bytes, { level }));

      for (const open of [inflate, inflatePortable])
        expect(Buffer.compare(open(packed, limit), bytes)).toBe(0);
      expect(Buffer.compare(inflate(deflate(bytes), limit), bytes)).toBe(0);
    }),
  );
});

test('both inflaters judge cut, bent and arbitrary streams alike, and never throw anything else', () => {
  fc.assert(
    fc.property(content, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat(2), (bytes, at, what, kind) => {
      const packed = new Uint8Array(deflateRawSync(bytes, { level: 9 }));
      const place = at % packed.length;
      packed[place] = (packed[place] ?? 0) ^ what;
      const stream = [packed, packed.slice(0, place), bytes][kind] ?? packed;

      expect(outcome(() => inflatePortable(stream, limit))).toBe(outcome(() => inflate(stream, limit)));
    }),
    { numRuns: 2_000 },
  );
});

test('a bomb and bytes after the end are refused', () => {
  const bomb = new Uint8Array(deflateRawSync(new Uint8Array(5_000_000), { level: 9 }));
  const longer = Uint8Array.from([...deflate(Uint8Array.of(1, 2, 3)), 0]);

  for (const open of [inflate, inflatePortable]) {
    expect(outcome(() => open(bomb, limit))).toBe('PROOF_TOO_LARGE');
    expect(outcome(() => open(longer, limit))).toBe('PROOF_MALFORMED');
  }
});
