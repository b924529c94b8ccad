import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FhirError } from './errors.ts';
import { parseSearch } from './search-parse.ts';

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

  it('refuses more than 100 OR-values, 400 values, 40 parameters, 10 includes, and long values', () => {
    const many = (count: number, text: string, separator: string): string =>
      Array.from({ length: count }, () => text).join(separator);

    expect(outcome(() => query('Observation', `code=${many(100, 'a', ',')}`))).toBe('accepted');
    expect(outcome(() => query('Observation', `code=${many(500, 'a', ',')}`))).toBe('FHIR_SEARCH_TOO_COSTLY');
    expect(outcome(() => query('Observation', many(41, 'code=a', '&')))).toBe('FHIR_SEARCH_TOO_COSTLY');
    const hundred = `code=${many(100, 'a', ',')}`;
    expect(outcome(() => query('Observation', many(4, hundred, '&')))).toBe('accepted');
    expect(outcome(() => query('Observation', `${many(4, hundred, '&')}&code=a`))).toBe(
      'FHIR_SEARCH_TOO_COSTLY',
    );
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
    expect(query('AuditEvent', 'patient=p1').patientId).toBe('p1');
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
    ['AuditEvent', 'entity=Patient/p1'],
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

    expect(criterion?.operands).toEqual([{ kind: 'string', exact: 'a,b', folded: 'a,b' }]);
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
        expect(performance.now() - startedAt).toBeLessThan(1000);
      }),
      { numRuns: 2000 },
    );
  });
});
