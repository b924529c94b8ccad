import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseEverything, parseHistory, parseSearch, type Resource } from '../fhir/index.ts';
import { writeBundle } from './bundle.ts';
import { patientEverything } from './everything.ts';
import { compartmentHistory } from './history.ts';
import { fitting } from './page-room.ts';
import { openForRelease } from './release.ts';
import { searchset } from './searchset.ts';
import { asPatientId, createFixture, type Fixture, patient } from './test/fixture.ts';
import { createRecord } from './write-one.ts';

const count = 5;
let fixture: Fixture;
let patientId: string;
let ids: string[];

const context = () => ({ caller: fixture.clinician, deps: fixture.deps });
const create = async (resource: object): Promise<string> =>
  (await createRecord({ resource: resource as Resource }, context())).id;

/** A patient with scans of 6 MB each, every other one so regular that it is tiny at rest. */
beforeAll(async () => {
  fixture = await createFixture();
  patientId = await create(patient());
  ids = [];
  for (let at = 0; at < count; at += 1) {
    const bytes = at % 2 === 0 ? randomBytes(4_500_000) : Buffer.alloc(4_500_000);
    const attachment = { contentType: 'application/pdf', data: bytes.toString('base64') };
    const subject = { reference: `Patient/${patientId}` };
    ids.unshift(
      await create({
        resourceType: 'DocumentReference',
        status: 'current',
        subject,
        content: [{ attachment }],
      }),
    );
  }
});
afterAll(() => fixture.database.drop());

type Page = { ids: (string | undefined)[]; next: string | undefined };

async function pagesOf(read: (cursor: string | undefined) => Promise<Page>): Promise<Page['ids'][]> {
  const pages: Page['ids'][] = [];
  let next: string | undefined;
  do {
    const page = await read(next);
    pages.push(page.ids);
    next = page.next;
  } while (next !== undefined);
  return pages;
}

async function searchPage(text: string, cursor: string | undefined): Promise<Page> {
  const parameters = new URLSearchParams(text);
  if (cursor !== undefined) parameters.set('_cursor', cursor);
  const query = parseSearch('DocumentReference', parameters);
  const found = JSON.parse(await searchset({ query, parameters }, context())) as {
    entry?: { resource: Resource }[];
    link: { relation: string; url: string }[];
  };
  const next = found.link.find(({ relation }) => relation === 'next')?.url;
  return {
    ids: (found.entry ?? []).map(({ resource }) => resource.id),
    next: next === undefined ? undefined : (new URL(next).searchParams.get('_cursor') ?? ''),
  };
}

describe('a page of large records', () => {
  it.each([
    ['a search', `patient=`],
    ['a sorted search', `_sort=-_lastUpdated&patient=`],
  ])('of %s ends before it is too large to open, and the next one goes on', async (_what, text) => {
    const pages = await pagesOf((cursor) => searchPage(`${text}${patientId}&_count=1000`, cursor));

    expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
    expect(pages.flat().toSorted()).toEqual(ids.toSorted());
  });

  it('of everything or of a history does so, too', async () => {
    const everything = await pagesOf(async (cursor) => {
      const query = parseEverything(
        new URLSearchParams({ _count: '1000', ...(cursor && { _cursor: cursor }) }),
      );
      const page = await patientEverything(
        { patientId: asPatientId(patientId), query, text: '_count=1000' },
        context(),
      );
      return { ids: page.records.map(({ id }) => id), next: page.next };
    });
    const history = await pagesOf(async (cursor) => {
      const query = parseHistory(new URLSearchParams({ _count: '1000', ...(cursor && { _cursor: cursor }) }));
      const request = { type: 'DocumentReference', patientId: asPatientId(patientId), query };
      const page = await compartmentHistory(request, context());
      return { ids: page.versions.map(({ id }) => id), next: page.next };
    });

    expect(everything.map((page) => page.length)).toEqual([2, 2, 2]);
    expect(history).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
  });

  it('counts all of them, and tells a partner how many did not fit', async () => {
    const parameters = new URLSearchParams({ patient: patientId, _summary: 'count' });
    const query = parseSearch('DocumentReference', parameters);
    expect(JSON.parse(await searchset({ query, parameters }, context()))).toMatchObject({ total: count });

    const decision = {
      permit: true,
      grants: [{ types: 'all', labels: 'all', exclusions: [] }],
      redactions: [],
    };
    const release = await openForRelease(
      { patientId: asPatientId(patientId), types: ['DocumentReference'], decision, count: 50 } as never,
      fixture.deps,
    );
    expect([release.records.length, release.omitted]).toEqual([2, 3]);
  });
});

describe('a batch of reads', () => {
  it('answers what there is room for, and refuses the rest by name', async () => {
    const entry = ids.map((id) => ({ request: { method: 'GET', url: `DocumentReference/${id}` } }));
    const before = fixture.asked.length;

    const { results } = await writeBundle({ resourceType: 'Bundle', type: 'batch', entry }, context());

    expect(results.map(({ status }) => status)).toEqual(['200 OK', '200 OK', '400', '400', '400']);
    expect(results[4]?.issues?.[0]?.details.coding[0]?.code).toBe('FHIR_SEARCH_TOO_COSTLY');
    expect(results[4]?.resource).toBeUndefined();
    // The third found no room; those after it are not looked up at all.
    expect(fixture.asked.length - before).toBe(3);
  });
});

describe('what fits into a page', () => {
  const sized = (...sizes: number[]) => sizes.map((size) => ({ index: { size } as never }));

  it('is at least one record, whatever its size', () => {
    expect(fitting(sized(100, 1), 10)).toBe(1);
    expect(fitting([], 10)).toBe(0);
  });

  it('is as many as there is room for', () => {
    expect(fitting(sized(4, 4, 4), 10)).toBe(2);
    expect(fitting(sized(4, 4, 2), 10)).toBe(3);
  });
});
