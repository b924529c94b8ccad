import { EvidenceError, refusal } from './errors.ts';
import { isJsonObject } from './strict-shape.ts';

const maxDepth = 128;
// A string, and the colon that makes it a member's name. Valid JSON has no quote outside strings.
const stringToken = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g;

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

function countNames(text: string): number {
  let names = 0;
  for (const match of text.matchAll(stringToken)) if (match[1] !== undefined) names += 1;
  return names;
}
