import type { Identifier, Resource } from './types.ts';

/** The business identifiers of a resource that have both a system and a value; only these can be looked up. */
export function identifiersOf(resource: Resource): Identifier[] {
  const { identifier, masterIdentifier } = resource;
  const all = [masterIdentifier, ...(Array.isArray(identifier) ? identifier : [identifier])];
  return all.flatMap((candidate) => {
    const { system, value } = (candidate ?? {}) as { system?: unknown; value?: unknown };
    return typeof system === 'string' && typeof value === 'string' ? [{ system, value }] : [];
  });
}
