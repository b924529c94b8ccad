import { timeRange } from './dates.ts';
import { DEFAULT_COUNT, MAX_OPERANDS } from './limits.ts';
import { invalid, unknown } from './search-errors.ts';
import { checkFormat, parseCount, parseCursor } from './search-parse.ts';
import { supportedType } from './supported-types.ts';

/** Parameters of `_history` and `$everything`, parsed. Times are milliseconds. */
export type PageQuery = {
  count: number;
  cursor: string | undefined;
  since: number | undefined;
  /** `$everything` only: care dates from `start` to `end`, and the types wanted. */
  start: number | undefined;
  end: number | undefined;
  types: readonly string[] | undefined;
};

type Reader = (value: string, query: PageQuery) => PageQuery;

const HISTORY: Readonly<Record<string, Reader>> = {
  _count: (value, query) => ({ ...query, count: parseCount(value) }),
  _cursor: (value, query) => ({ ...query, cursor: parseCursor(value) }),
  _since: (value, query) => ({ ...query, since: instant('_since', value) }),
  _format: (value, query) => {
    checkFormat(value);
    return query;
  },
};
const EVERYTHING: Readonly<Record<string, Reader>> = {
  ...HISTORY,
  start: (value, query) => ({ ...query, start: range('start', value)[0] }),
  end: (value, query) => ({ ...query, end: range('end', value)[1] }),
  _type: (value, query) => ({ ...query, types: typesOf(value) }),
};

/** Reads the query of an instance or type history (FHIR R4 http.html §history). Strict as `parseSearch`. */
export function parseHistory(query: Iterable<readonly [string, string]>): PageQuery {
  return read(query, HISTORY);
}

/** Reads the query of Patient/$everything (FHIR R4 patient-operation-everything.html). Strict as `parseSearch`. */
export function parseEverything(query: Iterable<readonly [string, string]>): PageQuery {
  return read(query, EVERYTHING);
}

function read(
  query: Iterable<readonly [string, string]>,
  readers: Readonly<Record<string, Reader>>,
): PageQuery {
  const seen = new Set<string>();
  let parsed: PageQuery = {
    count: DEFAULT_COUNT,
    cursor: undefined,
    since: undefined,
    start: undefined,
    end: undefined,
    types: undefined,
  };
  for (const [name, value] of query) {
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (!reader) throw unknown(name);
    if (seen.has(name)) throw invalid(name, 'May be given once.');
    seen.add(name);
    parsed = reader(value, parsed);
  }
  return parsed;
}

function instant(name: string, value: string): number {
  // An unescaped `+` of a time zone arrives as a space.
  const text = value.replace(/ (?=\d{2}:\d{2}$)/, '+');
  const parsed = text.length > 10 ? timeRange(text) : undefined;
  if (!parsed) throw invalid(name, 'An instant with seconds and time zone.');
  return parsed[0];
}

function range(name: string, value: string): [number, number] {
  const parsed = value.length <= 10 ? timeRange(value) : undefined;
  if (!parsed) throw invalid(name, 'A date.');
  return parsed;
}

function typesOf(value: string): string[] {
  const types = value.split(',');
  if (types.length > MAX_OPERANDS || !types.every((type) => supportedType(type))) {
    throw invalid('_type', 'Supported resource types, parted by commas.');
  }
  return types;
}
