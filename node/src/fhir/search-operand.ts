import { searchTimeRange } from './dates.ts';
import { isCleanText, isId } from './primitives.ts';
import { isResourceType } from './schema.ts';
import type { Prefix, SearchOperand, SearchParameter, SearchType } from './types.ts';

const PREFIXES: ReadonlySet<string> = new Set(['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap']);
const DECIMAL = /^[+-]?\d{1,17}(?:\.\d{1,17})?(?:[eE][+-]?\d{1,2})?$/;

/** Reads one OR-value of a search criterion (FHIR R4 search.html §ptypes); undefined if it does not fit the parameter. */
export function parseOperand(
  text: string,
  parameter: SearchParameter,
  targetType?: string,
): SearchOperand | undefined {
  if (text === '' || !isCleanText(text)) return undefined;
  return READERS[parameter.type](text, parameter, targetType);
}

/** Splits at an unescaped separator, keeping the escapes (`\,` `\|` `\$` `\\`, search.html §escaping). */
export function splitUnescaped(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '\\') index += 1;
    else if (text[index] === separator) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

type Reader = (
  text: string,
  parameter: SearchParameter,
  targetType: string | undefined,
) => SearchOperand | undefined;

const READERS: Record<SearchType, Reader> = {
  token: readToken,
  reference: readReference,
  date: readDate,
  quantity: readQuantity,
  string: readString,
  uri: (text) => ({ kind: 'uri', uri: unescaped(text) }),
};

function readString(text: string): SearchOperand {
  const given = unescaped(text);
  return { kind: 'string', exact: given.normalize('NFC'), folded: folded(given) };
}

/** Case, accents and the composition of characters do not count (FHIR R4 search.html §string). */
export function folded(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').replace(/\s+/g, ' ').toLowerCase();
}

function unescaped(text: string): string {
  return text.replace(/\\([\\,|$])/g, '$1');
}

/** `code`, `system|code`, `|code` (without system), `system|` (any code of it). */
function readToken(text: string): SearchOperand | undefined {
  const parts = splitUnescaped(text, '|').map(unescaped);
  const [first = '', second] = parts;
  if (parts.length > 2 || (first === '' && !second)) return undefined;
  if (second === undefined) return { kind: 'token', system: undefined, code: first };
  return { kind: 'token', system: first === '' ? null : first, code: second === '' ? undefined : second };
}

/** `id`, `Type/id`; a version or another server is not searchable. */
function readReference(
  text: string,
  { targets }: SearchParameter,
  targetType: string | undefined,
): SearchOperand | undefined {
  const slash = text.indexOf('/');
  const type = slash === -1 ? targetType : text.slice(0, slash);
  const id = text.slice(slash + 1);
  if (!isId(id) || (type !== undefined && !isResourceType(type))) return undefined;
  if (targetType !== undefined && type !== targetType) return undefined;
  return type !== undefined && !targets.has(type)
    ? undefined
    : { kind: 'reference', type: type ?? onlyOf(targets), id };
}

function onlyOf(targets: ReadonlySet<string>): string | undefined {
  const [only, ...others] = targets;
  return others.length === 0 ? only : undefined;
}

function readDate(text: string): SearchOperand | undefined {
  const { prefix, rest } = readPrefix(text);
  // An unescaped `+` of a time zone arrives as a space (application/x-www-form-urlencoded).
  const range = searchTimeRange(rest.replace(/ (?=\d{2}:\d{2}$)/, '+'));
  return range && { kind: 'date', prefix, start: range[0], end: range[1] };
}

/** `[prefix]number`, `[prefix]number|system|code`; a number means the range that rounds to it (search.html §number). */
function readQuantity(text: string): SearchOperand | undefined {
  const [number = '', system, code, ...more] = splitUnescaped(text, '|').map(unescaped);
  const { prefix, rest } = readPrefix(number);
  const isPair = (system === undefined) === (code === undefined);
  if (more.length > 0 || !isPair || !DECIMAL.test(rest)) return undefined;
  const value = Number(rest);
  const half = 0.5 * 10 ** -significantDecimals(rest);
  return {
    kind: 'quantity',
    prefix,
    value,
    low: value - half,
    high: value + half,
    system: system === '' ? undefined : system,
    code: code === '' ? undefined : code,
  };
}

function readPrefix(text: string): { prefix: Prefix; rest: string } {
  const prefix = text.slice(0, 2);
  return PREFIXES.has(prefix)
    ? { prefix: prefix as Prefix, rest: text.slice(2) }
    : { prefix: 'eq', rest: text };
}

/** Decimal places of the last digit given: 2 for `5.40`, -2 for `1e2`. */
function significantDecimals(text: string): number {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  return (mantissa.split('.')[1]?.length ?? 0) - Number(exponent);
}
