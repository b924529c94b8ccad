import type { ElementSource } from './element-source.ts';

export type SearchParameterSource = {
  code: string;
  type: string;
  base: string[];
  expression?: string;
  target?: string[];
};
/** One place that a parameter reads: element names joined by dots, `valueQuantity` for a choice. */
type PathTarget = { path: string; datatype: string; system?: string };
type TrimmedParameter = { base: string; code: string; type: string; paths: PathTarget[]; target?: string[] };
type Structure = { snapshot: { element: Pick<ElementSource, 'path' | 'type' | 'contentReference'>[] } };

/** Parameters that need a relation between two values, a position or a sound; the node does not offer them. */
const LEFT_OUT = new Set(['composite', 'special']);
const LEFT_OUT_CODES = new Set(['phonetic']);
const DATATYPES: Record<string, ReadonlySet<string>> = {
  token: new Set([
    'code',
    'Coding',
    'CodeableConcept',
    'Identifier',
    'ContactPoint',
    'boolean',
    'id',
    'string',
    'uri',
    'oid',
  ]),
  reference: new Set(['Reference']),
  date: new Set(['date', 'dateTime', 'instant', 'Period', 'Timing']),
  string: new Set(['string', 'markdown']),
  quantity: new Set(['Quantity', 'Age', 'Duration', 'Money', 'Range']),
  uri: new Set(['uri', 'url', 'canonical', 'oid']),
};
/** FHIR R4 search.html §string: a HumanName or Address is searched by its parts. */
const PARTS: Record<string, readonly string[]> = {
  HumanName: ['text', 'family', 'given', 'prefix', 'suffix'],
  Address: ['text', 'line', 'city', 'district', 'state', 'postalCode', 'country'],
};

/** Turns the FHIRPath expressions of HL7's search parameters into plain paths, for the kept resource types. */
export function trimSearchParameters(
  sources: readonly SearchParameterSource[],
  structures: readonly Structure[],
  resourceTypes: readonly string[],
): TrimmedParameter[] {
  const elements = new Map(
    structures.flatMap(({ snapshot }) => snapshot.element.map((element) => [element.path, element])),
  );
  const trimmed: TrimmedParameter[] = [];
  for (const base of resourceTypes) {
    for (const source of sources.filter((candidate) => candidate.base.includes(base))) {
      if (LEFT_OUT.has(source.type) || LEFT_OUT_CODES.has(source.code)) continue;
      const paths = pathsOf(base, source, elements);
      if (paths.length === 0)
        console.log(`left out: ${base} ${source.code} (${source.expression ?? 'no expression'})`);
      else trimmed.push({ base, code: source.code, type: source.type, paths, ...targetsOf(base, source) });
    }
  }
  return trimmed;
}

function targetsOf(base: string, source: SearchParameterSource): { target?: string[] } {
  if (source.type !== 'reference') return {};
  const only = alternatives(base, source).map((expression) => /resolve\(\) is (\w+)/.exec(expression)?.[1]);
  const narrowed = only.filter((type) => type !== undefined);
  return { target: narrowed.length > 0 ? [...new Set(narrowed)] : [...(source.target ?? [])].sort() };
}

function alternatives(base: string, source: SearchParameterSource): string[] {
  const all = (source.expression ?? '').split('|').map((part) => part.trim());
  return all.filter((part) => part.replaceAll('(', '').startsWith(`${base}.`));
}

function pathsOf(
  base: string,
  source: SearchParameterSource,
  elements: Map<string, Structure['snapshot']['element'][number]>,
): PathTarget[] {
  if (base === 'Patient' && source.code === 'deceased') {
    return [{ path: 'deceased', datatype: 'deceased' }];
  }
  const found = alternatives(base, source).flatMap((expression) => {
    const system = /system='(\w+)'/.exec(expression)?.[1];
    const steps = expression
      .replace(/\.where\([^()]*(\(\)[^()]*)?\)/g, '')
      .replace(/\.ofType\((\w+)\)/g, '!$1')
      .replaceAll(/[()]/g, '')
      .split('.')
      .slice(1);
    return walk(base, steps, elements).map((target) => (system ? { ...target, system } : target));
  });
  return found.flatMap((target) => usable(source.type, target));
}

function usable(searchType: string, target: PathTarget): PathTarget[] {
  const parts = PARTS[target.datatype];
  if (searchType === 'string' && parts) {
    return parts.map((part) => ({ path: `${target.path}.${part}`, datatype: 'string' }));
  }
  return DATATYPES[searchType]?.has(target.datatype) ? [target] : [];
}

/** Resolves one path over the snapshots: choice elements become their concrete names, datatypes are entered. */
function walk(
  base: string,
  steps: readonly string[],
  elements: Map<string, Structure['snapshot']['element'][number]>,
): PathTarget[] {
  let current: { definition: string; path: string; datatype: string }[] = [
    { definition: base, path: '', datatype: base },
  ];
  for (const step of steps) {
    current = current.flatMap(({ definition, path, datatype }) => {
      const [name = '', only] = step.split('!');
      const parent =
        elements.has(`${definition}.${name}`) || elements.has(`${definition}.${name}[x]`)
          ? definition
          : datatype;
      const join = (last: string): string => (path ? `${path}.${last}` : last);
      const plain = elements.get(`${parent}.${name}`);
      if (plain) {
        const target = plain.contentReference ? plain.contentReference.slice(1) : plain.path;
        return (elements.get(target)?.type ?? []).map(({ code }) => ({
          definition: target,
          path: join(name),
          datatype: code,
        }));
      }
      const choice = elements.get(`${parent}.${name}[x]`);
      return (choice?.type ?? [])
        .filter(({ code }) => !only || code === only)
        .map(({ code }) => ({
          definition: code,
          path: join(name + code.charAt(0).toUpperCase() + code.slice(1)),
          datatype: code,
        }));
    });
  }
  return current.map(({ path, datatype }) => ({ path, datatype }));
}
