import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compartmentPatients } from './compartment.ts';
import { matches } from './search-match.ts';
import { parseSearch } from './search-parse.ts';
import { parametersOf } from './search-table.ts';
import { searchValues } from './search-values.ts';
import { supportedTypes } from './supported-types.ts';
import { sampleOf, smallSet } from './test-data.ts';
import type { Resource, SearchValues } from './types.ts';

const query = (type: string, text: string) => parseSearch(type, new URLSearchParams(text));
/** As it is sealed: what does not survive JSON must not matter. */
const indexed = (resource: Resource): SearchValues => JSON.parse(JSON.stringify(searchValues(resource)));
const hit = (resource: Resource, text: string): boolean =>
  matches(indexed(resource), query(resource.resourceType, text));

const SNOMED = 'http://snomed.info/sct';
const observation: Resource = {
  resourceType: 'Observation',
  id: 'o1',
  meta: { lastUpdated: '2026-03-04T05:06:07.008Z', security: [{ system: 'http://x.example/s', code: 'N' }] },
  status: 'final',
  category: [{ coding: [{ system: 'http://x.example/cat', code: 'vital-signs' }] }],
  code: {
    coding: [{ system: 'http://loinc.org', code: '29463-7', display: 'Body Weight' }, { code: 'local 1' }],
  },
  subject: { reference: 'Patient/p1' },
  encounter: { reference: 'Encounter/e1/_history/3' },
  effectiveDateTime: '2024-05-06T10:20:30+08:00',
  valueQuantity: { value: 72.5, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' },
};
const patient: Resource = {
  resourceType: 'Patient',
  id: 'p1',
  active: true,
  birthDate: '1980-02-29',
  gender: 'female',
  name: [{ family: 'Müller', given: ['Anna Maria', 'Zoë'] }, { text: '张三' }],
  telecom: [
    { system: 'phone', value: '555-1' },
    { system: 'email', value: 'a@x.example' },
  ],
  identifier: [{ system: 'http://x.example/id', value: '42' }, { value: 'bare' }],
  address: [{ city: 'Saint Paul', country: 'US' }],
};

describe('matches', () => {
  it.each([
    ['code', '29463-7', true],
    ['code', 'http://loinc.org|29463-7', true],
    ['code', 'http://loinc.org|', true],
    ['code', '|local 1', true],
    ['code', '|29463-7', false],
    ['code', `${SNOMED}|29463-7`, false],
    ['code', '29463', false],
    ['code', `${SNOMED}|1,http://loinc.org|29463-7`, true],
    ['code:not', '29463-7', false],
    ['code:not', 'other', true],
    ['combo-code', '29463-7', true],
    ['status', 'final', true],
    ['status', 'http://hl7.org/fhir/observation-status|final', true],
    ['status', 'http://x.example|final', false],
    ['status', '|final', false],
    ['category', 'vital-signs', true],
    ['subject', 'Patient/p1', true],
    ['subject', 'p1', true],
    ['subject:Patient', 'p1', true],
    ['subject:Group', 'p1', false],
    ['patient', 'p1', true],
    ['patient', 'Patient/p2', false],
    ['encounter', 'e1', true],
    ['_id', 'o1', true],
    ['_id', 'o2,o1', true],
    ['_security', 'N', true],
    ['_tag:missing', 'true', true],
    ['_lastUpdated', '2026-03-04', true],
    ['_lastUpdated', 'gt2026-03-05', false],
    ['value-quantity', '72.5', true],
    ['value-quantity', '73', true],
    ['value-quantity', '72.4', false],
    ['value-quantity', 'gt72.5', false],
    ['value-quantity', 'ge72.5', true],
    ['value-quantity', 'lt73', true],
    ['value-quantity', 'ap70', true],
    ['value-quantity', 'ne72.5', false],
    ['value-quantity', '72.5|http://unitsofmeasure.org|kg', true],
    ['value-quantity', '72.5||kg', true],
    ['value-quantity', '72.5|http://unitsofmeasure.org|g', false],
    ['value-quantity', '7.25e1', true],
    ['component-code:missing', 'true', true],
    ['code:missing', 'true', false],
  ])('answers Observation?%s=%s with %s', (name, value, expected) => {
    const parameters = new URLSearchParams([[name, value]]);

    expect(matches(indexed(observation), parseSearch('Observation', parameters))).toBe(expected);
  });

  it.each([
    ['2024-05-06', true],
    ['2024-05', true],
    ['2024', true],
    ['2023', false],
    ['2024-05-06T02:20:30Z', true],
    ['2024-05-06T10:20:30+08:00', true],
    ['2024-05-06T02:20', true],
    ['2024-05-06T02:20:31Z', false],
    ['ne2024-05-06', false],
    ['gt2024-05-05', true],
    ['gt2024-05-06', false],
    ['ge2024-05-06', true],
    ['lt2024-05-07', true],
    ['le2024-05-06', true],
    ['lt2024-05-06', false],
    ['sa2024-05-05', true],
    ['sa2024-05-06', false],
    ['eb2024-05-07', true],
    ['eb2024-05-06', false],
    ['ap2024-05-07', true],
    ['ap2024-05-09', false],
  ])('answers Observation?date=%s with %s', (value, expected) => {
    expect(matches(indexed(observation), parseSearch('Observation', [['date', value]]))).toBe(expected);
  });

  it.each([
    ['family=Mu', true],
    ['family=MÜLLER', true],
    ['family=üller', false],
    ['family:contains=üLL', true],
    ['family:exact=Müller', true],
    ['family:exact=Mu%CC%88ller', true],
    ['family:exact=müller', false],
    ['name=zoe', true],
    ['name=%E5%BC%A0', true],
    ['given=anna  maria', true],
    ['address=saint', true],
    ['address-city=paul', false],
    ['phone=555-1', true],
    ['phone=a@x.example', false],
    ['email=a@x.example', true],
    ['telecom=a@x.example', true],
    ['identifier=http://x.example/id|42', true],
    ['identifier=42', true],
    ['identifier=|bare', true],
    ['identifier=|42', false],
    ['birthdate=1980-02-29', true],
    ['birthdate=1980', true],
    ['birthdate=gt1980', false],
    ['gender=female', true],
    ['gender=male,female', true],
    ['active=true', true],
    ['deceased=false', true],
    ['deceased=true', false],
    ['death-date:missing=true', true],
    ['name=zoe&gender=male', false],
    ['name=zoe&name=mu', true],
  ])('answers Patient?%s with %s', (text, expected) => {
    expect(hit(patient, text)).toBe(expected);
  });

  it('counts a death at a known time as deceased', () => {
    expect(hit({ ...patient, deceasedDateTime: '2025-01-01' }, 'deceased=true&death-date=2025')).toBe(true);
    expect(hit({ ...patient, deceasedBoolean: true }, 'deceased=true')).toBe(true);
  });

  it('reads a `+` that came as a space in a time zone', () => {
    expect(hit(observation, 'date=2024-05-06T10:20:30+08:00')).toBe(true);
  });

  it('takes open periods as reaching on', () => {
    const encounter = (period: object): Resource => ({ resourceType: 'Encounter', id: 'e', period });

    expect(hit(encounter({ start: '2024-01-01' }), 'date=gt2030-01-01')).toBe(true);
    expect(hit(encounter({ start: '2024-01-01' }), 'date=2024')).toBe(false);
    expect(hit(encounter({ end: '2024-01-01' }), 'date=lt1900')).toBe(true);
    expect(hit(encounter({ start: '2024-01-01', end: '2024-01-31' }), 'date=2024-01')).toBe(true);
  });

  it('takes a comparator in the record as an open range', () => {
    const below: Resource = { ...observation, valueQuantity: { value: 5, comparator: '<' } };

    expect(hit(below, 'value-quantity=lt4')).toBe(true);
    expect(hit(below, 'value-quantity=gt5')).toBe(false);
  });

  it('finds every resource of the Synthea set again by each of its own values', () => {
    const checked = new Set<string>();
    for (const { entry } of smallSet()) {
      for (const { resource } of entry.filter((_, index) => index % 7 === 0)) {
        const values = indexed(resource);
        const parameters = parametersOf(resource.resourceType);
        for (const [name, parameter] of parameters ?? []) {
          const text = ownValue(
            values,
            parameter.paths.map(({ path }) => path),
            parameter.type,
          );
          if (text === undefined) continue;
          checked.add(`${resource.resourceType}:${name}`);
          const isFound = matches(values, parseSearch(resource.resourceType, [[name, text]]));
          if (!isFound && !parameter.paths.some(({ system }) => system))
            expect.fail(`${resource.resourceType}?${name}=${text}`);
        }
      }
    }

    expect(checked.size).toBeGreaterThan(100);
  });

  it('orders dates as the calendar does, whatever the precision', () => {
    const day = fc
      .date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString());
    const precise = fc.tuple(day, fc.constantFrom(4, 7, 10)).map(([text, length]) => text.slice(0, length));

    fc.assert(
      fc.property(precise, precise, (stored, asked) => {
        const values: SearchValues = indexed({ ...patient, birthDate: stored });
        const is = (prefix: string): boolean =>
          matches(values, parseSearch('Patient', [['birthdate', `${prefix}${asked}`]]));

        expect(is('ne')).toBe(!is('eq'));
        expect(is('sa') && is('eb')).toBe(false);
        if (is('eq')) expect(is('ge') && is('le') && is('ap')).toBe(true);
        if (is('sa')) expect(is('gt') && is('ge') && !is('lt') && !is('le')).toBe(true);
        if (is('eb')) expect(is('lt') && is('le') && !is('gt') && !is('ge')).toBe(true);
        expect(is('gt') || is('lt') || is('eq')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

function ownValue(values: SearchValues, paths: string[], type: string): string | undefined {
  const value = paths.flatMap((path) => values.paths[path] ?? [])[0];
  if (value === undefined) return undefined;
  const escaped = (text: string): string => text.replace(/[\\,|$]/g, '\\$&');
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') {
    if (type !== 'token') return escaped(value).slice(0, 1000);
    const space = value.indexOf(' ');
    return escaped(value.slice(space + 1));
  }
  if (type === 'date') return `ge${new Date((value[0] as number | null) ?? 0).toISOString()}`;
  return String(value[0]);
}

describe('searchValues', () => {
  it('is small beside the record, and JSON', () => {
    const bundle = smallSet().flatMap(({ entry }) => entry.map(({ resource }) => resource));
    const records = bundle.filter(({ resourceType }) => resourceType !== 'Provenance');
    const total = (texts: string[]): number => texts.reduce((sum, text) => sum + text.length, 0);
    const size = total(records.map((resource) => JSON.stringify(searchValues(resource))));

    expect(size / total(records.map((resource) => JSON.stringify(resource)))).toBeLessThan(0.35);
    expect(indexed(observation)).toEqual(searchValues(observation));
  });

  it('knows no reference that has not been rewritten', () => {
    const urn = 'urn:uuid:0b1f0f4e-6c3e-4f5e-9a51-0d8a7f7f2b11';

    expect(searchValues({ ...observation, subject: { reference: urn } }).paths['subject']).toBeUndefined();
  });

  it('has a table for every supported type', () => {
    expect(supportedTypes.filter((type) => !parametersOf(type)?.has('_id'))).toEqual([]);
  });

  it('shares the place of a Medication with the one patient who uses it', () => {
    const medication: Resource = { resourceType: 'Medication', id: 'm', code: { text: 'x' } };
    const request: Resource = {
      ...sampleOf('MedicationRequest'),
      subject: { reference: 'Patient/p1' },
      medicationReference: { reference: 'Medication/m' },
    };

    expect(compartmentPatients([medication, request])).toEqual(['p1', 'p1']);
  });
});

describe('texts of any length', () => {
  const saying = (text: string): SearchValues =>
    indexed({ ...sampleOf('Observation'), valueString: text, valueQuantity: undefined });
  const asked = (count: number) =>
    Array.from({ length: count }, (_, at) => `value-string:contains=${'x,'.repeat(98)}${at},word`).join('&');

  it('are searched from their start, as far as that is bounded', () => {
    const long = `word ${'lorem ipsum '.repeat(400)}end`;

    expect(matches(saying(long), query('Observation', 'value-string=WORD'))).toBe(true);
    expect(matches(saying(long), query('Observation', 'value-string:contains=lorem'))).toBe(true);
    expect(matches(saying(long), query('Observation', 'value-string:contains=end'))).toBe(false);
  });

  it('cost a search the same, however long they are', () => {
    const text = `word ${'lorem ipsum '.repeat(80_000)}`;
    const values = saying(text);
    const startedAt = performance.now();

    expect(matches(values, query('Observation', asked(4)))).toBe(true);

    expect(performance.now() - startedAt).toBeLessThan(200);
  });
});
