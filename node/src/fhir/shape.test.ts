import { describe, expect, it } from 'vitest';
import { identifiersOf } from './identifiers.ts';
import { shapeResource } from './shape.ts';
import { sampleOf } from './test-data.ts';
import type { Resource } from './types.ts';

const about = (resourceType: string, elements: object): Resource => ({ resourceType, ...elements });

describe('shapeResource', () => {
  const patient: Resource = { ...sampleOf('Patient'), id: 'p', meta: { versionId: '1' } };
  const keys = (summary: 'true' | 'text' | 'data' | 'false', elements: string[] = []): string[] =>
    Object.keys(shapeResource(patient, { summary, elements })).sort();

  it('leaves a resource alone unless asked', () => {
    expect(shapeResource(patient, { summary: 'false', elements: [] })).toBe(patient);
  });

  it('keeps what the summary or the elements name and marks the rest as left out', () => {
    expect(keys('data')).not.toContain('text');
    expect(keys('text')).toEqual(['id', 'meta', 'resourceType', 'text']);
    expect(keys('true')).toContain('name');
    expect(keys('true')).not.toContain('extension');
    expect(keys('false', ['gender', 'multipleBirth'])).toEqual([
      'gender',
      'id',
      'meta',
      'multipleBirthBoolean',
      'resourceType',
    ]);
    expect(shapeResource(patient, { summary: 'data', elements: [] }).meta?.tag).toMatchObject([
      { code: 'SUBSETTED' },
    ]);
    expect(patient.meta?.tag).toBeUndefined();
  });

  it('keeps mandatory elements', () => {
    const observation = about('Observation', {
      status: 'final',
      code: { text: 'x' },
      issued: '2024-01-01T00:00:00Z',
    });

    expect(
      Object.keys(shapeResource(observation, { summary: 'false', elements: ['issued'] })).sort(),
    ).toEqual(['code', 'issued', 'meta', 'resourceType', 'status']);
  });
});

describe('identifiersOf', () => {
  it('names identifiers that have a system and a value, wherever R4 puts them', () => {
    const identifier = { system: 'http://x.example', value: '1' };

    expect(identifiersOf(about('Patient', { identifier: [identifier, { value: '2' }] }))).toEqual([
      identifier,
    ]);
    expect(identifiersOf(about('DocumentReference', { masterIdentifier: identifier }))).toEqual([identifier]);
    expect(identifiersOf(about('Observation', {}))).toEqual([]);
  });
});
