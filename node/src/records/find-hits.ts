import { compareForSort, matches, type SearchQuery, supportedType } from '../fhir/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { Position } from './cursor.ts';
import { RecordsError } from './errors.ts';
import { findNamed } from './find-named.ts';
import { fitting } from './page-room.ts';
import type { RecordsDeps } from './records-deps.ts';
import { type Hit, ownerKey, type Scan, type Scope, scan } from './scope.ts';
import type { Owner } from './tokens.ts';
import type { Caller, RecordIndex } from './types.ts';
import { underDecisions, type View, viewOf } from './view.ts';

/** One page of what a search finds, nothing opened but indices. */
export type FoundPage = {
  hits: Hit[];
  /** Of what the caller may see; known where everything was looked at. */
  total: number | undefined;
  next: Position | undefined;
  /** The decisions the page rests on, one an owner. */
  views: View[];
};

type Search = {
  query: SearchQuery;
  from: Position | undefined;
  types: string[];
  caller: Caller;
  deps: RecordsDeps;
};

/** Rows read at a time where criteria decide which are shown. */
const scanBatch = 1000;

/** Finds the records of one page within one patient's compartment, the directory, or a few named records. */
export async function findHits(search: Search): Promise<FoundPage> {
  const { query, from, types, caller, deps } = search;
  if (query.ids !== undefined || query.identifiers !== undefined) {
    const { hits, views } = await findNamed(query, { types, caller, deps });
    return { ...listedPage(hits, query, from), views };
  }
  const owner = ownerOf(query);
  const key = await ownerKey(owner, deps);
  const view = await viewOf(owner, { caller, action: 'search', types, deps, key });
  if (key === undefined || view.decision?.permit === false)
    return { hits: [], total: 0, next: undefined, views: [view] };
  const scope = { owner, key, view };
  const page = await underDecisions([view], () =>
    needsAll(query) ? listAll(scope, search) : streamPage(scope, search),
  );
  return { ...page, views: [view] };
}

/** Searching everybody's records is not offered: it would open every compartment, and count what is hidden. */
function ownerOf({ type, patientId }: SearchQuery): Owner {
  if (patientId !== undefined) return patientId as PatientId;
  if (supportedType(type)?.placement === 'patient') throw new RecordsError('RECORDS_SEARCH_UNBOUND');
  return 'directory';
}

function needsAll({ sort, total, summary, count }: SearchQuery): boolean {
  return sort.length > 0 || total === 'accurate' || summary === 'count' || count === 0;
}

async function listAll(scope: Scope, { query, from, deps }: Search): Promise<Omit<FoundPage, 'views'>> {
  const options = { type: query.type, batch: scanBatch, withBodies: false, limit: Number.POSITIVE_INFINITY };
  return listedPage(await scan(scope, wantedBy(query), { ...options, deps }), query, from);
}

/** Reads on until the page is full and one more is known to follow. */
async function streamPage(scope: Scope, { query, from, deps }: Search): Promise<Omit<FoundPage, 'views'>> {
  const before = from !== undefined && 'before' in from ? from.before : undefined;
  const options = { type: query.type, before, limit: query.count + 1, ...readingOf(query, scope) };
  const hits = await scan(scope, wantedBy(query), { ...options, deps });
  const end = Math.min(query.count, fitting(hits));
  const last = hits[end - 1];
  if (hits.length <= end || last === undefined) {
    return { hits, total: from === undefined ? hits.length : undefined, next: undefined };
  }
  return { hits: hits.slice(0, end), total: undefined, next: { before: last.row.version_seq } };
}

/** The one criterion that names the compartment is met by all that is in it, so the first rows are the page. */
function readingOf({ criteria, count }: SearchQuery, { owner }: Scope): Pick<Scan, 'batch' | 'withBodies'> {
  const isPlain = criteria.length <= (owner === 'directory' ? 0 : 1);
  return isPlain ? { batch: count + 1, withBodies: true } : { batch: scanBatch, withBodies: false };
}

function wantedBy(query: SearchQuery): (index: RecordIndex) => boolean {
  return ({ values }) => matches(values, query);
}

function listedPage(hits: Hit[], query: SearchQuery, from: Position | undefined): Omit<FoundPage, 'views'> {
  const sorted =
    query.sort.length === 0
      ? hits
      : hits.toSorted((a, b) => compareForSort(query, a.index.values, b.index.values));
  const offset = from !== undefined && 'offset' in from ? from.offset : 0;
  const wanted = query.summary === 'count' ? [] : sorted.slice(offset, offset + query.count);
  const end = offset + fitting(wanted);
  const hasMore = query.count > 0 && query.summary !== 'count' && end < sorted.length;
  return { hits: sorted.slice(offset, end), total: hits.length, next: hasMore ? { offset: end } : undefined };
}
