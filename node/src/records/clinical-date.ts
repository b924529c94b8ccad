import type { Resource } from '../fhir/index.ts';

/** Elements that say when it happened, the most telling first; a period or a Timing counts from its start. */
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

/** When what the record tells of happened, as the record says it; consent's dataPeriod (FHIR R4 Consent.provision) is about this time. */
export function clinicalDate(resource: Resource): string | undefined {
  for (const element of elements) {
    const date = startOf(resource[element]);
    if (date !== undefined) return date;
  }
  return undefined;
}

function startOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const { start, event } = value as { start?: unknown; event?: unknown };
  if (typeof start === 'string') return start;
  return Array.isArray(event) && typeof event[0] === 'string' ? event[0] : undefined;
}
