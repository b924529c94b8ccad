import type { Resource } from '../fhir/index.ts';

/** Elements that say when it happened, the most telling first; of a Timing its events count. */
const elements = [
  'effectiveDateTime',
  'effectivePeriod',
  'effectiveInstant',
  'effectiveTiming',
  'performedDateTime',
  'performedPeriod',
  'occurrenceDateTime',
  'occurrencePeriod',
  'onsetDateTime',
  'onsetPeriod',
  'whenHandedOver',
  'whenPrepared',
  'authoredOn',
  'started',
  'period',
  'billablePeriod',
  'date',
  'issued',
  'recordedDate',
  'recorded',
  'created',
] as const;

/** A day or a moment; of a period its start and `until`, its end, null where it has none yet. */
export type ClinicalDate = { date: string; until?: string | null };

/** When what the record tells of happened, as the record says it; consent's dataPeriod (FHIR R4 Consent.provision) is about this time. */
export function clinicalDate(resource: Resource): ClinicalDate | undefined {
  for (const element of elements) {
    const found = dateOf(resource[element]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function dateOf(value: unknown): ClinicalDate | undefined {
  if (typeof value === 'string') return { date: value };
  if (typeof value !== 'object' || value === null) return undefined;
  const { start, end, event } = value as { start?: unknown; end?: unknown; event?: unknown };
  if (typeof start === 'string') return { date: start, until: typeof end === 'string' ? end : null };
  const events = Array.isArray(event) ? event.filter((each) => typeof each === 'string').sort() : [];
  const [first, last] = [events.at(0), events.at(-1)];
  return first === undefined || last === undefined ? undefined : { date: first, until: last };
}
