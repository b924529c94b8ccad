import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { includedReferences } from './search-include.ts';
import { parseSearch } from './search-parse.ts';
import { compareForSort } from './search-sort.ts';
import { searchValues } from './search-values.ts';
import type { Resource, SearchValues } from './types.ts';

const query = (type: string, text: string) => parseSearch(type, new URLSearchParams(text));

describe('compareForSort', () => {
  const at = (id: string, effectiveDateTime?: string): SearchValues =>
    searchValues({
      resourceType: 'Observation',
      id,
      ...(effectiveDateTime ? { effectiveDateTime } : {}),
    } as Resource);
  const sorted = (sort: string, values: SearchValues[]): (string | undefined)[] => {
    const parsed = query('Observation', `_sort=${sort}`);
    return values.sort((a, b) => compareForSort(parsed, a, b)).map(({ id }) => id);
  };

  it('sorts by date, missing ones last either way, equals by id', () => {
    const values = (): SearchValues[] => [
      at('d'),
      at('c', '2024-02-01'),
      at('b', '2024-01'),
      at('a', '2024-02-01'),
    ];

    expect(sorted('date', values())).toEqual(['b', 'a', 'c', 'd']);
    expect(sorted('-date', values())).toEqual(['a', 'c', 'b', 'd']);
  });

  it('is a total order', () => {
    const value = fc.tuple(
      fc.string({ minLength: 1, maxLength: 2 }),
      fc.constantFrom(undefined, '2024', '2024-01', '2023-05-06'),
    );

    fc.assert(
      fc.property(value, value, value, fc.constantFrom('date', '-date', '_id'), (a, b, c, sort) => {
        const parsed = query('Observation', `_sort=${sort}`);
        const [x, y, z] = [at(...a), at(...b), at(...c)];

        expect(compareForSort(parsed, x, y) + compareForSort(parsed, y, x)).toBe(0);
        if (compareForSort(parsed, x, y) <= 0 && compareForSort(parsed, y, z) <= 0) {
          expect(compareForSort(parsed, x, z)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });
});

describe('includedReferences', () => {
  it('names what the included parameter refers to, of the wanted type', () => {
    const request: Resource = {
      resourceType: 'MedicationRequest',
      id: 'r',
      subject: { reference: 'Patient/p' },
      medicationReference: { reference: 'Medication/m' },
    };
    const [medication, subject] = query(
      'MedicationRequest',
      '_include=MedicationRequest:medication&_include=MedicationRequest:subject:Group',
    ).includes;

    expect(medication && includedReferences(searchValues(request), medication)).toEqual(['Medication/m']);
    expect(subject && includedReferences(searchValues(request), subject)).toEqual([]);
  });
});
