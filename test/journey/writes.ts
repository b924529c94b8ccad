import { expect } from 'vitest';
import type { Story } from '../../demo/story.ts';
import { type History, operationSystem, versionOf } from './load.ts';
import type { FhirResource, Person } from './people.ts';
import { searchAll } from './records.ts';

/** Every acknowledged Bundle of a load is there and whole, every other one is whole or absent. */
export async function expectWrites(
  { operations, violations, counter }: History,
  { story, patient }: { story: Story; patient: Person },
): Promise<void> {
  const bearer = await story.staff('clinician@hospital-a');
  const path = `/fhir/R4/Observation?patient=${patient.patientId}&_count=1000`;
  const groups = Map.groupBy(
    await searchAll(story, path, bearer),
    (resource) => keyOf(resource) ?? resource.id,
  );
  const found = (key: string): number => groups.get(key)?.length ?? 0;
  const lost = operations.filter(({ key, size, state }) => state === 'acknowledged' && found(key) !== size);
  const halfDone = operations.filter(
    ({ key, size, state }) => state !== 'acknowledged' && found(key) !== 0 && found(key) !== size,
  );
  const refused = operations.filter(({ state }) => state === 'refused');

  expect(lost).toEqual([]);
  expect(halfDone).toEqual([]);
  expect(refused).toEqual([]);
  expect(violations).toEqual([]);
  const [current] = groups.get(counter.id) ?? [];
  const version = current === undefined ? undefined : versionOf(current);
  expect(version).toBeGreaterThanOrEqual(counter.acknowledged);
  expect(version).toBeLessThanOrEqual(counter.attempted);
}

function keyOf({ identifier }: FhirResource): string | undefined {
  return (identifier as { system: string; value: string }[] | undefined)?.find(
    ({ system }) => system === operationSystem,
  )?.value;
}
