import { planRequest } from './bundle-request.ts';
import { errorIssue, FhirError, fhirError } from './errors.ts';
import { MAX_BUNDLE_ENTRIES, MAX_BUNDLE_READS } from './limits.ts';
import { parseReference } from './references.ts';
import { placeOf, visitUnresolved } from './rewrite-references.ts';
import type { BundlePlan, ConditionalReference, PlannedEntry } from './types.ts';
import { validateEnvelope, validateResource } from './validate.ts';

type Json = Record<string, unknown>;
type Entry = { fullUrl?: string; resource?: unknown; request: Json };
type Kind = BundlePlan['kind'];

/** FHIR R4 http.html §transaction processing rules: DELETE, POST, PUT, GET. */
const ORDER: Record<PlannedEntry['request']['interaction'], number> = {
  delete: 0,
  create: 1,
  update: 2,
  read: 3,
  vread: 3,
  'search-type': 3,
};

/**
 * Reads a transaction or batch Bundle: validates it and every resource in it, and puts the entries into the order in which they are
 * to be processed. Entries may refer to each other in circles; two entries that write the same thing are refused.
 *
 * @throws FhirError for the whole Bundle; in a batch a bad entry is refused alone and listed in `refused`.
 */
export function planBundle(bundle: unknown): BundlePlan {
  const { kind, entries } = readEnvelope(bundle);
  const fullUrls = readFullUrls(entries);
  const refused = new Map<number, FhirError>();
  const planned: PlannedEntry[] = [];
  const references = new Map<string, ConditionalReference>();
  const typeOf = typesIn(entries, fullUrls);
  entries.forEach((entry, index) => {
    try {
      const plan = planEntry(entry, index, { kind, typeOf });
      collectConditional(plan, fullUrls, references);
      planned.push(plan);
    } catch (error) {
      if (kind === 'transaction' || !(error instanceof FhirError)) throw error;
      refused.set(index, error);
    }
  });
  if (planned.filter(({ request }) => ORDER[request.interaction] === ORDER.read).length > MAX_BUNDLE_READS) {
    throw tooLarge(`A Bundle holds at most ${MAX_BUNDLE_READS} entries that read.`);
  }
  if (kind === 'transaction') refuseOverlap(planned);
  planned.sort((a, b) => ORDER[a.request.interaction] - ORDER[b.request.interaction] || a.index - b.index);
  return {
    kind,
    entries: planned,
    refused,
    size: entries.length,
    fullUrls,
    conditionalReferences: [...references.values()],
  };
}

function readEnvelope(bundle: unknown): { kind: Kind; entries: readonly Entry[] } {
  const json = (typeof bundle === 'object' && bundle !== null ? bundle : {}) as Json;
  const { type, entry } = json;
  if (json['resourceType'] !== 'Bundle' || (type !== 'transaction' && type !== 'batch')) {
    throw fhirError('FHIR_BUNDLE_INVALID', {
      type: 'structure',
      text: 'Expected a Bundle of type transaction or batch.',
      expression: 'Bundle.type',
    });
  }
  if (Array.isArray(entry) && entry.length > MAX_BUNDLE_ENTRIES) {
    throw tooLarge(`A Bundle holds at most ${MAX_BUNDLE_ENTRIES} entries.`);
  }
  validateEnvelope(json);
  const entries = (entry ?? []) as Entry[];
  entries.forEach(({ request }, index) => {
    if (request === undefined) throw refusal(index, 'required', 'Each entry needs a request.', 'request');
  });
  return { kind: type, entries };
}

/** fullUrls of what the Bundle writes. They name entries, so no two may be the same (bdl-7). */
function readFullUrls(entries: readonly Entry[]): Map<string, number> {
  const fullUrls = new Map<string, number>();
  entries.forEach(({ fullUrl, resource }, index) => {
    if (fullUrl === undefined) return;
    if (fullUrls.has(fullUrl))
      throw refusal(index, 'duplicate', 'Two entries have the same fullUrl.', 'fullUrl');
    if (resource !== undefined) fullUrls.set(fullUrl, index);
  });
  return fullUrls;
}

/** What a urn will be rewritten to is known by type before it is by id. */
function typesIn(
  entries: readonly Entry[],
  fullUrls: ReadonlyMap<string, number>,
): (urn: string) => string | undefined {
  return (urn) => {
    const { resourceType } = (entries[fullUrls.get(urn) ?? -1]?.resource ?? {}) as Json;
    return typeof resourceType === 'string' ? resourceType : undefined;
  };
}

function planEntry(
  entry: Entry,
  index: number,
  { kind, typeOf }: { kind: Kind; typeOf: (urn: string) => string | undefined },
): PlannedEntry {
  const request = planRequest(entry.request, index);
  const writes = request.interaction === 'create' || request.interaction === 'update';
  if (!writes) {
    if (entry.resource !== undefined)
      throw refusal(index, 'structure', 'Only POST and PUT carry a resource.', 'resource');
    return { index, fullUrl: entry.fullUrl, request, resource: undefined };
  }
  checkFullUrl(entry.fullUrl, request, index);
  const root = `Bundle.entry[${index}].resource`;
  const references = kind === 'transaction' ? 'transaction' : 'stored';
  const resource = validateResource(entry.resource, { references, root, typeOf });
  if (
    resource.resourceType !== request.type ||
    (request.interaction === 'update' && resource.id !== request.id)
  ) {
    throw refusal(
      index,
      'value',
      'The type and id of the resource must be those of the request.',
      'request.url',
    );
  }
  return { index, fullUrl: entry.fullUrl, request, resource };
}

/** A created resource is named by a urn; the URL of another server would make its references look like ours. */
function checkFullUrl(fullUrl: string | undefined, request: PlannedEntry['request'], index: number): void {
  if (fullUrl === undefined || parseReference(fullUrl)?.kind === 'urn') return;
  if (request.interaction === 'update' && fullUrl.endsWith(`/${request.type}/${request.id}`)) return;
  throw refusal(index, 'value', 'The fullUrl of a new resource must be a urn:uuid or urn:oid.', 'fullUrl');
}

/** Collects the conditions of one entry; its urn references must name entries. */
function collectConditional(
  { index, resource }: PlannedEntry,
  fullUrls: ReadonlyMap<string, number>,
  found: Map<string, ConditionalReference>,
): void {
  if (!resource) return;
  visitUnresolved(resource, (reference) => {
    if (fullUrls.has(reference) || found.has(reference)) return;
    const parsed = parseReference(reference);
    if (parsed?.kind !== 'conditional') {
      const root = `Bundle.entry[${index}].resource`;
      throw fhirError('FHIR_REFERENCE_UNRESOLVED', {
        type: 'not-found',
        text: 'A urn reference points at no entry of the Bundle.',
        expression: placeOf(reference, resource, root) ?? root,
      });
    }
    found.set(reference, { reference, type: parsed.type, identifier: parsed.identifier });
  });
}

/** http.html §transaction: if any two entries write the same resource, the whole fails; so does a repeated conditional create. */
function refuseOverlap(entries: readonly PlannedEntry[]): void {
  const written = new Set<string>();
  for (const { index, request } of entries) {
    const target = writtenTarget(request);
    if (target === undefined) continue;
    if (written.has(target))
      throw refusal(index, 'duplicate', 'Two entries write the same resource.', 'request');
    written.add(target);
  }
}

function writtenTarget(request: PlannedEntry['request']): string | undefined {
  switch (request.interaction) {
    case 'update':
    case 'delete':
      return `${request.type}/${request.id}`;
    case 'create': {
      const { ifNoneExist } = request;
      return ifNoneExist && JSON.stringify([request.type, ifNoneExist.system, ifNoneExist.value]);
    }
    default:
      return undefined;
  }
}

function refusal(
  index: number,
  type: 'required' | 'structure' | 'value' | 'duplicate',
  text: string,
  element: string,
): FhirError {
  const code = type === 'duplicate' ? 'FHIR_DUPLICATE' : 'FHIR_BUNDLE_INVALID';
  const expression = `Bundle.entry[${index}].${element}`;
  return new FhirError('FHIR_BUNDLE_INVALID', [errorIssue({ type, code, text, expression })]);
}

function tooLarge(text: string): FhirError {
  return fhirError('FHIR_BUNDLE_TOO_LARGE', { type: 'too-long', text, expression: 'Bundle.entry' });
}

/** Resolves the urn references of a plan once the ids of its entries are known (`ids[index]`). */
export function urnResolver(
  plan: BundlePlan,
  ids: readonly (string | undefined)[],
): (reference: string) => string | undefined {
  const types = new Map(plan.entries.map(({ index, request }) => [index, request.type]));
  return (reference) => {
    const index = plan.fullUrls.get(reference);
    const id = index === undefined ? undefined : ids[index];
    return index === undefined || id === undefined ? undefined : `${types.get(index)}/${id}`;
  };
}
