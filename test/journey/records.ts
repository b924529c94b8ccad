import { expectStatus } from '../../demo/client.ts';
import { clientOf, type Story } from '../../demo/story.ts';
import { labelsOf, type Resource } from '../../node/src/fhir/index.ts';
import type { FhirResource } from './people.ts';

const sensitive = new Set(['ETH', 'ETHUD', 'HIV', 'OPIOIDUD', 'PSY', 'R', 'SDV', 'SEX']);

/** Whether a record carries a label that a consent has to name. */
export function isSensitive(resource: object): boolean {
  return labelsOf(resource as Resource).some((label) => sensitive.has(label));
}

type Searchset = { link?: { relation: string; url: string }[]; entry?: { resource: FhirResource }[] };

/** All records that a search finds at hospital A, page by page. */
export async function searchAll(story: Story, path: string, bearer: string): Promise<FhirResource[]> {
  const client = clientOf(story, 'hospital-a');
  const found: FhirResource[] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const page: Searchset = expectStatus(await client.call<Searchset>('GET', next, { bearer }), 200);
    found.push(...(page.entry ?? []).map(({ resource }) => resource));
    const url: string | undefined = page.link?.find(({ relation }) => relation === 'next')?.url;
    next = url === undefined ? undefined : new URL(url).pathname + new URL(url).search;
  }
  return found;
}

export function observation(reference: string, more: Record<string, unknown> = {}): object {
  return {
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '718-7', display: 'Hemoglobin' }] },
    subject: { reference },
    effectiveDateTime: '2025-11-03T10:00:00+08:00',
    valueQuantity: { value: 13.1, unit: 'g/dL', system: 'http://unitsofmeasure.org', code: 'g/dL' },
    ...more,
  };
}

export function condition(reference: string, more: Record<string, unknown> = {}): object {
  return {
    resourceType: 'Condition',
    clinicalStatus: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }],
    },
    code: { coding: [{ system: 'http://snomed.info/sct', code: '38341003', display: 'Hypertension' }] },
    subject: { reference },
    onsetDateTime: '2025-11-03T10:00:00+08:00',
    ...more,
  };
}

export function medicationRequest(reference: string, more: Record<string, unknown> = {}): object {
  return {
    resourceType: 'MedicationRequest',
    status: 'active',
    intent: 'order',
    medicationCodeableConcept: {
      coding: [
        { system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: '314076', display: 'Lisinopril' },
      ],
    },
    subject: { reference },
    authoredOn: '2025-11-03T10:00:00+08:00',
    ...more,
  };
}
