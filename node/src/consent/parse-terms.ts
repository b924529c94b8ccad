import { z } from 'zod';
import { labels as knownLabels, purposes as knownPurposes } from './codes.ts';
import { ConsentError } from './errors.ts';
import type { ConsentPurpose, ConsentTerms, Exclusion } from './types.ts';

const secondsPerDay = 86_400;
/** A consent ends: 30 days unless said otherwise, 10 years at most. */
const defaultDays = 30;
const maxDays = 3_653;

const organizationId = z.string().regex(/^[a-z][a-z0-9-]{1,62}$/);
const purpose = z.enum(Object.keys(knownPurposes) as [ConsentPurpose, ...ConsentPurpose[]]);
const typeName = z.string().regex(/^[A-Z][A-Za-z]{1,39}$/);
const label = z.string().refine((code) => Object.hasOwn(knownLabels, code));
const instance = z.string().regex(/^[A-Z][A-Za-z]{1,39}\/[A-Za-z0-9\-.]{1,64}$/);
const day = z.iso.date().refine(isPlausible);
const instant = z
  .string()
  .max(40)
  .pipe(z.iso.datetime({ offset: true }))
  .refine(isPlausible)
  .transform((text) => new Date(text).toISOString());

const dataPeriod = z
  .strictObject({ start: day.optional(), end: day.optional() })
  .refine(({ start, end }) => start !== undefined || end !== undefined)
  .refine(({ start, end }) => start === undefined || end === undefined || start <= end);
const openPeriod = z
  .strictObject({ start: instant.optional(), end: instant.optional() })
  .refine(({ start, end }) => start !== undefined || end !== undefined)
  .refine(({ start, end }) => start === undefined || end === undefined || start < end);

const exclusion = z
  .strictObject({
    recipients: list(organizationId, 20).optional(),
    purposes: list(purpose, 4).optional(),
    period: openPeriod.optional(),
    types: list(typeName, 150).optional(),
    labels: list(label, 10).optional(),
    instances: list(instance, 50).optional(),
    dataPeriod: dataPeriod.optional(),
  })
  .refine(({ types, labels, instances, dataPeriod: days }) => Boolean(types ?? labels ?? instances ?? days), {
    message: 'an exclusion says what it excludes',
  });

const terms = z.strictObject({
  recipients: list(organizationId, 20),
  purposes: list(purpose, 4),
  period: z.strictObject({ start: instant.optional(), end: instant.optional() }).optional(),
  types: z.union([z.literal('all'), list(typeName, 150)]),
  labels: z
    .array(label)
    .max(10)
    .default([])
    .transform((codes) => [...new Set(codes)].sort()),
  instances: list(instance, 50).optional(),
  dataPeriod: dataPeriod.optional(),
  exclusions: z.array(exclusion).max(20).default([]),
});

/**
 * Parses what a patient chose, e.g. `{recipients: ["hospital-b"], purposes: ["TREAT"], types: ["Observation"]}`.
 * Strict: unknown members, unknown codes, empty lists and absurd dates are CONSENT_INVALID naming the place.
 * A period starts now and lasts 30 days unless it says otherwise.
 */
export function parseTerms(value: unknown, now: Date): ConsentTerms {
  const { period, ...rest } = readTerms(value);
  const closed = closedPeriod(period, now);
  if (Date.parse(closed.end) <= now.getTime()) throw invalidPeriod();
  return { ...rest, period: closed };
}

/** Checks terms that a Consent resource holds; its period has both ends. */
export function checkTerms(value: unknown): ConsentTerms {
  const { period, ...rest } = readTerms(value);
  if (period?.start === undefined || period.end === undefined) throw invalidPeriod();
  return { ...rest, period: closedPeriod(period, new Date(period.start)) };
}

type OpenPeriod = { start?: string | undefined; end?: string | undefined };

function readTerms(value: unknown): Omit<ConsentTerms, 'period'> & { period: OpenPeriod | undefined } {
  const parsed = terms.safeParse(value);
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new ConsentError('CONSENT_INVALID', { field: path === '' ? 'terms' : `terms.${path}` });
  }
  const { period, instances, dataPeriod: days, exclusions, ...rest } = parsed.data;
  return {
    ...rest,
    period,
    ...(instances === undefined ? {} : { instances }),
    ...(days === undefined ? {} : { dataPeriod: present(days) }),
    exclusions: exclusions.map(cleanExclusion),
  };
}

function closedPeriod(period: OpenPeriod | undefined, now: Date): { start: string; end: string } {
  const start = period?.start ?? now.toISOString();
  const startTime = Date.parse(start);
  const end = period?.end ?? new Date(startTime + defaultDays * secondsPerDay * 1000).toISOString();
  const length = Date.parse(end) - startTime;
  if (length <= 0 || length > maxDays * secondsPerDay * 1000) throw invalidPeriod();
  return { start, end };
}

function invalidPeriod(): ConsentError {
  return new ConsentError('CONSENT_INVALID', { field: 'terms.period' });
}

function cleanExclusion(parsed: z.infer<typeof exclusion>): Exclusion {
  const { period, dataPeriod: days, ...lists } = parsed;
  return {
    ...present(lists),
    ...(period === undefined ? {} : { period: present(period) }),
    ...(days === undefined ? {} : { dataPeriod: present(days) }),
  };
}

/** The members that have a value, as a type without undefined. */
function present<Value extends object>(
  value: Value,
): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof Value]: Exclude<Value[Key], undefined> };
}

/** A list with at least one member, sorted, each member once. */
function list<Item extends z.ZodType<string>>(item: Item, max: number) {
  return z
    .array(item)
    .min(1)
    .max(max)
    .transform((items) => [...new Set(items)].sort());
}

function isPlausible(text: string): boolean {
  const year = Number(text.slice(0, 4));
  return year >= 1900 && year <= 2200 && !Number.isNaN(Date.parse(text));
}
