import { describe, expect, it } from 'vitest';
import { byteaArray } from '../lib/bytea-array.ts';
import { leafColumns } from './append.ts';
import type { NewLeaf } from './types.ts';

const at = '2026-06-01T08:00:00.000Z';
const leaf: NewLeaf = { kind: 'record', digest: new Uint8Array(32), at };

describe('the leaves that are appended', () => {
  it('become columns in their order', () => {
    const other: NewLeaf = {
      kind: 'access',
      digest: new Uint8Array(32).fill(1),
      at: '2026-06-01T08:00:00.001Z',
    };

    expect(leafColumns([leaf, other])).toEqual([
      [1, 4],
      byteaArray([leaf.digest, other.digest]),
      [leaf.at, other.at],
    ]);
  });

  it.each<[string, Partial<NewLeaf>]>([
    ['a digest of another length', { digest: new Uint8Array(31) }],
    ['a time without milliseconds', { at: '2026-06-01T08:00:00Z' }],
    ['a day that does not exist', { at: '2026-06-31T08:00:00.000Z' }],
    ['an hour that does not exist', { at: '2026-06-01T24:00:00.000Z' }],
    ['no time', { at: '' }],
  ])('are refused together where one has %s', (_what, wrong) => {
    const refused = expect.objectContaining({ code: 'EVIDENCE_LEAF_INVALID' });

    expect(() => leafColumns([leaf, { ...leaf, ...wrong }, leaf])).toThrow(refused);
  });
});
