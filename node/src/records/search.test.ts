import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseEverything, parseHistory, parseSearch, type Resource } from '../fhir/index.ts';
import { writeBundle } from './bundle.ts';
import { patientEverything } from './everything.ts';
import { compartmentHistory, recordHistory } from './history.ts';
import { createOpenedVersions } from './opened-versions.ts';
import { readRecord } from './read.ts';
import { searchset } from './searchset.ts';
import { asPatientId, callerOf, createFixture, type Fixture, observation, patient } from './test/fixture.ts';
import { ownerToken } from './tokens.ts';
import { createRecord, deleteRecord, updateRecord } from './write-one.ts';

type Entry = { fullUrl: string; resource: Resource; search: { mode: string } };
type Searchset = { total?: number; link: { relation: string; url: string }[]; entry?: Entry[] };

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterAll(() => fixture.database.drop());
const everything = { types: 'all' as const, labels: 'all' as const, exclusions: [] };
beforeEach(() => fixture.setPolicy(() => ({ grants: [everything] })));

const context = (caller = fixture.clinician) => ({ caller, deps: fixture.deps });
const create = async (resource: Record<string, unknown>): Promise<string> =>
  (await createRecord({ resource: resource as Resource }, context())).id;

async function search(type: string, text: string, caller = fixture.clinician): Promise<Searchset> {
  const parameters = new URLSearchParams(text);
  const query = parseSearch(type, parameters);
  return JSON.parse(await searchset({ query, parameters }, context(caller))) as Searchset;
}
const idsOf = ({ entry = [] }: Searchset): string[] => entry.map(({ resource }) => resource.id ?? '');
const nextOf = ({ link }: Searchset): string =>
  link.find(({ relation }) => relation === 'next')?.url.split('?')[1] ?? '';

async function pages(type: string, text: string): Promise<string[]> {
  const ids: string[] = [];
  for (let query = text; query !== ''; ) {
    const page = await search(type, query);
    ids.push(...idsOf(page));
    query = nextOf(page);
  }
  return ids;
}

const code = (value: string) => ({ coding: [{ system: 'http://loinc.org', code: value }] });

describe('a search in a patient’s compartment', () => {
  it('pages through all records once, newest first, with or without criteria', async () => {
    const patientId = await create(patient());
    const ids: string[] = [];
    for (let at = 0; at < 12; at += 1) {
      ids.unshift(await create(observation(patientId, { code: code(at % 2 === 0 ? 'even' : 'odd') })));
    }
    await create(observation(await create(patient())));

    expect(await pages('Observation', `patient=${patientId}&_count=5`)).toEqual(ids);
    expect(await pages('Observation', `patient=${patientId}&code=http://loinc.org|even&_count=4`)).toEqual(
      ids.filter((_, at) => at % 2 === 1),
    );
    expect(
      await pages('Observation', `subject=Patient/${patientId}&_sort=_lastUpdated&_count=5`),
    ).toHaveLength(12);
  });

  it('counts only where it looked at everything', async () => {
    const patientId = await create(patient());
    for (let at = 0; at < 3; at += 1) await create(observation(patientId));

    expect((await search('Observation', `patient=${patientId}`)).total).toBe(3);
    expect((await search('Observation', `patient=${patientId}&_count=2`)).total).toBeUndefined();
    expect((await search('Observation', `patient=${patientId}&_count=2&_total=accurate`)).total).toBe(3);
    const counted = await search('Observation', `patient=${patientId}&_summary=count`);
    expect([counted.total, counted.entry]).toEqual([3, undefined]);
  });

  it('refuses to search everybody’s records', async () => {
    await expect(search('Observation', 'code=http://loinc.org|718-7')).rejects.toMatchObject({
      code: 'RECORDS_SEARCH_UNBOUND',
    });
  });

  it('takes a cursor for the same query of the same caller only', async () => {
    const patientId = await create(patient());
    for (let at = 0; at < 3; at += 1) await create(observation(patientId));
    const next = nextOf(await search('Observation', `patient=${patientId}&_count=1`));
    const cursor = new URLSearchParams(next).get('_cursor') ?? '';

    const refused = { code: 'RECORDS_CURSOR_INVALID' };
    await expect(
      search('Observation', `patient=${patientId}&_count=2&_cursor=${cursor}`),
    ).rejects.toMatchObject(refused);
    await expect(search('Observation', next, callerOf(['registrar'], 'HOPERAT'))).rejects.toMatchObject(
      refused,
    );
    const flipped = cursor.slice(0, -2) + (cursor.endsWith('A') ? 'BB' : 'AA');
    await expect(search('Observation', next.replace(cursor, flipped))).rejects.toMatchObject(refused);
    expect(idsOf(await search('Observation', next))).toHaveLength(1);
  });

  it('finds by identifier and by id, and only current versions', async () => {
    const identifier = { system: 'https://a.example/mrn', value: 'MRN-1' };
    const id = await create(patient({ identifier: [identifier] }));
    const change = { ...patient({ identifier: [{ ...identifier, value: 'MRN-2' }] }), id } as Resource;

    expect(idsOf(await search('Patient', 'identifier=https://a.example/mrn|MRN-1'))).toEqual([id]);
    await updateRecord({ resource: change, id, ifMatch: '1' }, context());

    expect(idsOf(await search('Patient', 'identifier=https://a.example/mrn|MRN-1'))).toEqual([]);
    expect(idsOf(await search('Patient', 'identifier=https://a.example/mrn|MRN-2'))).toEqual([id]);
    expect(idsOf(await search('Patient', `_id=${id}`))).toEqual([id]);
    await deleteRecord({ type: 'Patient', id, ifMatch: undefined }, context());
    expect(idsOf(await search('Patient', `_id=${id}`))).toEqual([]);
  });
});

describe('includes', () => {
  it('bring in records of the same patient and of the directory', async () => {
    const practitioner = await create({ resourceType: 'Practitioner', active: true });
    const patientId = await create(patient());
    const encounter = await create({
      resourceType: 'Encounter',
      status: 'finished',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      subject: { reference: `Patient/${patientId}` },
    });
    const id = await create(
      observation(patientId, {
        encounter: { reference: `Encounter/${encounter}` },
        performer: [{ reference: `Practitioner/${practitioner}` }],
      }),
    );

    const found = await search(
      'Observation',
      `patient=${patientId}&_include=Observation:encounter&_include=Observation:performer`,
    );
    const modes = found.entry?.map((entry) => `${entry.search.mode} ${entry.resource.id}`);
    expect(modes?.[0]).toBe(`match ${id}`);
    expect(modes?.slice(1).toSorted()).toEqual(
      [`include ${encounter}`, `include ${practitioner}`].toSorted(),
    );
    const back = await search('Encounter', `patient=${patientId}&_revinclude=Observation:encounter`);
    expect(idsOf(back)).toEqual([encounter, id]);
  });

  it('bring in nothing that the decision withholds', async () => {
    const patientId = await create(patient());
    const encounter = await create({
      resourceType: 'Encounter',
      status: 'finished',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      subject: { reference: `Patient/${patientId}` },
    });
    const id = await create(observation(patientId, { encounter: { reference: `Encounter/${encounter}` } }));
    fixture.setPolicy(() => ({ grants: [{ ...everything, types: ['Observation'] }] }));

    expect(idsOf(await search('Observation', `patient=${patientId}&_include=Observation:encounter`))).toEqual(
      [id],
    );
    fixture.setPolicy(() => ({ grants: [{ ...everything, types: ['Encounter'] }] }));
    expect(
      idsOf(await search('Encounter', `patient=${patientId}&_revinclude=Observation:encounter`)),
    ).toEqual([encounter]);
  });
});

describe('a hidden record and an absent one', () => {
  const sensitive = {
    code: { coding: [{ system: 'http://loinc.org', code: '75622-1', display: 'HIV 1 and 2 tests' }] },
    meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'HIV' }] },
  };
  /** The same two records twice, once with a hidden third one between them. */
  async function twins(): Promise<{ patientId: string; hidden?: string }[]> {
    const twins: { patientId: string; hidden?: string }[] = [];
    for (const isHiding of [false, true]) {
      const patientId = await create(patient());
      await create(observation(patientId));
      const hidden = isHiding ? await create(observation(patientId, sensitive)) : undefined;
      await create(observation(patientId));
      twins.push(hidden === undefined ? { patientId } : { patientId, hidden });
    }
    fixture.setPolicy(() => ({ grants: [{ ...everything, labels: [] }] }));
    return twins;
  }
  /** The answer with all ids and cursors made equal, and the cursors' lengths kept. */
  const shapeOf = (answer: unknown): string =>
    JSON.stringify(answer)
      .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
      .replace(/_cursor=([\w-]+)/g, (_, cursor: string) => `_cursor=${cursor.length}`);

  it.each([
    '_count=1',
    '_count=2',
    '_count=50',
    '_count=50&_total=accurate',
    '_summary=count',
    '_count=0',
    'code=http://loinc.org|75622-1',
    '_sort=-date&_count=1',
    'code:missing=false&_count=1',
  ])('give the same answer to a search with %s', async (parameters) => {
    const [without, hiding] = await twins();
    const answers = await Promise.all(
      [without, hiding].map((twin) => search('Observation', `patient=${twin?.patientId}&${parameters}`)),
    );

    expect(shapeOf(answers[1])).toBe(shapeOf(answers[0]));
  });

  it('give the same answer to $everything and to a type’s history', async () => {
    const both = await twins();
    const answers = await Promise.all(
      both.map(async ({ patientId }) => [
        await patientEverything(
          { patientId: asPatientId(patientId), query: parseEverything([]), text: '' },
          context(),
        ),
        await compartmentHistory(
          { type: 'Observation', patientId: asPatientId(patientId), query: parseHistory([]) },
          context(),
        ),
      ]),
    );

    expect(shapeOf(answers[1])).toBe(shapeOf(answers[0]));
  });

  it('give the same refusal to read, vread and history', async () => {
    const [, { hidden = '' } = {}] = await twins();
    const refusals = async (id: string) => {
      const attempts = [
        readRecord({ type: 'Observation', id }, context()),
        readRecord({ type: 'Observation', id, version: 1 }, context()),
        recordHistory({ type: 'Observation', id, query: parseHistory([]) }, context()),
      ];
      const results = await Promise.allSettled(attempts);
      return results.map((result) => {
        const { code: stable, message, status } = (result as PromiseRejectedResult).reason;
        return { stable, message, status };
      });
    };
    const notFound = { stable: 'RECORDS_NOT_FOUND', message: 'RECORDS_NOT_FOUND', status: 404 };

    expect(await refusals(hidden)).toEqual([notFound, notFound, notFound]);
    expect(await refusals('absent')).toEqual([notFound, notFound, notFound]);
  });

  it('give the same answer when everything is denied and when nobody is there', async () => {
    const patientId = await create(patient());
    await create(observation(patientId));
    fixture.setPolicy(() => 'deny');
    const everythingOf = (id: string) =>
      patientEverything({ patientId: asPatientId(id), query: parseEverything([]), text: '' }, context());

    const [denied, absent] = await Promise.all(
      [patientId, 'nobody'].map((id) => search('Observation', `patient=${id}`)),
    );
    expect(JSON.stringify(denied).replaceAll(patientId, 'nobody')).toBe(JSON.stringify(absent));
    await expect(everythingOf(patientId)).rejects.toMatchObject({ code: 'RECORDS_NOT_FOUND' });
    await expect(everythingOf('nobody')).rejects.toMatchObject({ code: 'RECORDS_NOT_FOUND' });
    expect((await search('Patient', `_id=${patientId}`)).total).toBe(0);
  });

  it('are both on record', async () => {
    const count = async (): Promise<number> => {
      const { rows } = await fixture.database.db.query<{ count: string }>('select count(*) from audit_event');
      return Number(rows[0]?.count);
    };
    const [, { hidden = '' } = {}] = await twins();
    const before = await count();

    await readRecord({ type: 'Observation', id: hidden }, context()).catch(() => undefined);
    await readRecord({ type: 'Observation', id: 'absent' }, context()).catch(() => undefined);

    expect(await count()).toBe(before + 2);
  });
});

describe('redaction', () => {
  it('leaves out what the decision withholds, in every way of reading', async () => {
    const patientId = await create(patient({ name: [{ family: 'Zhang' }] }));
    await create(observation(patientId, { note: [{ text: 'seen at home' }] }));
    fixture.setPolicy(() => ({ grants: [everything], redactions: ['note', 'Patient.name'] }));

    const answers = [
      await readRecord({ type: 'Patient', id: patientId }, context()).then(({ resource }) => resource),
      await search('Observation', `patient=${patientId}`),
      await patientEverything(
        { patientId: asPatientId(patientId), query: parseEverything([]), text: '' },
        context(),
      ),
      await compartmentHistory(
        { type: 'Observation', patientId: asPatientId(patientId), query: parseHistory([]) },
        context(),
      ),
    ];

    for (const answer of answers) {
      expect(JSON.stringify(answer)).not.toMatch(/Zhang|seen at home/);
      expect(JSON.stringify(answer)).toContain('REDACTED');
    }
  });
});

describe('history', () => {
  it('tells every version, deletions too, newest first and page by page', async () => {
    const patientId = await create(patient());
    const id = await create(observation(patientId));
    await updateRecord(
      { resource: { ...observation(patientId), id } as Resource, id, ifMatch: '1' },
      context(),
    );
    await deleteRecord({ type: 'Observation', id, ifMatch: '2' }, context());

    const first = await recordHistory(
      { type: 'Observation', id, query: parseHistory([['_count', '2']]) },
      context(),
    );
    const second = await recordHistory(
      {
        type: 'Observation',
        id,
        query: parseHistory([
          ['_count', '2'],
          ['_cursor', first.next ?? ''],
        ]),
      },
      context(),
    );

    const versions = [...first.versions, ...second.versions];
    expect(versions.map(({ versionId, resource }) => [versionId, resource !== undefined])).toEqual([
      ['3', false],
      ['2', true],
      ['1', true],
    ]);
    expect(second.next).toBeUndefined();
  });

  it('starts at a time', async () => {
    const patientId = await create(patient());
    await create(observation(patientId));
    fixture.clock.advance(60_000);
    const id = await create(observation(patientId));
    const since = fixture.clock.now().toISOString();

    const { versions } = await compartmentHistory(
      { type: 'Observation', patientId: asPatientId(patientId), query: parseHistory([['_since', since]]) },
      context(),
    );

    expect(versions.map((version) => version.id)).toEqual([id]);
  });
});

describe('$everything', () => {
  it('gives the whole compartment, page by page, and nothing of anybody else', async () => {
    const entry = [
      {
        fullUrl: 'urn:uuid:00000000-0000-4000-8000-000000000001',
        resource: patient(),
        request: { method: 'POST', url: 'Patient' },
      },
      ...Array.from({ length: 7 }, () => ({
        resource: {
          ...observation('x'),
          subject: { reference: 'urn:uuid:00000000-0000-4000-8000-000000000001' },
        },
        request: { method: 'POST', url: 'Observation' },
      })),
    ];
    const { results } = await writeBundle({ resourceType: 'Bundle', type: 'transaction', entry }, context());
    const patientId = results[0]?.location?.split('/')[1] ?? '';
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const query = parseEverything([
        ['_count', '3'],
        ...(cursor === undefined ? [] : [['_cursor', cursor] as const]),
      ]);
      const page = await patientEverything(
        { patientId: asPatientId(patientId), query, text: '_count=3' },
        context(),
      );
      ids.push(...page.records.map(({ id }) => id));
      cursor = page.next;
    } while (cursor !== undefined);

    expect(ids.toSorted()).toEqual(results.map(({ location }) => location?.split('/')[1]).toSorted());
    const some = await patientEverything(
      {
        patientId: asPatientId(patientId),
        query: parseEverything([['_type', 'Patient']]),
        text: '_type=Patient',
      },
      context(),
    );
    expect(some.records.map(({ type }) => type)).toEqual(['Patient']);
  });
});

describe('a read that fails after its decision', () => {
  it('keeps the decision, once, and a read that does not fail leaves that to the access', async () => {
    const patientId = await create(patient());
    await create(observation(patientId));
    let kept = 0;
    const { consent } = fixture.deps;
    const deps = {
      ...fixture.deps,
      opened: createOpenedVersions(fixture.deps),
      consent: {
        ...consent,
        prepare: async (request: Parameters<typeof consent.prepare>[0]) => ({
          ...(await consent.prepare(request)),
          keep: async () => {
            kept += 1;
          },
        }),
      },
    };
    const reading = { caller: fixture.clinician, deps };
    const parameters = new URLSearchParams({ patient: patientId });
    const ways = [
      () => searchset({ query: parseSearch('Observation', parameters), parameters }, reading),
      () =>
        patientEverything(
          { patientId: asPatientId(patientId), query: parseEverything([]), text: '' },
          reading,
        ),
      () =>
        compartmentHistory(
          { type: 'Observation', patientId: asPatientId(patientId), query: parseHistory([]) },
          reading,
        ),
    ];
    for (const way of ways) await way();
    expect(kept).toBe(0);

    deps.opened.suspend();
    await fixture.database.db.query('update record_version set index_sealed = $1 where patient_token = $2', [
      Buffer.alloc(64),
      ownerToken(deps.keyStore, asPatientId(patientId)),
    ]);

    for (const [at, way] of ways.entries()) {
      await expect(way()).rejects.toMatchObject({ code: 'SEAL_REFUSED' });
      expect(kept).toBe(at + 1);
    }
  });
});
