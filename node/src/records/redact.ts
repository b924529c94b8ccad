import type { Resource } from '../fhir/index.ts';

const redacted = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'REDACTED' };
/** What a resource cannot be read without. */
const kept: ReadonlySet<string> = new Set(['resourceType', 'id', 'meta']);

/**
 * The resource without the top-level elements that a decision withholds (`note` of any type, `Patient.name` of that type
 * only), marked REDACTED where something was left out (HL7 v3-ObservationValue).
 */
export function redact(resource: Resource, redactions: readonly string[]): Resource {
  const withheld = withheldElements(resource, redactions);
  if (withheld.size === 0) return resource;
  const entries = Object.entries(resource).filter(([name]) => !withheld.has(name));
  const security = [...(resource.meta?.security ?? []), redacted];
  return {
    ...Object.fromEntries(entries),
    resourceType: resource.resourceType,
    meta: { ...resource.meta, security },
  };
}

/** The elements of this resource that `redactions` name, with the extensions that FHIR keeps beside them (`_name`). */
export function withheldElements(resource: Resource, redactions: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const redaction of redactions) {
    const [type, name] = redaction.includes('.')
      ? redaction.split('.', 2)
      : [resource.resourceType, redaction];
    if (type !== resource.resourceType || name === undefined || kept.has(name)) continue;
    for (const element of [name, `_${name}`]) if (Object.hasOwn(resource, element)) names.add(element);
  }
  return names;
}
