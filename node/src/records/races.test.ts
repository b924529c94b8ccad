import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Resource } from '../fhir/index.ts';
import { createDecided, type Decided } from './test/decided.ts';
import { callerOf, observation, patient } from './test/fixture.ts';
import { createRecord, deleteRecord } from './write-one.ts';

let decided: Decided;
beforeAll(async () => {
  decided = await createDecided({ maxConnections: 8 });
});
afterAll(() => decided.close());

const context = () => ({ caller: callerOf(['clinician']), deps: decided.deps });
const create = (resource: object) => createRecord({ resource: resource as Resource }, context());

it('a patient is not deleted while a record is being written for them, nor the other way round', async () => {
  const rounds = Array.from({ length: 8 }, async () => {
    const { id } = await create(patient());
    const both = await Promise.allSettled([
      create(observation(id)),
      deleteRecord({ type: 'Patient', id, ifMatch: '1' }, context()),
    ]);
    return both.filter(({ status }) => status === 'fulfilled').length;
  });

  expect(await Promise.all(rounds)).toEqual(rounds.map(() => 1));
}, 30_000);
