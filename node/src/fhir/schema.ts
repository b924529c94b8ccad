import { definitions, type ElementDefinition, type StructureDefinition } from './definitions.ts';
import { INVARIANTS, type Invariant } from './invariants.ts';
import { PRIMITIVES } from './primitives.ts';

/** Allowed codes: of any system (datatype `code`), and per system (Coding, CodeableConcept). */
export type CodeSet = { codes: ReadonlySet<string>; systems: ReadonlyMap<string, ReadonlySet<string>> };

export type ElementRule = {
  /** Property name in JSON, `valueQuantity` for a choice. */
  name: string;
  datatype: string;
  isArray: boolean;
  min: number;
  max: number;
  isSummary: boolean;
  /** `value` for `value[x]`; only one of a choice may be present. */
  choice: string | undefined;
  primitive: ((value: unknown) => boolean) | undefined;
  codes: CodeSet | undefined;
  pattern: RegExp | undefined;
  /** Resource types a Reference may point at; undefined = any. */
  targets: ReadonlySet<string> | undefined;
  invariants: readonly Invariant[];
  /** Rules of the children of a complex element; resolved on first use because types nest in each other. */
  children: ObjectRules | undefined;
};

export type ObjectRules = {
  path: string;
  isResource: boolean;
  elements: ReadonlyMap<string, ElementRule>;
  /** For each required element its possible names. */
  required: readonly (readonly string[])[];
  invariants: readonly Invariant[];
};

type MutableRules = {
  path: string;
  isResource: boolean;
  elements: Map<string, ElementRule>;
  required: string[][];
  invariants: Invariant[];
};

/** Value sets that HL7 does not enumerate are checked by syntax (BCP 13 media types, ISO 4217 currencies). */
const CODE_PATTERNS: Record<string, RegExp> = {
  'http://hl7.org/fhir/ValueSet/mimetypes':
    /^[\w.+-]{1,127}\/[\w.+-]{1,127}(?:; ?[\w.+-]{1,64}=(?:[\w.+-]{1,127}|"[\w .+/:-]{1,127}"))*$/,
  'http://hl7.org/fhir/ValueSet/currencies': /^[A-Z]{3}$/,
};
const RESOURCE_URL = 'http://hl7.org/fhir/StructureDefinition/';
const TYPES_VALUE_SET = 'http://hl7.org/fhir/ValueSet/resource-types';

type Compiled = { rules: Map<string, MutableRules>; codeSets: Map<string, CodeSet>; resources: Set<string> };
let compiled: Compiled | undefined;

/** The rules of one resource type or datatype, or undefined if the definitions do not hold it. */
export function rulesOf(type: string): ObjectRules | undefined {
  compiled ??= compile(definitions().structures);
  return compiled.rules.get(type);
}

/** True for the resource types whose definitions the node has. */
export function isKnownResource(type: string): boolean {
  compiled ??= compile(definitions().structures);
  return compiled.resources.has(type);
}

/** True for every resource type of FHIR R4, known to the node or not. */
export function isResourceType(type: string): boolean {
  return codeSet(TYPES_VALUE_SET)?.codes.has(type) ?? false;
}

/** The code system of a `code` element with a required binding to exactly one system. */
export function implicitSystem(type: string, path: string): string | undefined {
  let rules = rulesOf(type);
  let rule: ElementRule | undefined;
  for (const step of path.split('.')) {
    rule = rules?.elements.get(step);
    rules = rule?.children;
  }
  const systems = [...(rule?.codes?.systems.keys() ?? [])];
  return systems.length === 1 ? systems[0] : undefined;
}

function codeSet(url: string): CodeSet | undefined {
  compiled ??= compile(definitions().structures);
  return compiled.codeSets.get(url);
}

function compile(structures: readonly StructureDefinition[]): Compiled {
  const codeSets = new Map(
    Object.entries(definitions().valueSets).map(([url, systems]): [string, CodeSet] => [
      url,
      {
        codes: new Set(Object.values(systems).flat()),
        systems: new Map(Object.entries(systems).map(([system, codes]) => [system, new Set(codes)])),
      },
    ]),
  );
  const result: Compiled = { rules: new Map(), codeSets, resources: new Set() };
  for (const structure of structures) {
    if (structure.kind === 'primitive-type') continue;
    if (structure.kind === 'resource' && !structure.abstract) result.resources.add(structure.type);
    for (const element of structure.snapshot.element) addElement(typedId(element, structure), result);
    const root = result.rules.get(structure.type);
    if (root) root.isResource = structure.kind === 'resource';
  }
  for (const rules of result.rules.values()) resolveChildren(rules, result.rules);
  return result;
}

/** R4 types Resource.id as a string and gives its syntax in prose (resource.html §id); here it is an `id`. */
function typedId(element: ElementDefinition, { kind, type }: StructureDefinition): ElementDefinition {
  return kind === 'resource' && element.path === `${type}.id`
    ? { ...element, type: [{ code: 'id' }] }
    : element;
}

function addElement(element: ElementDefinition, { rules, codeSets }: Compiled): void {
  const { path } = element;
  const dot = path.lastIndexOf('.');
  if (dot === -1) {
    rules.set(path, emptyRules(element));
    return;
  }
  const parent = rules.get(path.slice(0, dot));
  if (!parent || element.max === '0') return;
  if (isBackbone(element)) rules.set(path, emptyRules(element));

  const last = path.slice(dot + 1);
  const choice = last.endsWith('[x]') ? last.slice(0, -3) : undefined;
  const types = element.contentReference
    ? [{ code: element.contentReference.slice(1) }]
    : (element.type ?? []);
  const names: string[] = [];
  for (const type of types) {
    const name = choice ? choice + type.code.charAt(0).toUpperCase() + type.code.slice(1) : last;
    names.push(name);
    parent.elements.set(name, elementRule(element, { name, choice, type, codeSets }));
  }
  if (element.min > 0) parent.required.push(names);
}

function emptyRules(element: ElementDefinition): MutableRules {
  return {
    path: element.path,
    isResource: false,
    elements: new Map(),
    required: [],
    invariants: invariantsOf(element),
  };
}

type RuleContext = {
  name: string;
  choice: string | undefined;
  type: { code: string; targetProfile?: string[]; profile?: string[] };
  codeSets: Map<string, CodeSet>;
};

function elementRule(element: ElementDefinition, { name, choice, type, codeSets }: RuleContext): ElementRule {
  const datatype = isBackbone(element) ? element.path : type.code;
  const valueSet = element.binding?.valueSet ?? '';
  const targets = (type.targetProfile ?? []).map((url) => url.slice(RESOURCE_URL.length));
  const isSimpleQuantity = type.profile?.some((url) => url.endsWith('/SimpleQuantity')) ?? false;
  return {
    name,
    datatype,
    isArray: element.max !== '1',
    min: element.min,
    max: element.max === '*' ? Number.POSITIVE_INFINITY : Number(element.max),
    isSummary: element.isSummary ?? false,
    choice,
    primitive: PRIMITIVES.get(datatype),
    codes: codeSets.get(valueSet),
    pattern: CODE_PATTERNS[valueSet],
    targets: targets.length === 0 || targets.includes('Resource') ? undefined : new Set(targets),
    invariants: isBackbone(element) ? [] : invariantsOf(element, isSimpleQuantity ? ['sqty-1'] : []),
    children: undefined,
  };
}

function isBackbone(element: ElementDefinition): boolean {
  const code = element.type?.[0]?.code;
  return code === 'BackboneElement' || (code === 'Element' && element.path.includes('.'));
}

function invariantsOf(element: ElementDefinition, more: readonly string[] = []): Invariant[] {
  const keys = [...(element.constraint ?? []).map(({ key }) => key), ...more];
  return keys.flatMap((key) => INVARIANTS.get(key) ?? []);
}

function resolveChildren(rules: MutableRules, all: ReadonlyMap<string, MutableRules>): void {
  for (const rule of rules.elements.values()) {
    rule.children = rule.primitive ? undefined : all.get(rule.datatype);
    // The datatype checks its own invariants; what its definition repeats on each use is not checked twice.
    const own = new Set(rule.children?.invariants);
    rule.invariants = rule.invariants.filter((invariant) => !own.has(invariant));
  }
}
