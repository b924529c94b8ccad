import canonicalize from 'canonicalize';
import { EvidenceError } from './errors.ts';

const maxDepth = 128;

/**
 * The one JSON text of `value` (RFC 8785, JSON Canonicalization Scheme).
 * Refuses with CANONICAL_INVALID whatever I-JSON cannot say (undefined, functions, NaN, infinities, lone
 * surrogates, cycles) or a JSON parser cannot produce (Date, Map, sparse arrays, symbol keys, toJSON),
 * instead of dropping it silently, so that two different values never share a text.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string' && value.isWellFormed()) return JSON.stringify(value); // the most frequent case
  const text = serialize(value); // first: refuses cycles, so that the walk below ends
  requireJson(value, 0);
  return text;
}

function serialize(value: unknown): string {
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (cause) {
    throw new EvidenceError('CANONICAL_INVALID', { cause });
  }
  if (text === undefined) throw refuse('no JSON representation');
  return text;
}

function requireJson(value: unknown, depth: number): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return;
    case 'number':
      if (!Number.isFinite(value)) throw refuse('not a finite number');
      return;
    case 'object':
      if (value !== null) requireContainer(value, depth + 1);
      return;
    default:
      throw refuse(`a ${typeof value} is not JSON`);
  }
}

function requireContainer(value: object, depth: number): void {
  if (depth > maxDepth) throw refuse('nested too deeply');
  if (Array.isArray(value)) {
    if (Object.keys(value).length !== value.length) throw refuse('a sparse or decorated array is not JSON');
    for (const item of value) requireJson(item, depth);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) throw refuse('only plain objects are JSON');
  if (Object.getOwnPropertySymbols(value).length > 0) throw refuse('a symbol key is not JSON');
  for (const item of Object.values(value)) requireJson(item, depth);
}

function refuse(message: string): EvidenceError {
  return new EvidenceError('CANONICAL_INVALID', { message });
}
