import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { SearchPath, SearchType } from './types.ts';

export type ElementDefinition = {
  path: string;
  min: number;
  max: string;
  type?: { code: string; targetProfile?: string[]; profile?: string[] }[];
  contentReference?: string;
  constraint?: { key: string; severity: string; human: string; expression?: string }[];
  binding?: { strength: string; valueSet: string };
  isSummary?: boolean;
};
export type StructureDefinition = {
  resourceType: 'StructureDefinition';
  url: string;
  name: string;
  type: string;
  kind: 'primitive-type' | 'complex-type' | 'resource';
  abstract: boolean;
  snapshot: { element: ElementDefinition[] };
};
export type Definitions = {
  fhirVersion: string;
  structures: StructureDefinition[];
  valueSets: Record<string, Record<string, string[]>>;
  searchParameters: {
    base: string;
    code: string;
    type: SearchType;
    paths: SearchPath[];
    target?: string[];
  }[];
  patientCompartment: Record<string, string[]>;
};

const FILE = new URL('./definitions/r4.generated.json.gz', import.meta.url);

let loaded: Definitions | undefined;

/** HL7's R4 definitions as far as the node supports them; read once, on first use (written by scripts/trim-definitions.ts). */
export function definitions(): Definitions {
  loaded ??= JSON.parse(gunzipSync(readFileSync(FILE)).toString('utf8')) as Definitions;
  return loaded;
}
