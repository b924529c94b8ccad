import { parametersOf } from './search-table.ts';
import { SUPPORTED_TYPES, supportedTypes } from './supported-types.ts';
import type { Interaction, Resource } from './types.ts';

/** What differs from node to node, and what its routes offer. */
export type Capabilities = {
  /** `https://node.hospital-a.example/fhir/R4`. */
  baseUrl: string;
  softwareVersion: string;
  publishedAt: string;
  /** Types and interactions that the routes serve; default: all supported ones. */
  types?: Readonly<Record<string, readonly Interaction[]>>;
  /** Operations by type, e.g. `{ Patient: [{ name: 'everything', definition: … }] }`. */
  operations?: Readonly<Record<string, readonly { name: string; definition: string }[]>>;
};

/** The CapabilityStatement, made from the tables that validation, search and routing work with (FHIR R4 http.html §capabilities). */
export function capabilityStatement(capabilities: Capabilities): Resource {
  const types =
    capabilities.types ??
    Object.fromEntries(supportedTypes.map((type) => [type, SUPPORTED_TYPES[type]?.interactions ?? []]));
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: capabilities.publishedAt,
    kind: 'instance',
    software: { name: 'Medseal', version: capabilities.softwareVersion },
    implementation: { description: 'Medseal exchange node', url: capabilities.baseUrl },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json'],
    rest: [
      {
        mode: 'server',
        security: {
          cors: false,
          description:
            'Every request needs a bearer token; what is released is decided by role and by the consent of the patient.',
        },
        resource: Object.entries(types)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([type, interactions]) =>
            describeType(type, interactions, capabilities.operations?.[type] ?? []),
          ),
        interaction: [{ code: 'transaction' }, { code: 'batch' }],
      },
    ],
  };
}

function describeType(
  type: string,
  interactions: readonly Interaction[],
  operations: readonly { name: string; definition: string }[],
): Record<string, unknown> {
  const parameters = [...(parametersOf(type)?.values() ?? [])].sort((a, b) => (a.code < b.code ? -1 : 1));
  const references = parameters
    .filter((parameter) => parameter.type === 'reference')
    .map(({ code }) => `${type}:${code}`);
  const pointingHere = supportedTypes.flatMap((source) =>
    [...(parametersOf(source)?.values() ?? [])]
      .filter((parameter) => parameter.targets.has(type))
      .map((parameter) => `${source}:${parameter.code}`),
  );
  const isSearched = interactions.includes('search-type');
  return {
    type,
    interaction: interactions.map((code) => ({ code })),
    versioning: interactions.includes('update') ? 'versioned-update' : 'versioned',
    readHistory: interactions.includes('vread'),
    updateCreate: false,
    conditionalCreate: interactions.includes('create'),
    conditionalRead: 'not-supported',
    conditionalUpdate: false,
    conditionalDelete: 'not-supported',
    referencePolicy: ['literal', 'local', 'logical'],
    ...(isSearched && references.length > 0 ? { searchInclude: references } : {}),
    ...(isSearched && pointingHere.length > 0 ? { searchRevInclude: pointingHere } : {}),
    ...(isSearched
      ? { searchParam: parameters.map(({ code, type: kind }) => ({ name: code, type: kind })) }
      : {}),
    ...(operations.length > 0 ? { operation: operations } : {}),
  };
}
