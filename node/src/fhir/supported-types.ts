import type { Interaction } from './types.ts';

/**
 * Where records of a type live. `patient`: in the compartment of the one Patient it is about, without whom it is refused.
 * `optional`: there if it names a Patient, else with the institution. `institution`: never in a compartment.
 */
export type Placement = 'patient' | 'optional' | 'institution';

export type SupportedType = {
  placement: Placement;
  /** Elements that name the Patient, in order of precedence; `id` for the Patient itself. */
  owners: readonly string[];
  interactions: readonly Interaction[];
};

const READ: readonly Interaction[] = ['read', 'vread', 'history-instance', 'search-type'];
const READ_WRITE: readonly Interaction[] = [...READ, 'create', 'update', 'delete'];

const about = (...owners: string[]): SupportedType => ({
  placement: 'patient',
  owners,
  interactions: READ_WRITE,
});
const institution: SupportedType = { placement: 'institution', owners: [], interactions: READ_WRITE };

/**
 * The resource types of the REST API. Consent and AuditEvent are written by the node itself, so that no client can forge one.
 * A record in which a second patient plays a part (a parent who measured) belongs to the patient it is about alone.
 */
export const SUPPORTED_TYPES: Readonly<Record<string, SupportedType>> = {
  AllergyIntolerance: about('patient'),
  AuditEvent: { placement: 'optional', owners: ['entity.what', 'agent.who'], interactions: READ },
  CarePlan: about('subject'),
  CareTeam: about('subject'),
  Claim: about('patient'),
  Condition: about('subject'),
  Consent: { placement: 'patient', owners: ['patient'], interactions: READ },
  Coverage: about('beneficiary'),
  Device: { placement: 'optional', owners: ['patient'], interactions: READ_WRITE },
  DiagnosticReport: about('subject'),
  DocumentReference: about('subject'),
  Encounter: about('subject'),
  ExplanationOfBenefit: about('patient'),
  ImagingStudy: about('subject'),
  Immunization: about('patient'),
  Location: institution,
  Medication: institution,
  MedicationAdministration: about('subject'),
  MedicationDispense: about('subject'),
  MedicationRequest: about('subject'),
  Observation: about('subject'),
  Organization: institution,
  Patient: about('id'),
  Practitioner: institution,
  PractitionerRole: institution,
  Procedure: about('subject'),
  Provenance: { placement: 'optional', owners: ['target'], interactions: READ_WRITE },
  RelatedPerson: about('patient'),
  ServiceRequest: about('subject'),
  SupplyDelivery: about('patient'),
};

/** Names of the supported resource types, sorted. */
export const supportedTypes: readonly string[] = Object.keys(SUPPORTED_TYPES);

/** The type's entry, or undefined; safe for names from outside such as `constructor`. */
export function supportedType(type: string): SupportedType | undefined {
  return Object.hasOwn(SUPPORTED_TYPES, type) ? SUPPORTED_TYPES[type] : undefined;
}
