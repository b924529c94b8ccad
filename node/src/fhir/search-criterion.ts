import { MAX_OPERANDS, MAX_VALUE_LENGTH } from './limits.ts';
import { isId } from './primitives.ts';
import { invalid, oneOf, tooCostly, unknown } from './search-errors.ts';
import { parseOperand, splitUnescaped } from './search-operand.ts';
import type { Criterion, Modifier, SearchOperand, SearchParameter, SearchType } from './types.ts';

const MODIFIERS: Record<SearchType, readonly Modifier[]> = {
  token: ['missing', 'not'],
  reference: ['missing'],
  date: ['missing'],
  string: ['missing', 'exact', 'contains'],
  quantity: ['missing'],
  uri: ['missing', 'below'],
};
const BOOLEANS: ReadonlySet<string> = new Set(['true', 'false']);

/** Reads one `name[:modifier]=value,value` of a search (FHIR R4 search.html §modifiers, §combining). */
export function readCriterion(
  name: string,
  value: string,
  parameters: ReadonlyMap<string, SearchParameter>,
): Criterion {
  const [code = '', suffix, ...more] = name.split(':');
  const parameter = parameters.get(code);
  if (!parameter || more.length > 0) throw unknown(name);
  const targetType = suffix !== undefined && parameter.targets.has(suffix) ? suffix : undefined;
  const modifier = targetType ? 'none' : readModifier(suffix, parameter);
  if (!modifier) throw unknown(name);
  if (modifier === 'missing') {
    return { parameter, modifier, operands: [], isMissing: oneOf(name, value, BOOLEANS) === 'true' };
  }
  const texts = splitUnescaped(value, ',');
  if (texts.length > MAX_OPERANDS) throw tooCostly(`More than ${MAX_OPERANDS} values for one parameter.`);
  const operands = texts.map((text) => readOperand(text, parameter, targetType));
  const known = operands.filter((operand) => operand !== undefined);
  if (known.length < operands.length) throw invalid(name, `Not a value of a ${parameter.type} parameter.`);
  return { parameter, modifier, operands: known, isMissing: false };
}

function readModifier(suffix: string | undefined, { code, type }: SearchParameter): Modifier | undefined {
  if (suffix === undefined) return 'none';
  return code === '_id' ? undefined : MODIFIERS[type].find((known) => known === suffix);
}

function readOperand(
  text: string,
  parameter: SearchParameter,
  targetType: string | undefined,
): SearchOperand | undefined {
  if (text.length > MAX_VALUE_LENGTH || (parameter.code === '_id' && !isId(text))) return undefined;
  return parseOperand(text, parameter, targetType);
}
