import { narrowerLabels, ordinaryLabels } from './codes.ts';
import type { DataPeriod, Decision, Grant, GrantExclusion, RecordDescriptor } from './types.ts';

/**
 * Whether a decision releases one record: some grant covers it and excludes it not. A record without a date is inside no
 * data period that narrows, and inside every one that excludes.
 */
export function releases(decision: Decision, descriptor: RecordDescriptor): 'release' | 'withhold' {
  if (!decision.permit) return 'withhold';
  return decision.grants.some((grant) => covers(grant, descriptor)) ? 'release' : 'withhold';
}

function covers(grant: Grant, record: RecordDescriptor): boolean {
  return (
    (grant.types === 'all' || grant.types.includes(record.type)) &&
    (grant.instances === undefined || grant.instances.includes(`${record.type}/${record.id}`)) &&
    (grant.dataPeriod === undefined || isInside(record, grant.dataPeriod)) &&
    opensLabels(grant.labels, record.labels) &&
    !grant.exclusions.some((exclusion) => excludes(exclusion, record))
  );
}

/**
 * Every sensitive label has to be named, but `R`, which follows from another one that is there too. A wider label beside
 * a narrower one does not: it may stand for another kind (alcohol and cannabis). One that is not known here is never
 * opened.
 */
function opensLabels(opened: Grant['labels'], labels: readonly string[]): boolean {
  if (opened === 'all') return true;
  const sensitive = labels.filter((label) => !ordinaryLabels.has(label));
  const isExplained = sensitive.some((label) => label !== 'R');
  return sensitive.every((label) => opened.includes(label) || (label === 'R' && isExplained));
}

function excludes(exclusion: GrantExclusion, record: RecordDescriptor): boolean {
  const { types, instances, labels, dataPeriod } = exclusion;
  return (
    (types === undefined || types.includes(record.type)) &&
    (instances === undefined || instances.includes(`${record.type}/${record.id}`)) &&
    (labels === undefined || labels.some((label) => carries(record.labels, label))) &&
    (dataPeriod === undefined || mayTouch(record, dataPeriod))
  );
}

/** An excluded label takes its narrower ones along. */
function carries(labels: readonly string[], excluded: string): boolean {
  return [excluded, ...(narrowerLabels.get(excluded) ?? [])].some((label) => labels.includes(label));
}

/** Certainly inside: the whole span that the date may mean is. */
function isInside(record: RecordDescriptor, { start, end }: DataPeriod): boolean {
  const span = spanOf(record);
  if (span === undefined) return false;
  return (start === undefined || span.first >= start) && (end === undefined || span.last <= end);
}

/** Possibly inside: some day that the date may mean is. */
function mayTouch(record: RecordDescriptor, { start, end }: DataPeriod): boolean {
  const span = spanOf(record);
  if (span === undefined) return true;
  return (start === undefined || span.last >= start) && (end === undefined || span.first <= end);
}

type Span = { first: string; last: string };

const fhirDate = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:T|$)/;
/** After every day there is: of a period that is still going on. */
const never = '9999-12-31';

/** From the first day that a record may be about to the last: a period is about all its days. */
function spanOf({ date, until = date }: RecordDescriptor): Span | undefined {
  const [from, to] = [daysOf(date), until === null ? { first: never, last: never } : daysOf(until)];
  if (from === undefined || to === undefined) return undefined;
  return { first: from.first, last: to.last > from.last ? to.last : from.last };
}

/** First and last day that a FHIR date or dateTime may mean, as written: the day on the record, in its own time zone. */
function daysOf(date: string | undefined): Span | undefined {
  const match = date === undefined ? null : fhirDate.exec(date);
  if (match === null) return undefined;
  const [, year = '', month, day] = match;
  return {
    first: `${year}-${month ?? '01'}-${day ?? '01'}`,
    last: `${year}-${month ?? '12'}-${day ?? '31'}`,
  };
}
