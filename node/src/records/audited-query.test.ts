import { describe, expect, it } from 'vitest';
import { auditedQuery } from './audited-query.ts';

const audited = (text: string): string => {
  const [path = '', query = ''] = text.split('?');
  return auditedQuery(path, new URLSearchParams(query));
};

describe('the query that the audit keeps', () => {
  it('says what was asked, and no value that names a person or a finding', () => {
    expect(
      audited('/fhir/R4/Patient?identifier=urn:oid:2.16.156.10011.1.3|110101199001011237&_count=5'),
    ).toBe('/fhir/R4/Patient?identifier=*&_count=5');
    expect(audited('/fhir/R4/Condition?patient=p1&code=B20&_sort=-date')).toBe(
      '/fhir/R4/Condition?patient=p1&code=*&_sort=-date',
    );
    expect(audited('/fhir/R4/Patient?name:exact=%E5%BC%A0%E4%B8%89')).toBe('/fhir/R4/Patient?name%3Aexact=*');
  });

  it('keeps nothing that is no name of a parameter', () => {
    expect(audited('/fhir/R4/Patient?110101199001011237=1')).toBe('/fhir/R4/Patient?*=*');
    expect(audited('/fhir/R4/Patient?%E5%BC%A0%E4%B8%89')).toBe('/fhir/R4/Patient?*=*');
  });

  it('is the path where there are no parameters', () => {
    expect(audited('/fhir/R4/Patient/p1')).toBe('/fhir/R4/Patient/p1');
  });
});
