import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseEverything, parseHistory, type Resource } from '../fhir/index.ts';
import { patientEverything } from './everything.ts';
import { compartmentHistory, recordHistory } from './history.ts';
import { readRecord } from './read.ts';
import { asPatientId, createFixture, type Fixture, observation, patient } from './test/fixture.ts';
import { createRecord, deleteRecord, updateRecord } from './write-one.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterAll(() => fixture.database.drop());

const everything = { types: 'all' as const, labels: 'all' as const, exclusions: [] };
/** Opens whatever carries no sensitive label. */
const ordinary = { types: 'all' as const, labels: [], exclusions: [] };
beforeEach(() => fixture.setPolicy(() => ({ grants: [everything] })));

const hiv = {
  meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'HIV' }] },
};
const context = () => ({ caller: fixture.clinician, deps: fixture.deps });
const history = (text: string) => parseHistory(new URLSearchParams(text));

/** A record that was taken in as an ordinary one and found to be sensitive later. */
async function relabelled(): Promise<{ patientId: string; id: string }> {
  const { id: patientId } = await createRecord({ resource: patient() as Resource }, context());
  const { id } = await createRecord({ resource: observation(patientId) as Resource }, context());
  const resource = { ...observation(patientId, hiv), id } as Resource;
  await updateRecord({ resource, id, ifMatch: '1' }, context());
  return { patientId, id };
}

describe('earlier versions of a record that is sensitive now', () => {
  const hidden = { code: 'RECORDS_NOT_FOUND' };

  it('are as hidden as the record is', async () => {
    const { patientId, id } = await relabelled();
    fixture.setPolicy(() => ({ grants: [ordinary] }));

    await expect(readRecord({ type: 'Observation', id, version: 1 }, context())).rejects.toMatchObject(
      hidden,
    );
    await expect(
      recordHistory({ type: 'Observation', id, query: history('') }, context()),
    ).rejects.toMatchObject(hidden);
    for (const text of ['', '_count=1']) {
      const { versions, next } = await compartmentHistory(
        { type: 'Observation', patientId: asPatientId(patientId), query: history(text) },
        context(),
      );
      expect([versions, next]).toEqual([[], undefined]);
    }
  });

  it('stay hidden once it is deleted', async () => {
    const { patientId, id } = await relabelled();
    await deleteRecord({ type: 'Observation', id, ifMatch: '2' }, context());
    fixture.setPolicy(() => ({ grants: [ordinary] }));

    for (const version of [1, 2, 3]) {
      await expect(readRecord({ type: 'Observation', id, version }, context())).rejects.toMatchObject(hidden);
    }
    const { versions } = await compartmentHistory(
      { type: 'Observation', patientId: asPatientId(patientId), query: history('') },
      context(),
    );
    expect(versions).toEqual([]);
  });

  it('are there for whoever may see the record', async () => {
    const { id } = await relabelled();

    expect(await readRecord({ type: 'Observation', id, version: 1 }, context())).toMatchObject({
      version: 1,
    });
    const { versions } = await recordHistory({ type: 'Observation', id, query: history('') }, context());
    expect(versions.map(({ versionId }) => versionId)).toEqual(['2', '1']);
  });
});

describe('a cursor that nobody gave out', () => {
  const refused = { code: 'RECORDS_CURSOR_INVALID' };

  it('is refused alike, whether there is such a record or not', async () => {
    const { patientId, id } = await relabelled();
    fixture.setPolicy(() => 'deny');
    const query = history('_cursor=AAAA');

    for (const any of [id, 'absent']) {
      const read = recordHistory({ type: 'Observation', id: any, query }, context());
      await expect(read).rejects.toMatchObject(refused);
    }
    for (const any of [patientId, 'absent'].map(asPatientId)) {
      const listed = compartmentHistory({ type: 'Observation', patientId: any, query }, context());
      await expect(listed).rejects.toMatchObject(refused);
      const all = patientEverything(
        { patientId: any, query: parseEverything(new URLSearchParams('_cursor=AAAA')), text: '' },
        context(),
      );
      await expect(all).rejects.toMatchObject(refused);
    }
  });
});
