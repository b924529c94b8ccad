import { rulesOf } from './schema.ts';
import type { Resource, SearchQuery } from './types.ts';

const SUBSETTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };
const ALWAYS: ReadonlySet<string> = new Set(['resourceType', 'id', 'meta', 'implicitRules']);

/** What `_summary` and `_elements` leave of a resource, marked SUBSETTED (FHIR R4 search.html §summary, §elements). */
export function shapeResource(
  resource: Resource,
  query: Pick<SearchQuery, 'summary' | 'elements'>,
): Resource {
  const keeps = filterOf(resource.resourceType, query);
  if (!keeps) return resource;
  const kept = Object.fromEntries(
    Object.entries(resource).filter(([name]) => ALWAYS.has(name) || keeps(name)),
  );
  const tag = [...(resource.meta?.tag ?? []), SUBSETTED];
  return { ...kept, resourceType: resource.resourceType, meta: { ...resource.meta, tag } };
}

/** Whether a query leaves anything of a resource out. */
export function isShaped({ summary, elements }: Pick<SearchQuery, 'summary' | 'elements'>): boolean {
  return elements.length > 0 || summary !== 'false';
}

function filterOf(
  type: string,
  { summary, elements }: Pick<SearchQuery, 'summary' | 'elements'>,
): ((name: string) => boolean) | undefined {
  const rules = rulesOf(type);
  const rule = (name: string) => rules?.elements.get(name.replace(/^_/, ''));
  const isMandatory = (name: string): boolean => (rule(name)?.min ?? 0) > 0;
  if (elements.length > 0) {
    const wanted = new Set(elements);
    return (name) => {
      const bare = name.replace(/^_/, '');
      return isMandatory(name) || wanted.has(bare) || wanted.has(rule(name)?.choice ?? bare);
    };
  }
  switch (summary) {
    case 'true':
      return (name) => isMandatory(name) || (rule(name)?.isSummary ?? false);
    case 'text':
      return (name) => name === 'text' || isMandatory(name);
    case 'data':
      return (name) => name !== 'text';
    default:
      return undefined;
  }
}
