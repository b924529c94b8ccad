import { type SearchQuery, searchsetJson } from '../fhir/index.ts';
import { linkOf } from './links.ts';
import type { RecordsDeps } from './records-deps.ts';
import { searchRecords } from './search.ts';
import type { Caller } from './types.ts';

/** The answer to a search as the JSON of a Bundle; links repeat the parameters as they were given. */
export async function searchset(
  { query, parameters }: { query: SearchQuery; parameters: URLSearchParams },
  context: { caller: Caller; deps: RecordsDeps },
): Promise<string> {
  const own = new URLSearchParams(parameters);
  own.delete('_cursor');
  const page = await searchRecords({ query, text: own.toString() }, context);
  const base = context.deps.baseUrl;
  const { type } = query;
  const self = linkOf(base, type, parameters);
  const next = page.next === undefined ? undefined : linkOf(base, type, own, page.next);
  const { total, matches, included } = page;
  return searchsetJson({ base, links: { self, next }, total, matches, included });
}
