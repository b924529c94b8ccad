import { describe, expect, it } from 'vitest';
import { compartmentPatient, compartmentPatients } from './compartment.ts';
import { definitions } from './definitions.ts';
import { FhirError } from './errors.ts';
import { SUPPORTED_TYPES, supportedTypes } from './supported-types.ts';
import type { Resource } from './types.ts';

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'accepted';
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return error.code;
  }
}
const about = (resourceType: string, elements: object): Resource => ({ resourceType, ...elements });
const reference = (to: string): object => ({ reference: to });

describe('compartmentPatient', () => {
  it.each([
    ['Patient', { id: 'p' }, 'p'],
    ['Observation', { subject: reference('Patient/p') }, 'p'],
    ['Observation', { subject: reference('Patient/p/_history/2') }, 'p'],
    ['Observation', { subject: reference('Patient/p'), performer: [reference('Patient/q')] }, 'p'],
    ['Claim', { patient: reference('Patient/p') }, 'p'],
    ['Coverage', { beneficiary: reference('Patient/p') }, 'p'],
    ['Consent', { patient: reference('Patient/p') }, 'p'],
    ['Device', { patient: reference('Patient/p') }, 'p'],
    [
      'Provenance',
      { target: [reference('Observation/1'), reference('Patient/p'), reference('Patient/p')] },
      'p',
    ],
    ['AuditEvent', { entity: [{ what: reference('Patient/p') }] }, 'p'],
    ['Device', {}, undefined],
    ['AuditEvent', { entity: [{ what: reference('Organization/1') }] }, undefined],
    ['Provenance', { target: [reference('Organization/1'), reference('Practitioner/1')] }, undefined],
    ['Organization', {}, undefined],
    ['Practitioner', {}, undefined],
    ['PractitionerRole', {}, undefined],
    ['Location', {}, undefined],
    ['Medication', {}, undefined],
  ])('puts %s %j with %s', (type, elements, patient) => {
    expect(compartmentPatient(about(type, elements))).toBe(patient);
  });

  it.each([
    ['Observation', {}],
    ['Observation', { subject: reference('Group/1') }],
    ['Observation', { subject: reference('urn:uuid:00000000-0000-4000-8000-000000000001') }],
    ['Observation', { subject: reference('https://x.example/Patient/1') }],
    ['Observation', { subject: { display: 'somebody' } }],
    ['Provenance', { target: [reference('Observation/1')] }],
    ['Patient', {}],
  ])('refuses %s %j, which would escape consent', (type, elements) => {
    expect(codeOf(() => compartmentPatient(about(type, elements)))).toBe('FHIR_COMPARTMENT_MISSING');
  });

  it('refuses a record about two patients', () => {
    const both = about('Provenance', { target: [reference('Patient/p'), reference('Patient/q')] });

    expect(codeOf(() => compartmentPatient(both))).toBe('FHIR_COMPARTMENT_AMBIGUOUS');
  });

  it('gives every type of the R4 patient compartment that is supported a patient', () => {
    const inCompartment = Object.keys(definitions().patientCompartment).filter((type) =>
      supportedTypes.includes(type),
    );

    expect(inCompartment.filter((type) => SUPPORTED_TYPES[type]?.placement === 'institution')).toEqual([]);
  });
});

describe('compartmentPatients', () => {
  const medication = about('Medication', { id: 'm' });
  const request = (patient: string): Resource =>
    about('MedicationRequest', {
      subject: reference(`Patient/${patient}`),
      medicationReference: reference('Medication/m'),
    });

  it('puts a Medication to the one patient who uses it', () => {
    expect(compartmentPatients([request('p'), medication])).toEqual(['p', 'p']);
  });

  it('does not take an identifier by which nothing can be looked up for an entry of the catalogue', () => {
    for (const identifier of [[{ value: '1' }], [{ system: 'http://x.example', use: 'usual' }]])
      expect(compartmentPatients([{ ...medication, identifier }, request('p')])[0]).toBe('p');
  });

  it('leaves a Medication that two patients use, nobody uses, or that has an identifier, with the institution', () => {
    const catalogued = { ...medication, identifier: [{ system: 'http://x.example', value: '1' }] };

    expect(compartmentPatients([medication, request('p'), request('q')])[0]).toBeUndefined();
    expect(compartmentPatients([medication])).toEqual([undefined]);
    expect(compartmentPatients([catalogued, request('p')])[0]).toBeUndefined();
  });
});
