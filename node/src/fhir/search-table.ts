import { definitions } from './definitions.ts';
import { supportedType } from './supported-types.ts';
import type { SearchParameter, SearchPath, SearchType } from './types.ts';

/** How a value at a path is turned into search values; one per path, shared by all parameters that read it. */
export type Slot = { path: string; steps: readonly string[]; kind: SlotKind };
export type SlotKind = { type: SearchType; datatype: string };

type Table = { parameters: ReadonlyMap<string, SearchParameter>; slots: readonly Slot[] };

export const ID_PATH = '_id';
export const LAST_UPDATED_PATH = '_lastUpdated';

const NO_TARGETS: ReadonlySet<string> = new Set();
const parameter = (code: string, type: SearchType, path: SearchPath): SearchParameter => ({
  code,
  type,
  paths: [path],
  targets: NO_TARGETS,
});
/** Parameters of every type (FHIR R4 search.html §all). */
const COMMON: readonly SearchParameter[] = [
  parameter('_id', 'token', { path: ID_PATH, datatype: 'id' }),
  parameter('_lastUpdated', 'date', { path: LAST_UPDATED_PATH, datatype: 'instant' }),
  parameter('_security', 'token', { path: 'meta.security', datatype: 'Coding' }),
  parameter('_tag', 'token', { path: 'meta.tag', datatype: 'Coding' }),
];

let tables: Map<string, Table> | undefined;

/** The search parameters of a supported type by their name; undefined for another type. */
export function parametersOf(type: string): ReadonlyMap<string, SearchParameter> | undefined {
  return tableOf(type)?.parameters;
}

/** The places that are read to index a resource of the type. */
export function slotsOf(type: string): readonly Slot[] {
  return tableOf(type)?.slots ?? [];
}

function tableOf(type: string): Table | undefined {
  tables ??= buildTables();
  return tables.get(type);
}

function buildTables(): Map<string, Table> {
  const byType = new Map<string, Map<string, SearchParameter>>();
  for (const { base, code, type, paths, target } of definitions().searchParameters) {
    if (!supportedType(base)) continue;
    const parameters = byType.get(base) ?? new Map(COMMON.map((common) => [common.code, common]));
    parameters.set(code, { code, type, paths, targets: new Set(target) });
    byType.set(base, parameters);
  }
  return new Map(
    [...byType].map(([type, parameters]) => [type, { parameters, slots: slotsFor(parameters) }]),
  );
}

function slotsFor(parameters: ReadonlyMap<string, SearchParameter>): Slot[] {
  const slots = new Map<string, Slot>();
  for (const { type, paths } of parameters.values()) {
    for (const { path, datatype } of paths) {
      if (path === ID_PATH || path === LAST_UPDATED_PATH || slots.has(path)) continue;
      slots.set(path, { path, steps: path.split('.'), kind: { type, datatype } });
    }
  }
  return [...slots.values()];
}
