import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hex, utf8 } from './bytes.ts';
import { canonicalJson } from './canonical.ts';
import { commit } from './commitment.ts';
import {
  commitRecord,
  discloseRecord,
  disclosureMatches,
  openDisclosure,
  type RecordDisclosure,
} from './record-commitment.ts';

const salt = Uint8Array.from({ length: 32 }, (_, at) => at);
const resource = {
  resourceType: 'Observation',
  status: 'final',
  _status: { id: 's' },
  valueQuantity: { value: 118.5, unit: 'mmHg' },
};

const recordArbitrary = fc.dictionary(fc.stringMatching(/^[a-z][A-Za-z0-9]{0,12}$/), fc.jsonValue(), {
  minKeys: 1,
  maxKeys: 12,
});
const saltArbitrary = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('a record’s commitment', () => {
  test('is computed as documented, with any other implementation of the same hashes', () => {
    const digests = Object.entries(resource)
      .map(([name, value]) => {
        const elementSalt = createHmac('sha256', salt).update(`medseal/element-salt/v1\n${name}`).digest();
        const text = canonicalJson({ [name]: value });
        return [
          name,
          createHash('sha256').update('medseal/element/v1\n').update(elementSalt).update(text).digest('hex'),
        ];
      })
      .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
    const expected = createHash('sha256')
      .update('medseal/record/v1\n')
      .update(canonicalJson(digests))
      .digest('hex');

    expect(hex(commitRecord(resource, salt))).toBe(expected);
  });

  test('is the same whatever was withheld, and shows exactly the rest', () => {
    fc.assert(
      fc.property(recordArbitrary, saltArbitrary, fc.func(fc.boolean()), (record, someSalt, hides) => {
        const names = Object.keys(record).sort();
        const withheld = new Set(names.filter((name) => hides(name)));

        const disclosure = JSON.parse(
          JSON.stringify(discloseRecord(record, someSalt, withheld)),
        ) as RecordDisclosure;
        const opened = openDisclosure(disclosure);

        expect(opened.digest).toEqual(commitRecord(record, someSalt));
        expect(opened.withheld).toEqual([...withheld]);
        expect(Object.keys(opened.resource)).toEqual(names.filter((name) => !withheld.has(name)));
        for (const [name, value] of Object.entries(opened.resource))
          expect(canonicalJson(value)).toBe(canonicalJson(record[name]));
      }),
    );
  });

  test('changes with every value, name and salt', () => {
    fc.assert(
      fc.property(recordArbitrary, saltArbitrary, fc.jsonValue(), (record, someSalt, other) => {
        const digest = hex(commitRecord(record, someSalt));
        const [name = ''] = Object.keys(record);
        if (canonicalJson(record[name]) !== canonicalJson(other)) {
          expect(hex(commitRecord({ ...record, [name]: other }, someSalt))).not.toBe(digest);
        }
        expect(hex(commitRecord({ ...record, zzzzAnother: 1 }, someSalt))).not.toBe(digest);
        expect(
          hex(
            commitRecord(
              record,
              someSalt.map((byte) => byte ^ 1),
            ),
          ),
        ).not.toBe(digest);
      }),
    );
  });

  test('gives a withheld element away neither by its value nor by another element’s salt', () => {
    const disclosure = discloseRecord({ status: 'final', note: 'HIV' }, salt, new Set(['note']));

    const text = JSON.stringify(disclosure);
    expect(text).not.toContain('HIV');
    expect(text).not.toContain(hex(salt));
    // Guessing the value needs the salt of this very element.
    const shown = disclosure.elements.find((element) => 'salt' in element);
    const guess = {
      elements: disclosure.elements.map(({ name }) => ({
        name,
        value: name === 'note' ? 'HIV' : 'final',
        salt: shown && 'salt' in shown ? shown.salt : '',
      })),
    };
    expect(disclosureMatches(guess, commitRecord({ status: 'final', note: 'HIV' }, salt))).toBe(false);
  });

  test('is refused for what is no record or no salt', () => {
    for (const bad of [{}, { 'a b': 1 }, { '': 1 }, { 'a.b': 1 }, JSON.parse('{"__proto__":1}')]) {
      expect(() => commitRecord(bad, salt)).toThrowError('COMMITMENT_INVALID');
    }
    expect(() => commitRecord({ a: undefined }, salt)).toThrowError('CANONICAL_INVALID');
    expect(() => commitRecord(resource, salt.subarray(1))).toThrowError('COMMITMENT_INVALID');
    const wide = Object.fromEntries(Array.from({ length: 513 }, (_, at) => [`e${at}`, 1]));
    expect(() => commitRecord(wide, salt)).toThrowError('COMMITMENT_INVALID');
  });
});

describe('opening a disclosure', () => {
  test('refuses everything that is not exactly one', () => {
    const element = { name: 'status', value: 'final', salt: hex(salt) };
    const hostile: unknown[] = [
      null,
      [],
      {},
      { elements: [] },
      { elements: 'x' },
      { elements: [element], more: 1 },
      { elements: [null] },
      { elements: [{ ...element, more: 1 }] },
      { elements: [{ name: 'status', value: 'final' }] },
      { elements: [{ ...element, digest: hex(salt) }] },
      { elements: [{ ...element, salt: hex(salt).toUpperCase() }] },
      { elements: [{ ...element, salt: 'ab' }] },
      { elements: [{ ...element, salt: 7 }] },
      { elements: [{ ...element, name: '__proto__' }] },
      { elements: [{ ...element, name: ['status'] }] },
      { elements: [{ name: 'status', digest: '00' }] },
      { elements: [element, element] },
      { elements: [element, { ...element, name: 'a' }] },
      {
        elements: Array.from({ length: 513 }, (_, at) => ({
          ...element,
          name: `a${String(at).padStart(4, '0')}`,
        })),
      },
    ];
    for (const disclosure of hostile) {
      expect(() => openDisclosure(disclosure as RecordDisclosure)).toThrowError('DISCLOSURE_INVALID');
      expect(disclosureMatches(disclosure as RecordDisclosure, salt)).toBe(false);
    }
  });
});

describe('a document’s commitment', () => {
  test('depends on its domain, content and salt', () => {
    const digest = hex(commit('consent', { a: 1 }, salt));

    expect(digest).toBe(
      createHash('sha256').update('medseal/consent/v1\n').update(salt).update('{"a":1}').digest('hex'),
    );
    expect(hex(commit('decision', { a: 1 }, salt))).not.toBe(digest);
    expect(hex(commit('consent', { a: 2 }, salt))).not.toBe(digest);
    expect(hex(commit('consent', { a: 1 }, utf8('a'.repeat(32))))).not.toBe(digest);
    expect(() => commit('consent', {}, new Uint8Array(31))).toThrowError('COMMITMENT_INVALID');
  });
});
