import { assertNever } from '../lib/errors.ts';
import { MAX_SEARCHED_TEXT } from './limits.ts';
import { implicitSystem } from './schema.ts';
import { folded } from './search-operand.ts';
import { ID_PATH, LAST_UPDATED_PATH } from './search-table.ts';
import type {
  Criterion,
  Prefix,
  QuantityRange,
  SearchOperand,
  SearchParameter,
  SearchQuery,
  SearchValue,
  SearchValues,
  TimeRange,
} from './types.ts';

type Operand<Kind extends SearchOperand['kind']> = Extract<SearchOperand, { kind: Kind }>;

/** True if a record with these values meets every criterion of the query. */
export function matches(values: SearchValues, query: SearchQuery): boolean {
  return query.criteria.every((criterion) => meets(values, criterion, query.type));
}

/** The values at one of the paths that a parameter reads. */
export function valuesAtPath(values: SearchValues, path: string): readonly SearchValue[] {
  if (path === ID_PATH) return values.id === undefined ? [] : [` ${values.id}`];
  if (path === LAST_UPDATED_PATH) return values.at === undefined ? [] : [[values.at, values.at + 1]];
  return values.paths[path] ?? [];
}

function meets(values: SearchValues, criterion: Criterion, type: string): boolean {
  const { parameter, modifier, operands, isMissing } = criterion;
  if (modifier === 'missing') {
    return parameter.paths.every(({ path }) => valuesAtPath(values, path).length === 0) === isMissing;
  }
  const isMet = parameter.paths.some(({ path, system }) => {
    const candidates = valuesAtPath(values, path).filter((value) => isOfSystem(value, system));
    return candidates.some((value) => {
      const searched =
        typeof value === 'string' && parameter.type === 'string' ? textOf(value, modifier) : value;
      return operands.some((operand) => isHit(searched, operand, { criterion, type, path }));
    });
  });
  return modifier === 'not' ? !isMet : isMet;
}

/** `phone` and `email` read the ContactPoints of one system. */
function isOfSystem(value: SearchValue, system: string | undefined): boolean {
  return system === undefined || (typeof value === 'string' && value.startsWith(`${system} `));
}

type Place = { criterion: Criterion; type: string; path: string };

function isHit(value: SearchValue, operand: SearchOperand, place: Place): boolean {
  switch (operand.kind) {
    case 'token':
      return isToken(value, operand, place);
    case 'reference':
      return typeof value === 'string' && isReference(value, operand, place.criterion.parameter);
    case 'date':
      return isTime(value as TimeRange, operand);
    case 'quantity':
      return isQuantity(value as QuantityRange, operand);
    case 'string':
      return typeof value === 'string' && isText(value, operand, place.criterion.modifier);
    case 'uri':
      return typeof value === 'string' && isUri(value, operand.uri, place.criterion.modifier);
    default:
      return assertNever(operand);
  }
}

function isToken(
  value: SearchValue,
  { system, code }: Operand<'token'>,
  { criterion, type, path }: Place,
): boolean {
  if (typeof value === 'boolean') return system === undefined && code === String(value);
  if (typeof value !== 'string') return false;
  const space = value.indexOf(' ');
  if (code !== undefined && value.slice(space + 1) !== code) return false;
  const datatype = criterion.parameter.paths.find((candidate) => candidate.path === path)?.datatype;
  if (system === undefined || datatype === 'ContactPoint') return true;
  const given = value.slice(0, space);
  if (system === null) return given === '' && datatype !== 'code';
  return given === system || (datatype === 'code' && implicitSystem(type, path) === system);
}

function isReference(
  value: string,
  { type, id }: Operand<'reference'>,
  { targets }: SearchParameter,
): boolean {
  const slash = value.indexOf('/');
  if (value.slice(slash + 1) !== id) return false;
  const valueType = value.slice(0, slash);
  return type === undefined ? targets.has(valueType) : valueType === type;
}

/** A text as strings are looked for in it: once for all of a criterion's values, since it costs more than a look. */
function textOf(value: string, modifier: Criterion['modifier']): string {
  return modifier === 'exact' ? value.normalize('NFC') : folded(value.slice(0, MAX_SEARCHED_TEXT));
}

function isText(text: string, wanted: Operand<'string'>, modifier: Criterion['modifier']): boolean {
  if (modifier === 'exact') return text === wanted.exact;
  return modifier === 'contains' ? text.includes(wanted.folded) : text.startsWith(wanted.folded);
}

function isUri(value: string, wanted: string, modifier: Criterion['modifier']): boolean {
  if (value === wanted) return true;
  return modifier === 'below' && value.startsWith(wanted.endsWith('/') ? wanted : `${wanted}/`);
}

/** FHIR R4 search.html §prefix, on half-open ranges: what is asked for is [start, end). */
function isTime([from, to]: TimeRange, { prefix, start, end }: Operand<'date'>): boolean {
  const [low, high] = [from ?? Number.NEGATIVE_INFINITY, to ?? Number.POSITIVE_INFINITY];
  const width = end - start;
  switch (prefix) {
    case 'eq':
      return low >= start && high <= end;
    case 'ne':
      return !(low >= start && high <= end);
    case 'gt':
      return high > end;
    case 'lt':
      return low < start;
    case 'ge':
      return high > end || low >= start;
    case 'le':
      return low < start || high <= end;
    case 'sa':
      return low >= end;
    case 'eb':
      return high <= start;
    case 'ap':
      return high > start - width && low < end + width;
    default:
      return assertNever(prefix);
  }
}

function isQuantity([from, to, system, code, unit]: QuantityRange, operand: Operand<'quantity'>): boolean {
  if (operand.system !== undefined && operand.system !== system) return false;
  const isOfUnit =
    operand.code === undefined ||
    operand.code === code ||
    (operand.system === undefined && operand.code === unit);
  return (
    isOfUnit &&
    isInRange(operand.prefix, [from ?? Number.NEGATIVE_INFINITY, to ?? Number.POSITIVE_INFINITY], operand)
  );
}

function isInRange(prefix: Prefix, [low, high]: [number, number], wanted: Operand<'quantity'>): boolean {
  switch (prefix) {
    case 'eq':
      return low >= wanted.low && high < wanted.high;
    case 'ne':
      return !(low >= wanted.low && high < wanted.high);
    case 'gt':
      return high > wanted.value;
    case 'lt':
      return low < wanted.value;
    case 'ge':
      return high >= wanted.value;
    case 'le':
      return low <= wanted.value;
    case 'sa':
      return low > wanted.value;
    case 'eb':
      return high < wanted.value;
    case 'ap': {
      const tenth = Math.abs(wanted.value) / 10;
      return high >= wanted.value - tenth && low <= wanted.value + tenth;
    }
    default:
      return assertNever(prefix);
  }
}
