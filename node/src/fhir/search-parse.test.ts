import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FhirError } from './errors.ts';
import { parseEverything, parseHistory } from './history-parse.ts';
import { includedReferences } from './search-include.ts';
import { parseSearch } from './search-parse.ts';
import { compareForSort } from './search-sort.ts';
import { searchValues } from './search-values.ts';
import type { Resource, SearchValues } from './types.ts';

const query = (type: string, text: string) => parseSearch(type, new URLSearchParams(text));

/** The stable code of a refusal, or `accepted`. */
function outcome(work: () => unknown): string {
  try {
    work();
    return 'accepted';
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return error.code;
  }
}

describe('parseSearch', () => {
  it.each([
    ['weight=5', 'FHIR_UNKNOWN_PARAMETER'],
    ['constructor=5', 'FHIR_UNKNOWN_PARAMETER'],
    ['__proto__=5', 'FHIR_UNKNOWN_PARAMETER'],
    ['toString=5', 'FHIR_UNKNOWN_PARAMETER'],
    ['=5', 'FHIR_UNKNOWN_PARAMETER'],
    ['_has:Observation:patient:code=1', 'FHIR_UNKNOWN_PARAMETER'],
    ['subject.name=x', 'FHIR_UNKNOWN_PARAMETER'],
    ['subject:Patient.name=x', 'FHIR_UNKNOWN_PARAMETER'],
    ['_filter=x', 'FHIR_UNKNOWN_PARAMETER'],
    ['_text=x', 'FHIR_UNKNOWN_PARAMETER'],
    ['_content=x', 'FHIR_UNKNOWN_PARAMETER'],
    ['_query=x', 'FHIR_UNKNOWN_PARAMETER'],
    ['_contained=true', 'FHIR_UNKNOWN_PARAMETER'],
    ['code:in=http://x.example', 'FHIR_UNKNOWN_PARAMETER'],
    ['code:exact=x', 'FHIR_UNKNOWN_PARAMETER'],
    ['subject:Practitioner=x', 'FHIR_UNKNOWN_PARAMETER'],
    ['code:not:missing=true', 'FHIR_UNKNOWN_PARAMETER'],
    ['_id:not=1', 'FHIR_UNKNOWN_PARAMETER'],
    ['code=', 'FHIR_PARAMETER_INVALID'],
    ['code=a,,b', 'FHIR_PARAMETER_INVALID'],
    ['code=a|b|c', 'FHIR_PARAMETER_INVALID'],
    ['code=|', 'FHIR_PARAMETER_INVALID'],
    ['code:missing=maybe', 'FHIR_PARAMETER_INVALID'],
    ['code=a%00b', 'FHIR_PARAMETER_INVALID'],
    ['subject=https://elsewhere.example/Patient/1', 'FHIR_PARAMETER_INVALID'],
    ['subject=Patient/..', 'FHIR_PARAMETER_INVALID'],
    ['subject=Claim/1', 'FHIR_PARAMETER_INVALID'],
    ['subject:Patient=Group/1', 'FHIR_PARAMETER_INVALID'],
    ['date=yesterday', 'FHIR_PARAMETER_INVALID'],
    ['date=2024-02-30', 'FHIR_PARAMETER_INVALID'],
    ['date=xx2024', 'FHIR_PARAMETER_INVALID'],
    ['_lastUpdated=2024-13', 'FHIR_PARAMETER_INVALID'],
    ['value-quantity=heavy', 'FHIR_PARAMETER_INVALID'],
    ['value-quantity=1e999', 'FHIR_PARAMETER_INVALID'],
    ['value-quantity=NaN', 'FHIR_PARAMETER_INVALID'],
    ['value-quantity=5|kg', 'FHIR_PARAMETER_INVALID'],
    ['_id=a/b', 'FHIR_PARAMETER_INVALID'],
    ['_count=1000000000', 'FHIR_PARAMETER_INVALID'],
    ['_count=1e9', 'FHIR_PARAMETER_INVALID'],
    ['_count=-1', 'FHIR_PARAMETER_INVALID'],
    ['_count=1001', 'FHIR_PARAMETER_INVALID'],
    ['_count=', 'FHIR_PARAMETER_INVALID'],
    ['_count=1&_count=2', 'FHIR_PARAMETER_INVALID'],
    ['_sort=weight', 'FHIR_PARAMETER_INVALID'],
    ['_sort=date,', 'FHIR_PARAMETER_INVALID'],
    ['_sort=--date', 'FHIR_PARAMETER_INVALID'],
    ['_sort=date,code,status,subject,encounter', 'FHIR_SEARCH_TOO_COSTLY'],
    ['_include=*', 'FHIR_PARAMETER_INVALID'],
    ['_include=Observation:*', 'FHIR_PARAMETER_INVALID'],
    ['_include=Observation:code', 'FHIR_PARAMETER_INVALID'],
    ['_include=Encounter:subject', 'FHIR_PARAMETER_INVALID'],
    ['_include=Observation:subject:Claim', 'FHIR_PARAMETER_INVALID'],
    ['_include:iterate=Observation:encounter', 'FHIR_UNKNOWN_PARAMETER'],
    ['_revinclude:iterate=Observation:has-member', 'FHIR_UNKNOWN_PARAMETER'],
    ['_revinclude=Claim:patient', 'FHIR_PARAMETER_INVALID'],
    ['_revinclude=Nothing:patient', 'FHIR_PARAMETER_INVALID'],
    ['_summary=some', 'FHIR_PARAMETER_INVALID'],
    ['_elements=weight', 'FHIR_PARAMETER_INVALID'],
    ['_elements=constructor', 'FHIR_PARAMETER_INVALID'],
    ['_total=many', 'FHIR_PARAMETER_INVALID'],
    ['_cursor=a/b', 'FHIR_PARAMETER_INVALID'],
    ['_format=xml', 'FHIR_FORMAT_UNSUPPORTED'],
    ['_format=application/fhir%2Bxml', 'FHIR_FORMAT_UNSUPPORTED'],
  ])('refuses Observation?%s', (text, code) => {
    expect(outcome(() => query('Observation', text))).toBe(code);
  });

  it('refuses more than 100 OR-values, 40 parameters, 10 includes, and long values', () => {
    const many = (count: number, text: string, separator: string): string =>
      Array.from({ length: count }, () => text).join(separator);

    expect(outcome(() => query('Observation', `code=${many(100, 'a', ',')}`))).toBe('accepted');
    expect(outcome(() => query('Observation', `code=${many(500, 'a', ',')}`))).toBe('FHIR_SEARCH_TOO_COSTLY');
    expect(outcome(() => query('Observation', many(41, 'code=a', '&')))).toBe('FHIR_SEARCH_TOO_COSTLY');
    expect(outcome(() => query('Observation', many(11, '_include=Observation:encounter', '&')))).toBe(
      'FHIR_SEARCH_TOO_COSTLY',
    );
    expect(outcome(() => query('Observation', `code=${'a'.repeat(1025)}`))).toBe('FHIR_PARAMETER_INVALID');
    expect(outcome(() => query('Observation', `code=${'a'.repeat(100_000)}`))).toBe('FHIR_PARAMETER_INVALID');
  });

  it('refuses types it does not know', () => {
    expect(outcome(() => query('Basic', ''))).toBe('FHIR_TYPE_UNSUPPORTED');
    expect(outcome(() => query('constructor', ''))).toBe('FHIR_TYPE_UNSUPPORTED');
  });

  it('reads the result parameters', () => {
    const parsed = query(
      'Observation',
      '_count=20&_sort=-date,code&_summary=data&_total=accurate&_include=Observation:encounter&_revinclude=Provenance:target' +
        '&_elements=code,value&_cursor=abc-1&_format=application/fhir%2Bjson&_pretty=true',
    );

    expect(parsed).toMatchObject({
      count: 20,
      summary: 'data',
      total: 'accurate',
      elements: ['code', 'value'],
      cursor: 'abc-1',
      criteria: [],
    });
    expect(parsed.sort.map(({ parameter, direction }) => [parameter.code, direction])).toEqual([
      ['date', 'descending'],
      ['code', 'ascending'],
    ]);
    expect(parsed.includes.map(({ sourceType, parameter }) => [sourceType, parameter.code])).toEqual([
      ['Observation', 'encounter'],
    ]);
    expect(parsed.revincludes.map(({ sourceType, targetType }) => [sourceType, targetType])).toEqual([
      ['Provenance', 'Observation'],
    ]);
    expect(query('Observation', '')).toMatchObject({ count: 50, cursor: undefined, summary: 'false' });
  });

  it('says which patient, ids or identifiers confine the search', () => {
    expect(query('Observation', 'patient=p1').patientId).toBe('p1');
    expect(query('Observation', 'subject=Patient/p1&code=x').patientId).toBe('p1');
    expect(query('Observation', 'subject:Patient=p1').patientId).toBe('p1');
    expect(query('Patient', '_id=p1')).toMatchObject({ patientId: 'p1', ids: ['p1'] });
    expect(query('Patient', 'identifier=http://x.example|1').identifiers).toEqual([
      { system: 'http://x.example', value: '1' },
    ]);
  });

  it.each([
    ['Observation', 'subject=p1'],
    ['Observation', 'patient=p1,p2'],
    ['Observation', 'subject=Group/p1'],
    ['Observation', 'performer=Patient/p1'],
    ['Observation', 'patient:missing=true'],
    ['Observation', 'code=p1'],
    ['Patient', '_id=p1,p2'],
    ['Patient', 'link=Patient/p1'],
  ])('does not take %s?%s as confined to one patient', (type, text) => {
    expect(query(type, text).patientId).toBeUndefined();
  });

  it('is not confined to identifiers by a value without its system or by a negation', () => {
    expect(query('Patient', 'identifier=1').identifiers).toBeUndefined();
    expect(query('Patient', 'identifier=http://x.example|1,2').identifiers).toBeUndefined();
    expect(query('Patient', 'identifier:not=http://x.example|1').identifiers).toBeUndefined();
  });

  it('keeps escaped separators in the value', () => {
    const [criterion] = query('Patient', 'family=a\\,b').criteria;

    expect(criterion?.operands).toEqual([{ kind: 'string', text: 'a,b' }]);
  });

  it('answers any query with a bounded plan or a FhirError, quickly', () => {
    const name = fc.oneof(
      fc.constantFrom(
        'code',
        'date',
        'value-quantity',
        'subject',
        '_sort',
        '_include',
        '_count',
        '_elements',
      ),
      fc.string(),
    );
    const hostile = fc.constantFrom(
      'a'.repeat(5000),
      '\\'.repeat(5000),
      ','.repeat(5000),
      '|'.repeat(5000),
      '1'.repeat(5000),
      'T00:00'.repeat(900),
    );

    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.oneof(fc.string(), hostile)), { maxLength: 6 }), (pairs) => {
        const startedAt = performance.now();
        outcome(() => parseSearch('Observation', pairs));
        expect(performance.now() - startedAt).toBeLessThan(100);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('parseHistory and parseEverything', () => {
  it('read instants, pages and types', () => {
    const since = parseHistory(new URLSearchParams('_since=2024-01-01T00:00:00+08:00&_count=5')).since;

    expect(since).toBe(Date.parse('2023-12-31T16:00:00Z'));
    expect(
      parseEverything([
        ['_type', 'Observation,Condition'],
        ['start', '2024'],
        ['end', '2024'],
      ]),
    ).toMatchObject({
      types: ['Observation', 'Condition'],
      start: Date.UTC(2024, 0, 1),
      end: Date.UTC(2025, 0, 1),
    });
  });

  it.each([
    '_since=2024',
    '_since=yesterday',
    '_since=2024-02-30T00:00:00Z',
    '_count=1e9',
    '_cursor=',
    '_count=1&_count=1',
  ])('refuse _history?%s', (text) => {
    expect(outcome(() => parseHistory(new URLSearchParams(text)))).toBe('FHIR_PARAMETER_INVALID');
  });

  it.each(['_type=Basic', '_type=', 'start=x', 'end=2024-01-01T00:00:00Z'])(
    'refuse $everything?%s',
    (text) => {
      expect(outcome(() => parseEverything(new URLSearchParams(text)))).toBe('FHIR_PARAMETER_INVALID');
    },
  );

  it('refuse what they do not know', () => {
    expect(outcome(() => parseHistory([['_at', '2024']]))).toBe('FHIR_UNKNOWN_PARAMETER');
    expect(outcome(() => parseHistory([['start', '2024']]))).toBe('FHIR_UNKNOWN_PARAMETER');
    expect(outcome(() => parseEverything([['toString', '1']]))).toBe('FHIR_UNKNOWN_PARAMETER');
  });
});

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
