import { MAX_SEARCHED_TEXT } from './limits.ts';
import { valuesAtPath } from './search-match.ts';
import type { SearchQuery, SearchValue, SearchValues, SortKey } from './types.ts';

type Key = string | number;

/**
 * Order of two records under `_sort` (FHIR R4 search.html §sort): by the least value ascending, the greatest descending, records
 * without one last, equals by id, so that paging never shows a record twice.
 */
export function compareForSort(query: SearchQuery, a: SearchValues, b: SearchValues): number {
  for (const key of query.sort) {
    const order = compareByKey(key, a, b);
    if (order !== 0) return order;
  }
  return compare(a.id ?? '', b.id ?? '');
}

function compareByKey(key: SortKey, a: SearchValues, b: SearchValues): number {
  const [first, second] = [sortValue(a, key), sortValue(b, key)];
  if (first === undefined || second === undefined) {
    return Number(first === undefined) - Number(second === undefined);
  }
  return key.direction === 'descending' ? compare(second, first) : compare(first, second);
}

function compare(a: Key, b: Key): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Called for every comparison of a sort: no intermediate arrays. */
function sortValue(values: SearchValues, { parameter, direction }: SortKey): Key | undefined {
  let best: Key | undefined;
  for (const { path } of parameter.paths) {
    for (const value of valuesAtPath(values, path)) {
      const key = sortKey(value, direction);
      if (best === undefined || (direction === 'ascending' ? key < best : key > best)) best = key;
    }
  }
  return best;
}

function sortKey(value: SearchValue, direction: SortKey['direction']): Key {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string') return value.slice(0, MAX_SEARCHED_TEXT).toLowerCase();
  if (direction === 'ascending') return value[0] ?? Number.NEGATIVE_INFINITY;
  return value[1] ?? Number.POSITIVE_INFINITY;
}
