import { timeRange } from './dates.ts';
import { numberOf } from './number-of.ts';
import { type Slot, type SlotKind, slotsOf } from './search-table.ts';
import type { Resource, SearchValue, SearchValues, TimeRange } from './types.ts';
import { valuesAt } from './values-at.ts';

type Json = Record<string, unknown>;

const LOCAL_REFERENCE = /^[A-Za-z]{1,64}\/[A-Za-z0-9\-.]{1,64}(?=$|\/_history\/)/;
const CURRENCY_SYSTEM = 'urn:iso:std:iso:4217';
/** Slots of a type by the element they start at: a resource has few of the elements its type knows. */
const byFirstStep = new Map<string, ReadonlyMap<string, readonly Slot[]>>();

/** Everything that search may ask of the resource, for all parameters of its type; sealed beside the record. */
export function searchValues(resource: Resource): SearchValues {
  const slots = slotsByFirstStep(resource.resourceType);
  const paths: Record<string, SearchValue[]> = {};
  for (const name of Object.keys(resource)) {
    for (const slot of slots.get(name) ?? []) {
      const values = valuesAt(resource, slot.steps).flatMap((value) => extract(value, slot.kind));
      if (values.length > 0) paths[slot.path] = [...new Set(values)];
    }
  }
  if (resource.resourceType === 'Patient') paths['deceased'] = [isDeceased(resource)];
  const lastUpdated = resource.meta?.lastUpdated;
  return {
    v: 1,
    ...(resource.id === undefined ? {} : { id: resource.id }),
    ...(lastUpdated === undefined ? {} : { at: Date.parse(lastUpdated) }),
    paths,
  };
}

function slotsByFirstStep(type: string): ReadonlyMap<string, readonly Slot[]> {
  const known = byFirstStep.get(type);
  if (known) return known;
  const grouped = Map.groupBy(slotsOf(type), ({ steps }) => steps[0] ?? '');
  if (grouped.size > 0) byFirstStep.set(type, grouped);
  return grouped;
}

function extract(value: unknown, { type, datatype }: SlotKind): SearchValue[] {
  switch (type) {
    case 'token':
      return tokens(value, datatype);
    case 'reference':
      return LOCAL_REFERENCE.exec(String((value as Json)['reference'])) ?? [];
    case 'date':
      return timeRanges(value);
    case 'quantity':
      return quantityRange(value, datatype);
    default:
      return typeof value === 'string' ? [value] : [];
  }
}

function tokens(value: unknown, datatype: string): SearchValue[] {
  if (typeof value === 'boolean') return [value];
  if (typeof value !== 'object' || value === null) return [` ${String(value)}`];
  const object = value as Json;
  switch (datatype) {
    case 'CodeableConcept':
      return Array.isArray(object['coding'])
        ? object['coding'].flatMap((coding) => tokens(coding, 'Coding'))
        : [];
    case 'Identifier':
    case 'ContactPoint':
      return token(object['system'], object['value']);
    default:
      return token(object['system'], object['code']);
  }
}

function token(system: unknown, code: unknown): SearchValue[] {
  return code === undefined ? [] : [`${system ?? ''} ${String(code)}`];
}

/** A Timing counts from its first event to its last (FHIR R4 search.html §date). */
function timeRanges(value: unknown): SearchValue[] {
  if (typeof value === 'string') {
    const range = timeRange(value);
    return range ? [range] : [];
  }
  const { start, end, event, repeat } = value as Json;
  if (start !== undefined || end !== undefined) return [period(start, end)];
  const bounds = (repeat as Json | undefined)?.['boundsPeriod'] as Json | undefined;
  if (bounds) return [period(bounds['start'], bounds['end'])];
  const ranges = (Array.isArray(event) ? event : []).map((instant) => timeRange(String(instant)));
  const events = ranges.filter((range) => range !== undefined);
  if (events.length === 0) return [];
  return [[Math.min(...events.map(([from]) => from)), Math.max(...events.map(([, to]) => to))]];
}

function period(start: unknown, end: unknown): TimeRange {
  return [timeRange(String(start))?.[0] ?? null, timeRange(String(end))?.[1] ?? null];
}

function quantityRange(value: unknown, datatype: string): SearchValue[] {
  const quantity = value as Json;
  if (datatype === 'Range') {
    const [low, high] = [quantity['low'] as Json | undefined, quantity['high'] as Json | undefined];
    const ends = [endOf(low), endOf(high)] as const;
    return ends[0] === null && ends[1] === null ? [] : [[...ends, ...unitOf(low ?? high ?? {})]];
  }
  const amount = numberOf(quantity['value']);
  if (amount === undefined) return [];
  if (datatype === 'Money')
    return [[amount, amount, CURRENCY_SYSTEM, String(quantity['currency'] ?? ''), '']];
  const comparator = String(quantity['comparator'] ?? '');
  return [
    [
      comparator.startsWith('<') ? null : amount,
      comparator.startsWith('>') ? null : amount,
      ...unitOf(quantity),
    ],
  ];
}

function endOf(quantity: Json | undefined): number | null {
  return numberOf(quantity?.['value']) ?? null;
}

function unitOf({ system, code, unit }: Json): [system: string, code: string, unit: string] {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return [text(system), text(code), text(unit)];
}

function isDeceased(patient: Resource): boolean {
  return patient['deceasedDateTime'] !== undefined || patient['deceasedBoolean'] === true;
}
