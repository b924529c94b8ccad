import { type FhirError, fhirError } from './errors.ts';
import {
  DEFAULT_COUNT,
  MAX_COUNT,
  MAX_INCLUDES,
  MAX_OPERANDS,
  MAX_PARAMETERS,
  MAX_SORT_KEYS,
  MAX_VALUE_LENGTH,
} from './limits.ts';
import { isCleanText, isId } from './primitives.ts';
import { rulesOf } from './schema.ts';
import { confinement } from './search-confinement.ts';
import { parseInclude } from './search-include.ts';
import { parseOperand, splitUnescaped } from './search-operand.ts';
import { parametersOf } from './search-table.ts';
import type {
  Criterion,
  Modifier,
  SearchParameter,
  SearchQuery,
  SearchType,
  SortKey,
  Summary,
} from './types.ts';

type Draft = {
  -readonly [Key in
    | 'criteria'
    | 'sort'
    | 'includes'
    | 'revincludes'
    | 'elements']: SearchQuery[Key][number][];
} & Pick<SearchQuery, 'type' | 'count' | 'cursor' | 'summary' | 'total'>;
type Parameters = ReadonlyMap<string, SearchParameter>;

const MODIFIERS: Record<SearchType, readonly Modifier[]> = {
  token: ['missing', 'not'],
  reference: ['missing'],
  date: ['missing'],
  string: ['missing', 'exact', 'contains'],
  quantity: ['missing'],
  uri: ['missing', 'below'],
};
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
  const draft: Draft = {
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
  const seen = new Set<string>();
  let size = 0;
  for (const [name, value] of query) {
    size += 1;
    if (size > MAX_PARAMETERS) throw tooCostly('Too many parameters.');
    if (value.length > MAX_VALUE_LENGTH * 8 || !isCleanText(value))
      throw invalid(name, 'Too long, or not text.');
    const control = CONTROLS[name];
    if (!control || !Object.hasOwn(CONTROLS, name))
      draft.criteria.push(readCriterion(name, value, parameters));
    else {
      if (seen.has(name) && !REPEATABLE.has(name)) throw invalid(name, 'May be given once.');
      seen.add(name);
      control(value, draft, parameters);
    }
  }
  return { ...draft, ...confinement(type, draft.criteria) };
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

/** A refusal of one parameter's value; the name is shown if it is harmless. */
export function invalid(name: string, text: string): FhirError {
  return fhirError('FHIR_PARAMETER_INVALID', { type: 'invalid', text, expression: shown(name) });
}

/** A refusal of a parameter that is not offered. */
export function unknown(name: string): FhirError {
  return fhirError('FHIR_UNKNOWN_PARAMETER', {
    type: 'not-supported',
    text: 'Unknown search parameter or modifier; see the CapabilityStatement.',
    expression: shown(name),
  });
}

function shown(name: string): string | undefined {
  return /^[A-Za-z_][A-Za-z0-9_:-]{0,63}$/.test(name) ? name : undefined;
}

function tooCostly(text: string): FhirError {
  return fhirError('FHIR_SEARCH_TOO_COSTLY', { type: 'too-costly', text });
}

function oneOf(name: string, value: string, allowed: ReadonlySet<string>): string {
  if (!allowed.has(value)) throw invalid(name, `One of ${[...allowed].join(', ')}.`);
  return value;
}

function addInclude(value: string, draft: Draft, list: 'includes' | 'revincludes'): void {
  if (draft[list].length >= MAX_INCLUDES) throw tooCostly('Too many includes.');
  draft[list].push(
    parseInclude(value, list === 'includes' ? { source: draft.type } : { target: draft.type }),
  );
}

function readElements(value: string, type: string): string[] {
  const rules = rulesOf(type);
  const names = value.split(',').map((name) => name.trim().replace(new RegExp(`^${type}\\.`), ''));
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

function readCriterion(name: string, value: string, parameters: Parameters): Criterion {
  const [code = '', suffix, ...more] = name.split(':');
  const parameter = parameters.get(code);
  if (!parameter || more.length > 0) throw unknown(name);
  const targetType = suffix !== undefined && parameter.targets.has(suffix) ? suffix : undefined;
  const modifier =
    suffix === undefined || targetType ? 'none' : MODIFIERS[parameter.type].find((known) => known === suffix);
  if (!modifier || (code === '_id' && modifier !== 'none')) throw unknown(name);
  if (modifier === 'missing') {
    return {
      parameter,
      modifier,
      operands: [],
      isMissing: oneOf(name, value, new Set(['true', 'false'])) === 'true',
    };
  }
  const texts = splitUnescaped(value, ',');
  if (texts.length > MAX_OPERANDS) throw tooCostly(`More than ${MAX_OPERANDS} values for one parameter.`);
  const operands = texts.map((text) => {
    const operand = text.length > MAX_VALUE_LENGTH ? undefined : parseOperand(text, parameter, targetType);
    if (!operand || (code === '_id' && !isId(text)))
      throw invalid(name, `Not a value of a ${parameter.type} parameter.`);
    return operand;
  });
  return { parameter, modifier, operands, isMissing: false };
}
