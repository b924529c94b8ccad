import { valuesOf } from './search-match.ts';
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

function sortValue(values: SearchValues, { parameter, direction }: SortKey): Key | undefined {
  const keys = valuesOf(values, parameter).map((value) => sortKey(value, direction));
  return keys.reduce<Key | undefined>((best, key) => {
    if (best === undefined) return key;
    return (direction === 'ascending' ? key < best : key > best) ? key : best;
  }, undefined);
}

function sortKey(value: SearchValue, direction: SortKey['direction']): Key {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string') return value.toLowerCase();
  const [low, high] = value;
  return direction === 'ascending' ? (low ?? Number.NEGATIVE_INFINITY) : (high ?? Number.POSITIVE_INFINITY);
}
