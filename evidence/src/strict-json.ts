import { EvidenceError, refusal } from './errors.ts';
import { isJsonObject } from './strict-shape.ts';

// Room for a value of the deepest canonical form inside a proof.
const maxDepth = 256;
const nameEnd = /\s*:/y;

/**
 * Parses JSON in which no object has the same member twice: of two, one parser shows the first and another the last,
 * so that a person could be shown what was never checked.
 */
export function parseStrictJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new EvidenceError('JSON_INVALID', { message: 'not JSON', cause });
  }
  if (countMembers(value, 0) !== countNames(text))
    throw refusal('JSON_DUPLICATE_KEY', 'a member occurs twice');
  return value;
}

function countMembers(value: unknown, depth: number): number {
  if (depth > maxDepth) throw refusal('JSON_INVALID', 'nested too deeply');
  if (Array.isArray(value))
    return value.reduce((sum: number, item) => sum + countMembers(item, depth + 1), 0);
  if (!isJsonObject(value)) return 0;
  const items = Object.values(value);
  return items.reduce((sum: number, item) => sum + countMembers(item, depth + 1), items.length);
}

/** Counts the strings that a colon follows. In valid JSON there is no quote outside a string. */
function countNames(text: string): number {
  let names = 0;
  for (let start = text.indexOf('"'); start !== -1; start = text.indexOf('"', start)) {
    const end = closingQuote(text, start + 1);
    nameEnd.lastIndex = end + 1;
    if (nameEnd.test(text)) names += 1;
    start = end + 1;
  }
  return names;
}

function closingQuote(text: string, from: number): number {
  let quote = text.indexOf('"', from);
  while (isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote;
}

function isEscaped(text: string, quote: number): boolean {
  let first = quote;
  while (text[first - 1] === '\\') first -= 1;
  return (quote - first) % 2 === 1;
}
