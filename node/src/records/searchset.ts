import { type Resource, type SearchQuery, searchsetBundle } from '../fhir/index.ts';
import { searchRecords } from './search.ts';
import type { Caller, RecordsDeps } from './types.ts';

/** The answer to a search as a Bundle; links repeat the parameters as they were given. */
export async function searchset(
  { query, parameters }: { query: SearchQuery; parameters: URLSearchParams },
  context: { caller: Caller; deps: RecordsDeps },
): Promise<Resource> {
  const own = new URLSearchParams(parameters);
  own.delete('_cursor');
  const page = await searchRecords({ query, text: own.toString() }, context);
  const base = context.deps.baseUrl;
  const self = linkOf(base, query.type, parameters);
  if (page.next !== undefined) own.set('_cursor', page.next);
  const next = page.next === undefined ? undefined : linkOf(base, query.type, own);
  return searchsetBundle({
    base,
    links: { self, next },
    total: page.total,
    matches: page.matches,
    included: page.included,
  });
}

function linkOf(base: string, path: string, parameters: URLSearchParams): string {
  const text = parameters.toString();
  return text === '' ? `${base}/${path}` : `${base}/${path}?${text}`;
}
