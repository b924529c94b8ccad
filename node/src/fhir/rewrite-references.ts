import { fhirError } from './errors.ts';
import type { Resource } from './types.ts';

type Json = Record<string, unknown>;
const CONDITIONAL = /^[A-Z][A-Za-z]{1,63}\?/;

type Resolve = (reference: string) => string | undefined;
type Rewrite = (reference: string) => string;

/**
 * A copy of `resource` in which every urn and conditional reference is replaced by what `resolve` answers for it
 * (`Patient/123`); other references stay. Parts without such a reference are shared with the original.
 *
 * @throws FhirError FHIR_REFERENCE_UNRESOLVED if `resolve` answers nothing; it names the place below `root`.
 */
export function rewriteReferences(
  resource: Resource,
  resolve: Resolve,
  root: string = resource.resourceType,
): Resource {
  const resolved = (reference: string): string => {
    const target = resolve(reference);
    if (target !== undefined) return target;
    throw fhirError('FHIR_REFERENCE_UNRESOLVED', {
      type: 'not-found',
      text: 'A reference points at nothing in this Bundle or on this node.',
      expression: placeOf(reference, resource, root) ?? root,
    });
  };
  return rewrite(resource, resolved) as Resource;
}

/** Where the reference stands first, as a FHIRPath; the names on the way are those of known elements. */
export function placeOf(reference: string, value: unknown, path: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, child] of Object.entries(value)) {
    const place = Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`;
    if (name === 'reference' && child === reference) return place;
    const found = placeOf(reference, child, place);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Calls `visit` for every urn and conditional reference of the resource. */
export function visitUnresolved(resource: Resource, visit: (reference: string) => void): void {
  walk(resource, visit);
}

/** True for a reference that must be rewritten before it is stored. Its syntax was checked by validateResource. */
function isUnresolved(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  if (value.startsWith('urn:')) return value.startsWith('uuid:', 4) || value.startsWith('oid:', 4);
  return CONDITIONAL.test(value);
}

function walk(value: unknown, visit: (reference: string) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit);
    return;
  }
  for (const name of Object.keys(value)) {
    const child = (value as Json)[name];
    if (name === 'reference' && isUnresolved(child)) visit(child);
    else walk(child, visit);
  }
}

function rewrite(value: unknown, resolved: Rewrite): unknown {
  if (Array.isArray(value)) return rewriteArray(value, resolved);
  if (typeof value !== 'object' || value === null) return value;
  const source = value as Json;
  let copy: Json | undefined;
  for (const name of Object.keys(source)) {
    const child = source[name];
    const rewritten =
      name === 'reference' && isUnresolved(child) ? resolved(child) : rewrite(child, resolved);
    if (rewritten === child) continue;
    copy ??= { ...source };
    copy[name] = rewritten;
  }
  return copy ?? source;
}

function rewriteArray(items: readonly unknown[], resolved: Rewrite): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < items.length; index += 1) {
    const rewritten = rewrite(items[index], resolved);
    if (rewritten === items[index]) continue;
    copy ??= [...items];
    copy[index] = rewritten;
  }
  return copy ?? items;
}
