import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Resource } from '../fhir/index.ts';
import { writeBundle } from './bundle.ts';
import { createDecided, type Decided } from './test/decided.ts';
import { callerOf, createFixture, type Fixture, observation, patient } from './test/fixture.ts';
import { createRecord } from './write-one.ts';

const everything = { types: 'all' as const, labels: 'all' as const, exclusions: [] };
const accession = { system: 'https://a.example/accession', value: '7' };

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterAll(() => fixture.database.drop());
beforeEach(() => fixture.setPolicy(() => ({ grants: [everything] })));

const context = () => ({ caller: fixture.clinician, deps: fixture.deps });
const create = async (resource: object, ifNoneExist?: typeof accession): Promise<string> =>
  (await createRecord({ resource: resource as Resource, ifNoneExist }, context())).id;
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    ({ code }) => code,
  );

describe('a conditional reference', () => {
  const referring = (patientId: string, value: string): Promise<unknown> => {
    const hasMember = [{ reference: `Observation?identifier=${accession.system}|${value}` }];
    const resource = observation(patientId, { hasMember });
    const entry = [{ resource, request: { method: 'POST', url: 'Observation' } }];
    return codeOf(writeBundle({ resourceType: 'Bundle', type: 'transaction', entry }, context()));
  };

  it("does not tell another patient's record, two of them, and none apart", async () => {
    const [own, other] = [await create(patient()), await create(patient())];
    const identified = (id: string, value: string) =>
      create(observation(id, { identifier: [{ ...accession, value }] }));
    await identified(other, 'one');
    for (const _ of [1, 2]) await identified(other, 'two');
    await identified(own, 'own');

    for (const value of ['none', 'one', 'two'])
      expect([value, await referring(own, value)]).toEqual([value, 'RECORDS_REFERENCE_UNKNOWN']);
    expect(await referring(own, 'own')).toBe('done');
  });

  it('does not tell a patient who may not be written for from nobody', async () => {
    const mrn = { system: 'https://a.example/mrn', value: 'hidden' };
    await create(patient({ identifier: [mrn] }));
    fixture.setPolicy(() => 'deny');
    const about = (value: string): Promise<unknown> => {
      const subject = { reference: `Patient?identifier=${mrn.system}|${value}` };
      const entry = [
        { resource: observation('x', { subject }), request: { method: 'POST', url: 'Observation' } },
      ];
      return codeOf(writeBundle({ resourceType: 'Bundle', type: 'transaction', entry }, context()));
    };

    expect(await about('hidden')).toBe('RECORDS_PATIENT_UNKNOWN');
    expect(await about('nobody')).toBe('RECORDS_PATIENT_UNKNOWN');
  });
});

describe('a conditional creation', () => {
  it('finds nothing for whom the policy lets nothing be written', async () => {
    const id = await create(patient());
    await create(observation(id, { identifier: [accession] }));
    const resource = observation(id);
    fixture.setPolicy(() => 'deny');

    expect(await codeOf(create(resource, accession))).toBe('RECORDS_PATIENT_UNKNOWN');
    expect(await codeOf(create(resource, { ...accession, value: 'none' }))).toBe('RECORDS_PATIENT_UNKNOWN');
  });

  it('of a batch happens once, whatever is created beside it', async () => {
    const site = { system: 'https://a.example/site', value: '1' };
    const post = (more: object, ifNoneExist?: string) => ({
      resource: { resourceType: 'Location', ...more },
      request: { method: 'POST', url: 'Location', ...(ifNoneExist && { ifNoneExist }) },
    });
    const conditional = post({ identifier: [site] }, `identifier=${site.system}|${site.value}`);
    const entry = [conditional, conditional, post({ name: 'a' }), post({ name: 'b' })];

    const { results } = await writeBundle({ resourceType: 'Bundle', type: 'batch', entry }, context());

    expect(results.map(({ status }) => status.slice(0, 3)).sort()).toEqual(['200', '201', '201', '201']);
  });
});

describe('a new patient', () => {
  let decided: Decided;
  beforeAll(async () => {
    decided = await createDecided({ maxConnections: 4 });
  });
  afterAll(() => decided.close());

  it('is taken in by the roles and for the purposes that the policy names, also where one is there already', async () => {
    const mrn = { system: 'https://a.example/mrn', value: '1' };
    const resource = patient({ identifier: [mrn] }) as Resource;
    const takeIn = (caller: ReturnType<typeof callerOf>, ifNoneExist?: typeof mrn): Promise<unknown> =>
      codeOf(createRecord({ resource, ifNoneExist }, { caller, deps: decided.deps }));

    expect(await takeIn(callerOf(['registrar'], 'HPAYMT'))).toBe('RECORDS_WRITE_FORBIDDEN');
    expect(await takeIn(callerOf(['clinician'], 'HRESCH'))).toBe('RECORDS_WRITE_FORBIDDEN');
    expect(await takeIn(callerOf(['registrar'], 'HOPERAT'), mrn)).toBe('done');
    for (const value of ['1', '2'])
      expect(await takeIn(callerOf(['clinician'], 'HRESCH'), { ...mrn, value })).toBe(
        'RECORDS_WRITE_FORBIDDEN',
      );
    expect(await takeIn(callerOf(['clinician']), mrn)).toBe('done');
  });
});
