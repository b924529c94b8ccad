import { describe, expect, it } from 'vitest';
import { newSecret } from './ids.ts';

describe('secrets', () => {
  it('have the size asked for, whether it fits what is left of the pool or not', () => {
    for (const size of [0, 1, 12, 32, 255, 256, 257, 20_000]) expect(newSecret(size)).toHaveLength(size);
  });

  it('are given out once', () => {
    const seen = new Set(Array.from({ length: 20_000 }, () => Buffer.from(newSecret(16)).toString('hex')));

    expect(seen.size).toBe(20_000);
  });

  it('share no memory with each other', () => {
    const [first, second] = [newSecret(32), newSecret(32)];
    const before = Buffer.from(second);

    first.fill(0);
    expect(Buffer.from(second)).toEqual(before);
    expect(first.buffer).not.toBe(second.buffer);
  });
});
