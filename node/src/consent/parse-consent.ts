import { z } from 'zod';
import type { PatientId } from '../lib/brand.ts';
import { labelSystem } from './build-consent.ts';
import { systems } from './codes.ts';
import { ConsentError } from './errors.ts';
import { checkTerms } from './parse-terms.ts';
import type { Consent } from './types.ts';

/** A CodeableConcept with exactly this coding. */
const concept = (system: string, code: string) =>
  z.strictObject({
    coding: z.tuple([z.strictObject({ system: z.literal(system), code: z.literal(code) })]),
  });
const coding = (system: string) => z.strictObject({ system: z.literal(system), code: z.string() });
const organization = z.strictObject({
  identifier: z.strictObject({ system: z.literal(systems.organization), value: z.string() }),
});
const patient = z.strictObject({ reference: z.string().regex(/^Patient\/[A-Za-z0-9\-.]{1,64}$/) });
const instant = z.iso.datetime({ precision: 3 });
const period = z.strictObject({ start: z.string().optional(), end: z.string().optional() });

const narrowing = {
  period: period.optional(),
  actor: z
    .array(z.strictObject({ role: concept(systems.participation, 'IRCP'), reference: organization }))
    .optional(),
  securityLabel: z
    .array(
      z
        .strictObject({ system: z.string(), code: z.string() })
        .refine(({ system, code }) => system === labelSystem(code)),
    )
    .optional(),
  purpose: z.array(coding(systems.reason)).optional(),
  class: z.array(coding(systems.resourceTypes)).optional(),
  dataPeriod: period.optional(),
  data: z
    .array(
      z.strictObject({
        meaning: z.literal('instance'),
        reference: z.strictObject({ reference: z.string() }),
      }),
    )
    .optional(),
};
const denial = z.strictObject({ type: z.literal('deny'), ...narrowing });
const permission = z.strictObject({
  type: z.literal('permit'),
  ...narrowing,
  provision: z.array(denial).optional(),
});

const consent = z.strictObject({
  resourceType: z.literal('Consent'),
  id: z.uuid(),
  meta: z.strictObject({ profile: z.tuple([z.literal(systems.profile)]) }),
  status: z.enum(['active', 'inactive']),
  scope: concept(systems.scope, 'patient-privacy'),
  category: z.tuple([concept(systems.category, '59284-0')]),
  patient,
  dateTime: instant,
  performer: z.tuple([patient]),
  organization: z.tuple([organization]),
  sourceAttachment: z.strictObject({
    contentType: z.literal('text/plain; charset=utf-8'),
    data: z.base64().max(400_000),
  }),
  policy: z.tuple([z.strictObject({ uri: z.literal(systems.policy) })]),
  provision: permission,
});

/**
 * Parses a FHIR R4 Consent of our profile: IHE PCF basic and intermediate, with `class` and `securityLabel`. What the
 * policy could not enforce is refused, never ignored (CONSENT_UNSUPPORTED naming the element): a root deny, a provision
 * inside a nested one (IHE PCF bans it), `data.meaning` other than instance, `action`, `code`, extensions.
 */
export function parseConsent(resource: unknown): Consent {
  const parsed = consent.safeParse(resource);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const names = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
    throw new ConsentError('CONSENT_UNSUPPORTED', {
      field: ['Consent', ...(issue?.path ?? []), ...names].join('.'),
    });
  }
  const { id, status, dateTime, provision, ...rest } = parsed.data;
  if (rest.performer[0].reference !== rest.patient.reference) {
    throw new ConsentError('CONSENT_UNSUPPORTED', { field: 'Consent.performer' });
  }
  return {
    id,
    status,
    patientId: rest.patient.reference.slice('Patient/'.length) as PatientId,
    custodian: rest.organization[0].identifier.value,
    dateTime,
    terms: checkTerms({
      ...narrowingOf(provision),
      types: provision.class?.map(({ code }) => code) ?? 'all',
      exclusions: (provision.provision ?? []).map(narrowingOf),
    }),
  };
}

/** The words the patient read when signing. */
export function wordsOf(resource: Record<string, unknown>): string {
  const { data } = resource['sourceAttachment'] as { data: string };
  return Buffer.from(data, 'base64').toString('utf8');
}

type Provision = z.infer<typeof denial> | z.infer<typeof permission>;

function narrowingOf(provision: Provision): object {
  const lists = {
    recipients: provision.actor?.map(({ reference }) => reference.identifier.value),
    purposes: provision.purpose?.map(({ code }) => code),
    types: provision.class?.map(({ code }) => code),
    labels: provision.securityLabel?.map(({ code }) => code),
    instances: provision.data?.map(({ reference }) => reference.reference),
    period: provision.period,
    dataPeriod: provision.dataPeriod,
  };
  return Object.fromEntries(Object.entries(lists).filter(([, value]) => value !== undefined));
}
