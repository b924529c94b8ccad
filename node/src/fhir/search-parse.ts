import { fhirError } from './errors.ts';
import {
  DEFAULT_COUNT,
  MAX_ALL_OPERANDS,
  MAX_COUNT,
  MAX_INCLUDES,
  MAX_OPERANDS,
  MAX_PARAMETER_LENGTH,
  MAX_PARAMETERS,
  MAX_SORT_KEYS,
} from './limits.ts';
import { isCleanText } from './primitives.ts';
import { rulesOf } from './schema.ts';
import { confinement } from './search-confinement.ts';
import { readCriterion } from './search-criterion.ts';
import { invalid, oneOf, tooCostly } from './search-errors.ts';
import { parseInclude } from './search-include.ts';
import { parametersOf } from './search-table.ts';
import type { SearchParameter, SearchQuery, SortKey, Summary } from './types.ts';

type Draft = {
  -readonly [Key in
    | 'criteria'
    | 'sort'
    | 'includes'
    | 'revincludes'
    | 'elements']: SearchQuery[Key][number][];
} & Pick<SearchQuery, 'type' | 'count' | 'cursor' | 'summary' | 'total'>;
type Parameters = ReadonlyMap<string, SearchParameter>;

const SUMMARIES: ReadonlySet<string> = new Set(['true', 'text', 'data', 'count', 'false']);
const TOTALS: ReadonlySet<string> = new Set(['none', 'estimate', 'accurate']);
const FORMATS: ReadonlySet<string> = new Set([
  'json',
  'application/json',
  'application/fhir+json',
  'text/json',
]);
const CURSOR = /^[A-Za-z0-9_.-]{1,1024}$/;

/**
 * Reads the query of a search on `type` (FHIR R4 search.html). Strict: an unknown parameter or modifier, an ill-formed or
 * outsized value is refused, never ignored, because an ignored criterion would release more than was asked for.
 *
 * @param query name and value pairs, decoded once, e.g. a URLSearchParams
 * @throws FhirError FHIR_TYPE_UNSUPPORTED, FHIR_UNKNOWN_PARAMETER, FHIR_PARAMETER_INVALID, FHIR_SEARCH_TOO_COSTLY, FHIR_FORMAT_UNSUPPORTED
 */
export function parseSearch(type: string, query: Iterable<readonly [string, string]>): SearchQuery {
  const parameters = parametersOf(type);
  if (!parameters) {
    throw fhirError('FHIR_TYPE_UNSUPPORTED', {
      type: 'not-supported',
      text: 'This resource type is not supported.',
    });
  }
  const draft = emptyDraft(type);
  const seen = new Set<string>();
  let size = 0;
  for (const [name, value] of query) {
    size += 1;
    if (size > MAX_PARAMETERS) throw tooCostly('Too many parameters.');
    if (value.length > MAX_PARAMETER_LENGTH || !isCleanText(value))
      throw invalid(name, 'Too long, or not text.');
    readParameter([name, value], draft, { seen, parameters });
  }
  const operands = draft.criteria.reduce((total, criterion) => total + criterion.operands.length, 0);
  if (operands > MAX_ALL_OPERANDS) throw tooCostly(`More than ${MAX_ALL_OPERANDS} values in one search.`);
  return { ...draft, ...confinement(type, draft.criteria) };
}

function readParameter(
  [name, value]: readonly [string, string],
  draft: Draft,
  { seen, parameters }: { seen: Set<string>; parameters: Parameters },
): void {
  const control = Object.hasOwn(CONTROLS, name) ? CONTROLS[name] : undefined;
  if (!control) {
    draft.criteria.push(readCriterion(name, value, parameters));
    return;
  }
  if (seen.has(name) && !REPEATABLE.has(name)) throw invalid(name, 'May be given once.');
  seen.add(name);
  control(value, draft, parameters);
}

function emptyDraft(type: string): Draft {
  return {
    type,
    criteria: [],
    sort: [],
    count: DEFAULT_COUNT,
    cursor: undefined,
    includes: [],
    revincludes: [],
    summary: 'false',
    elements: [],
    total: undefined,
  };
}

const REPEATABLE: ReadonlySet<string> = new Set(['_include', '_revinclude']);
const CONTROLS: Readonly<Record<string, (value: string, draft: Draft, parameters: Parameters) => void>> = {
  _count: (value, draft) => {
    draft.count = parseCount(value);
  },
  _cursor: (value, draft) => {
    draft.cursor = parseCursor(value);
  },
  _elements: (value, draft) => {
    draft.elements.push(...readElements(value, draft.type));
  },
  _format: (value) => checkFormat(value),
  _include: (value, draft) => addInclude(value, draft, 'includes'),
  _pretty: (value) => {
    oneOf('_pretty', value, new Set(['true', 'false']));
  },
  _revinclude: (value, draft) => addInclude(value, draft, 'revincludes'),
  _sort: (value, draft, parameters) => {
    draft.sort.push(...readSort(value, parameters));
  },
  _summary: (value, draft) => {
    draft.summary = oneOf('_summary', value, SUMMARIES) as Summary;
  },
  _total: (value, draft) => {
    draft.total = oneOf('_total', value, TOTALS) as 'none' | 'estimate' | 'accurate';
  },
};

/** Reads `_count`: 0 to 1000 (search.html §count). */
export function parseCount(value: string): number {
  if (!/^\d{1,4}$/.test(value) || Number(value) > MAX_COUNT)
    throw invalid('_count', `A whole number up to ${MAX_COUNT}.`);
  return Number(value);
}

/** Reads the opaque paging position that a `next` link carried. */
export function parseCursor(value: string): string {
  if (!CURSOR.test(value)) throw invalid('_cursor', 'Take it unchanged from a next link.');
  return value;
}

/** Reads `_format`: JSON is the one format. */
export function checkFormat(value: string): void {
  if (FORMATS.has(value.split(';')[0]?.trim() ?? '')) return;
  throw fhirError('FHIR_FORMAT_UNSUPPORTED', {
    type: 'not-supported',
    text: 'Only JSON is supported.',
    expression: '_format',
  });
}

function addInclude(value: string, draft: Draft, list: 'includes' | 'revincludes'): void {
  if (draft[list].length >= MAX_INCLUDES) throw tooCostly('Too many includes.');
  draft[list].push(
    parseInclude(value, list === 'includes' ? { source: draft.type } : { target: draft.type }),
  );
}

function readElements(value: string, type: string): string[] {
  const rules = rulesOf(type);
  const names = value
    .split(',')
    .map((name) => (name.startsWith(`${type}.`) ? name.slice(type.length + 1) : name));
  if (names.length > MAX_OPERANDS) throw tooCostly('Too many elements.');
  for (const name of names) {
    const isElement =
      rules?.elements.has(name) ||
      [...(rules?.elements.values() ?? [])].some(({ choice }) => choice === name);
    if (!isElement) throw invalid('_elements', 'Names of top-level elements of the type, parted by commas.');
  }
  return names;
}

function readSort(value: string, parameters: Parameters): SortKey[] {
  const keys = value.split(',');
  if (keys.length > MAX_SORT_KEYS) throw tooCostly('Too many sort keys.');
  return keys.map((key) => {
    const parameter = parameters.get(key.replace(/^-/, ''));
    if (!parameter)
      throw invalid('_sort', 'Names of search parameters of the type, parted by commas, - for descending.');
    return { parameter, direction: key.startsWith('-') ? 'descending' : 'ascending' };
  });
}
