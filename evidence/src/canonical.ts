import canonicalize from 'canonicalize';
import { EvidenceError } from './errors.ts';
import { WrittenNumber } from './written-number.ts';

const maxDepth = 128;
const mostInserted = 24;
/** A name that has no place of its choice in an object: indices come first in every object, `__proto__` is not a member. */
const unplaceable = /^(?:\d|__proto__$)/;

/** Names that were found to be placeable text: the same few hundred come again and again. */
const plainNames = new Set<string>();
const keptNames = 4096;
const longestKept = 64;

type Walk = { isPlaceable: boolean };

/**
 * The one JSON text of `value` (RFC 8785, JSON Canonicalization Scheme).
 * Refuses with CANONICAL_INVALID whatever I-JSON cannot say (undefined, functions, NaN, infinities, lone
 * surrogates, cycles) or a JSON parser cannot produce (Date, Map, sparse arrays, symbol keys, toJSON),
 * instead of dropping it silently, so that two different values never share a text.
 */
export function canonicalJson(value: unknown): string {
  const walk = { isPlaceable: true };
  const sorted = ordered(value, walk, 0);
  // RFC 8785 §3.2.2: the rest is as ECMAScript's own serializer writes it, which is several times faster than the library.
  return walk.isPlaceable ? JSON.stringify(sorted) : serialize(JSON.parse(JSON.stringify(value)));
}

function serialize(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw refuse('no JSON representation');
  return text;
}

/** `value` with the members of every object in order (RFC 8785 §3.2.3); parts that are in order already are shared. */
function ordered(value: unknown, walk: Walk, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      requireText(value);
      return value;
    case 'boolean':
      return value;
    case 'number':
      return finite(value);
    case 'object':
      return value === null ? value : orderedParts(value, walk, depth);
    default:
      throw refuse(`a ${typeof value} is not JSON`);
  }
}

function orderedParts(value: object, walk: Walk, depth: number): unknown {
  if (depth >= maxDepth) throw refuse('nested too deeply'); // cycles too
  if (Array.isArray(value)) return orderedArray(value, walk, depth + 1);
  return value instanceof WrittenNumber
    ? finite(value.valueOf())
    : orderedObject(value as Record<string, unknown>, walk, depth + 1);
}

function finite(number: number): number {
  if (!Number.isFinite(number)) throw refuse('not a finite number');
  return number;
}

function orderedArray(items: readonly unknown[], walk: Walk, depth: number): readonly unknown[] {
  if (Object.keys(items).length !== items.length) throw refuse('a sparse or decorated array is not JSON');
  let copy: unknown[] | undefined;
  for (let at = 0; at < items.length; at += 1) {
    const item = ordered(items[at], walk, depth);
    if (item === items[at]) continue;
    copy ??= items.slice();
    copy[at] = item;
  }
  return copy ?? items;
}

function orderedObject(source: Record<string, unknown>, walk: Walk, depth: number): object {
  requirePlain(source);
  const names = Object.keys(source);
  const isAscending = areOrdered(names, walk);
  if (!isAscending) sort(names);
  let copy: Record<string, unknown> | undefined = isAscending ? undefined : {};
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at] ?? '';
    const child = source[name];
    const member = ordered(child, walk, depth);
    if (copy === undefined && member !== child) copy = first(source, names, at);
    if (copy !== undefined) copy[name] = member;
  }
  return copy ?? source;
}

/** In ascending order of UTF-16 code units. Objects are small: no sorting by the platform, which takes memory for it. */
function sort(names: string[]): void {
  if (names.length > mostInserted) {
    names.sort();
    return;
  }
  for (let next = 1; next < names.length; next += 1) {
    const name = names[next] ?? '';
    let at = next;
    for (; at > 0 && name < (names[at - 1] ?? ''); at -= 1) names[at] = names[at - 1] ?? '';
    names[at] = name;
  }
}

function requirePlain(source: object): void {
  const prototype: unknown = Object.getPrototypeOf(source);
  if (prototype !== null && prototype !== Object.prototype) throw refuse('only plain objects are JSON');
  if (Object.getOwnPropertySymbols(source).length > 0) throw refuse('a symbol key is not JSON');
}

function first(
  source: Record<string, unknown>,
  names: readonly string[],
  count: number,
): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (let at = 0; at < count; at += 1) {
    const name = names[at] ?? '';
    copy[name] = source[name];
  }
  return copy;
}

/** Whether the names are in ascending order of their UTF-16 code units. */
function areOrdered(names: readonly string[], walk: Walk): boolean {
  let isAscending = true;
  let previous = '';
  for (const name of names) {
    if (!plainNames.has(name)) checkName(name, walk);
    if (name < previous) isAscending = false;
    previous = name;
  }
  return isAscending;
}

function checkName(name: string, walk: Walk): void {
  requireText(name);
  if (unplaceable.test(name)) walk.isPlaceable = false;
  else if (plainNames.size < keptNames && name.length <= longestKept) plainNames.add(name);
}

function requireText(text: string): void {
  if (!text.isWellFormed()) throw refuse('a lone surrogate');
}

function refuse(message: string): EvidenceError {
  return new EvidenceError('CANONICAL_INVALID', { message });
}
