import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromUtf8, hex, utf8 } from './bytes.ts';
import { type Leaf, leafBytes, leafHash, leafOf, parseLeaf } from './leaf.ts';

const leaf: Leaf = {
  v: 1,
  kind: 'record',
  tenant: 'hospital-a',
  digest: 'ab'.repeat(32),
  at: '2026-06-01T08:00:00.000Z',
};

describe('a leaf', () => {
  test('has one text, whatever order its members come in', () => {
    const reversed = Object.fromEntries(Object.entries(leaf).reverse()) as Leaf;

    expect(fromUtf8(leafBytes(reversed))).toBe(
      `{"at":"2026-06-01T08:00:00.000Z","digest":"${'ab'.repeat(32)}","kind":"record","tenant":"hospital-a","v":1}`,
    );
  });

  test('is read back from its bytes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Leaf['kind']>('record', 'consent', 'decision', 'access', 'administration'),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
        (kind, digest, at) => {
          const some: Leaf = { v: 1, kind, tenant: 'a', digest: hex(digest), at: at.toISOString() };
          expect(parseLeaf(leafBytes(some))).toEqual(some);
        },
      ),
    );
  });

  test('is hashed with the leaf prefix of RFC 9162', () => {
    expect(hex(leafHash(utf8('')))).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  });

  test('is refused with any member wrong, missing or added', () => {
    const { at: _at, ...incomplete } = leaf;
    for (const bad of [
      null,
      [],
      incomplete,
      { ...leaf, more: 1 },
      { ...leaf, v: 2 },
      { ...leaf, v: '1' },
      { ...leaf, kind: 'other' },
      { ...leaf, kind: ['record'] },
      { ...leaf, tenant: 'Hospital-A' },
      { ...leaf, tenant: '-a' },
      { ...leaf, tenant: '' },
      { ...leaf, tenant: 'a'.repeat(65) },
      { ...leaf, digest: 'AB'.repeat(32) },
      { ...leaf, digest: 'ab'.repeat(31) },
      { ...leaf, at: '2026-06-01T08:00:00Z' },
      { ...leaf, at: '2026-06-31T08:00:00.000Z' },
      { ...leaf, at: '2026-06-01T24:00:00.000Z' },
      { ...leaf, at: '2026-06-01T08:00:00.000+00:00' },
    ]) {
      expect(() => leafOf(bad)).toThrowError('LEAF_INVALID');
    }
  });

  test('is refused in any other text than its canonical one', () => {
    const text = fromUtf8(leafBytes(leaf));
    for (const other of [
      ` ${text}`,
      `${text}\n`,
      text.replace('"v":1', '"v":1.0'),
      JSON.stringify(leaf),
      'x',
      'x'.repeat(600),
    ]) {
      expect(() => parseLeaf(utf8(other))).toThrowError('LEAF_INVALID');
    }
  });
});
