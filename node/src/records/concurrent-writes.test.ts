import { afterAll, beforeAll, expect, it } from 'vitest';
import { staff } from '../consent/test/fixture.ts';
import { createRecords, type Records } from './index.ts';
import { createDecided, type Decided } from './test/decided.ts';
import { observation, patient } from './test/fixture.ts';

const connections = 4;
const caller = { actor: staff(['clinician']), purpose: 'TREAT' };

let decided: Decided;
let records: Records;

/** Records with few connections. */
beforeAll(async () => {
  decided = await createDecided({ maxConnections: connections });
  records = createRecords(decided.deps, {
    proofsFor: decided.fixture.log.proofsFor,
    blocks: () => Promise.reject(new Error('no blocks here')),
  });
});
afterAll(() => decided.close());

async function create(resource: Record<string, unknown>): Promise<string> {
  const entry = [{ resource, request: { method: 'POST', url: resource['resourceType'] } }];
  const { results } = await records.writeBundle(
    { resourceType: 'Bundle', type: 'transaction', entry },
    caller,
  );
  return results[0]?.location?.split('/')[1] ?? '';
}

it('more writers than connections, each of whom is decided upon, do not wait for each other for ever', async () => {
  const patients: string[] = [];
  for (let count = 0; count < connections * 3; count += 1) patients.push(await create(patient()));

  const written = await Promise.allSettled(patients.map((id) => create(observation(id))));

  expect(written.map(({ status }) => status)).toEqual(patients.map(() => 'fulfilled'));
}, 30_000);
