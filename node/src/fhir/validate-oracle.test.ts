import { indexStructureDefinitionBundle, validateResource as validateByMedplum } from '@medplum/core';
import type { Resource as MedplumResource, StructureDefinition } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { definitions } from './definitions.ts';
import { FhirError } from './errors.ts';
import { smallSet } from './test-data.ts';
import type { Resource } from './types.ts';
import { validateResource } from './validate.ts';

type Json = Record<string, unknown>;

/** Independent validator over the same definitions: what it refuses, ours must refuse. */
function medplumRefuses(resource: Json): boolean {
  try {
    validateByMedplum(resource as unknown as MedplumResource, { base64BinaryMaxBytes: 8 * 1024 * 1024 });
    return false;
  } catch {
    return true;
  }
}

function weRefuse(resource: Json): boolean {
  try {
    validateResource(resource, { references: 'transaction' });
    return false;
  } catch (error) {
    if (error instanceof FhirError) return true;
    throw error;
  }
}

/** All places of a resource: the object or array that holds them, and the key. */
function placesOf(
  value: unknown,
  places: { holder: Json; key: string }[] = [],
): { holder: Json; key: string }[] {
  if (typeof value !== 'object' || value === null) return places;
  for (const key of Object.keys(value)) {
    places.push({ holder: value as Json, key });
    placesOf((value as Json)[key], places);
  }
  return places;
}

const WRONG_VALUES: readonly unknown[] = [
  '',
  ' ',
  'x y  z',
  'not-a-code',
  '2024-02-30',
  '2024-13-01',
  '24:00',
  0,
  -1,
  1.5,
  true,
  null,
  [],
  {},
  [[]],
  ['a'],
  { reference: 5 },
  { unknownElement: 1 },
  'http://example.org/a b',
];

function mutate(resource: Resource, [at, kind, wrong]: [number, number, unknown]): Json {
  const copy = structuredClone(resource) as Json;
  const places = placesOf(copy).filter(({ key }) => key !== 'resourceType');
  const place = places[at % places.length];
  if (!place) return copy;
  const { holder, key } = place;
  if (kind === 0) Array.isArray(holder) ? holder.splice(Number(key), 1) : delete holder[key];
  else if (kind === 1) holder[key] = structuredClone(wrong);
  else if (kind === 2) holder[key] = [holder[key]];
  else if (kind === 3 && Array.isArray(holder[key])) holder[key] = (holder[key] as unknown[])[0];
  else if (!Array.isArray(holder)) holder[`${key}Extra`] = holder[key];
  return copy;
}

describe('validateResource beside an independent validator', () => {
  const samples = new Map<string, Resource[]>();
  beforeAll(() => {
    indexStructureDefinitionBundle(definitions().structures as unknown as StructureDefinition[]);
    for (const { entry } of smallSet()) {
      for (const { resource } of entry) {
        const list = samples.get(resource.resourceType) ?? [];
        if (list.length < 5 && JSON.stringify(resource).length < 20_000) list.push(resource);
        samples.set(resource.resourceType, list);
      }
    }
  });

  it('accepts what both accept', () => {
    const all = [...samples.values()].flat();

    expect(all.length).toBeGreaterThan(80);
    expect(all.filter((resource) => weRefuse(resource) || medplumRefuses(resource))).toEqual([]);
  });

  it('refuses every mutated resource that the other refuses', () => {
    const all = [...samples.values()].flat();
    const missed = new Set<string>();
    const mutation = fc.tuple(fc.nat(2000), fc.nat(4), fc.constantFrom(...WRONG_VALUES));

    fc.assert(
      fc.property(fc.constantFrom(...all), mutation, (resource, change) => {
        const mutated = mutate(resource, change);
        if (!weRefuse(mutated) && medplumRefuses(mutated))
          missed.add(JSON.stringify([resource.resourceType, change]));
      }),
      { numRuns: 6000 },
    );

    expect([...missed]).toEqual([]);
  });
});
