import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { byteaArray } from '../lib/bytea-array.ts';
import { clinicalDate } from './clinical-date.ts';
import { localReferences } from './local-references.ts';
import { redact } from './redact.ts';

describe('a bytea[] parameter', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it('arrives as the bytes that were sent', async () => {
    const values = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(values, async (sent) => {
        const { rows } = await database.db.query<{ value: Buffer }>(
          'select value from unnest($1::bytea[]) with ordinality as t(value, place) order by place',
          [byteaArray(sent)],
        );
        expect(rows.map(({ value }) => [...value])).toEqual(sent.map((value) => [...value]));
      }),
      { numRuns: 50 },
    );
  });
});

describe('local references', () => {
  it('are found at any depth, without versions, and nothing else is', () => {
    const resource = {
      resourceType: 'Observation',
      subject: { reference: 'Patient/1' },
      hasMember: [{ reference: 'Observation/2/_history/3' }, { reference: '#contained' }],
      extension: [{ url: 'https://x.example', valueReference: { reference: 'Device/4' } }],
      contained: [{ resourceType: 'Provenance', target: [{ reference: 'Encounter/5' }] }],
      performer: [{ identifier: { value: 'Practitioner/6' }, display: 'Practitioner/7' }],
    };

    expect([...localReferences(resource)].toSorted()).toEqual([
      'Device/4',
      'Encounter/5',
      'Observation/2',
      'Patient/1',
    ]);
  });
});

describe('the clinical date', () => {
  it.each([
    [
      { resourceType: 'Observation', effectiveDateTime: '2020-01-01', issued: '2021-01-01' },
      { date: '2020-01-01' },
    ],
    [
      { resourceType: 'Encounter', period: { start: '2020-02', end: '2020-03' } },
      { date: '2020-02', until: '2020-03' },
    ],
    [
      { resourceType: 'CarePlan', period: { start: '2020-02' } },
      { date: '2020-02', until: null },
    ],
    [
      { resourceType: 'Observation', effectiveTiming: { event: ['2020-05-05', '2020-07-01', '2020-04-01'] } },
      { date: '2020-04-01', until: '2020-07-01' },
    ],
    [{ resourceType: 'Encounter', period: { end: '2020-03' } }, undefined],
    [{ resourceType: 'Patient', birthDate: '1980-01-01' }, undefined],
  ])('of %j is %j', (resource, date) => {
    expect(clinicalDate(resource)).toEqual(date);
  });
});

describe('redaction', () => {
  const resource = {
    resourceType: 'Patient',
    id: '1',
    meta: { versionId: '1' },
    name: [{ family: 'Z' }],
    _birthDate: {},
  };

  it('withholds elements of every type or of the named one, with their siblings', () => {
    expect(redact(resource, ['name', 'birthDate'])).toEqual({
      resourceType: 'Patient',
      id: '1',
      meta: {
        versionId: '1',
        security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'REDACTED' }],
      },
    });
    expect(redact(resource, ['Patient.name'])).not.toHaveProperty('name');
  });

  it('leaves alone what it has nothing to withhold of', () => {
    expect(redact(resource, ['Observation.name', 'note', 'id', 'resourceType', 'meta'])).toBe(resource);
  });
});
