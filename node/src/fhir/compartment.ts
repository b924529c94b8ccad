import { fhirError } from './errors.ts';
import { identifiersOf } from './identifiers.ts';
import { supportedType } from './supported-types.ts';
import type { Resource } from './types.ts';
import { valuesAt } from './values-at.ts';

const PATIENT_REFERENCE = /^Patient\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/**
 * Logical id of the Patient in whose compartment the resource lies (FHIR R4 compartmentdefinition-patient.html), undefined for
 * one that belongs to the institution. Call it when all references are rewritten to `Type/id`.
 *
 * @throws FhirError FHIR_COMPARTMENT_MISSING if a clinical record names no Patient of this node: stored without one it
 *   would escape consent. FHIR_COMPARTMENT_AMBIGUOUS if it is about two.
 */
export function compartmentPatient(resource: Resource): string | undefined {
  const type = resource.resourceType;
  const supported = supportedType(type);
  if (!supported || supported.placement === 'institution') return undefined;
  if (type === 'Patient') return resource.id ?? missing(resource);
  const references = supported.owners.flatMap((owner) =>
    valuesAt(resource, [...owner.split('.'), 'reference']),
  );
  const patients = new Set(references.map((reference) => PATIENT_REFERENCE.exec(String(reference))?.[1]));
  patients.delete(undefined);
  if (patients.size > 1) {
    throw fhirError('FHIR_COMPARTMENT_AMBIGUOUS', {
      type: 'business-rule',
      text: 'A record must be about one patient; split it.',
      expression: `${type}.${supported.owners[0]}`,
    });
  }
  const [patient] = patients;
  if (patient !== undefined) return patient;
  return supported.placement === 'optional' && !refersToClinical(references) ? undefined : missing(resource);
}

/**
 * The compartments of resources that are stored in one transaction. As `compartmentPatient`, and a Medication without an
 * identifier that records of one patient alone refer to goes into that patient's compartment: it was made for that
 * prescription (as Synthea does), so consent, `_include` and erasure must reach it. A Medication with an identifier, by which
 * it can be looked up (system and value), is an entry of the institution's catalogue.
 */
export function compartmentPatients(resources: readonly Resource[]): (string | undefined)[] {
  const patients = resources.map((resource) => compartmentPatient(resource));
  const ownMedications = new Map<string, number>();
  resources.forEach((resource, index) => {
    const isOwn =
      resource.resourceType === 'Medication' && resource.id && identifiersOf(resource).length === 0;
    if (isOwn) ownMedications.set(`Medication/${resource.id}`, index);
  });
  if (ownMedications.size === 0) return patients;

  const users = new Map<number, Set<string | undefined>>();
  resources.forEach((resource, index) => {
    for (const reference of valuesAt(resource, ['medicationReference', 'reference'])) {
      const medication = ownMedications.get(String(reference));
      if (medication !== undefined)
        users.set(medication, (users.get(medication) ?? new Set()).add(patients[index]));
    }
  });
  for (const [medication, [patient, ...others]] of users)
    if (others.length === 0) patients[medication] = patient;
  return patients;
}

/** A Provenance may stand outside every compartment only if all it is about does. */
function refersToClinical(references: readonly unknown[]): boolean {
  return references.some((reference) => {
    const type = /^([A-Za-z]+)\//.exec(String(reference))?.[1];
    return type === undefined || supportedType(type)?.placement === 'patient';
  });
}

function missing(resource: Resource): never {
  const owner = supportedType(resource.resourceType)?.owners[0];
  throw fhirError('FHIR_COMPARTMENT_MISSING', {
    type: 'business-rule',
    text: 'This record must name a Patient of this node whom it is about.',
    expression: `${resource.resourceType}.${owner}`,
  });
}
