import { systems } from './codes.ts';
import type { ConsentResource, ConsentStatus, ConsentTerms, DataPeriod, Exclusion } from './types.ts';

/** Everything that a Consent says beside its terms. `words` is the text the patient read; it is signed with the rest. */
export type ConsentFrame = {
  id: string;
  status: ConsentStatus;
  patientId: string;
  custodian: string;
  dateTime: string;
  words: string;
};

/** The FHIR R4 Consent of these terms (docs/formats/consent.md). The same arguments give the same canonical bytes. */
export function buildConsent(terms: ConsentTerms, frame: ConsentFrame): ConsentResource {
  const patient = { reference: `Patient/${frame.patientId}` };
  return {
    resourceType: 'Consent',
    id: frame.id,
    meta: { profile: [systems.profile] },
    status: frame.status,
    scope: { coding: [{ system: systems.scope, code: 'patient-privacy' }] },
    category: [{ coding: [{ system: systems.category, code: '59284-0' }] }],
    patient,
    dateTime: frame.dateTime,
    performer: [patient],
    organization: [organization(frame.custodian)],
    sourceAttachment: {
      contentType: 'text/plain; charset=utf-8',
      data: Buffer.from(frame.words, 'utf8').toString('base64'),
    },
    policy: [{ uri: systems.policy }],
    provision: {
      type: 'permit',
      period: terms.period,
      ...narrowing({ ...terms, types: terms.types === 'all' ? undefined : terms.types }),
      ...(terms.exclusions.length === 0
        ? {}
        : { provision: terms.exclusions.map((exclusion) => denial(exclusion)) }),
    },
  };
}

function denial(exclusion: Exclusion): object {
  return {
    type: 'deny',
    ...(exclusion.period === undefined ? {} : { period: exclusion.period }),
    ...narrowing(exclusion),
  };
}

type Narrowing = {
  recipients?: string[] | undefined;
  purposes?: string[] | undefined;
  types?: string[] | undefined;
  labels?: string[] | undefined;
  instances?: string[] | undefined;
  dataPeriod?: DataPeriod | undefined;
};

function narrowing({ recipients, purposes, types, labels, instances, dataPeriod }: Narrowing): object {
  return {
    ...listOf('actor', recipients, (id) => ({
      role: { coding: [{ system: systems.participation, code: 'IRCP' }] },
      reference: organization(id),
    })),
    ...listOf('securityLabel', labels, (code) => ({ system: labelSystem(code), code })),
    ...listOf('purpose', purposes, (code) => ({ system: systems.reason, code })),
    ...listOf('class', types, (code) => ({ system: systems.resourceTypes, code })),
    ...(dataPeriod === undefined ? {} : { dataPeriod }),
    ...listOf('data', instances, (reference) => ({ meaning: 'instance', reference: { reference } })),
  };
}

/** FHIR has no empty lists. */
function listOf(element: string, values: string[] | undefined, build: (value: string) => object): object {
  return values === undefined || values.length === 0 ? {} : { [element]: values.map(build) };
}

function organization(id: string): object {
  return { identifier: { system: systems.organization, value: id } };
}

/** Code system of a sensitive label. */
export function labelSystem(code: string): string {
  return code === 'R' ? systems.confidentiality : systems.sensitivity;
}
