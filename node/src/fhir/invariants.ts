import { timeRange } from './dates.ts';
import { numberOf } from './number-of.ts';

type Json = Readonly<Record<string, unknown>>;
/** A FHIR R4 constraint of severity error, by its key in the specification. */
export type Invariant = { key: string; holds: (object: Json) => boolean };

const UCUM = 'http://unitsofmeasure.org';
const CONDITION_CLINICAL = 'http://terminology.hl7.org/CodeSystem/condition-clinical';
const CONDITION_VERIFICATION = 'http://terminology.hl7.org/CodeSystem/condition-ver-status';
const ALLERGY_VERIFICATION = 'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification';
const NOT_WITH_MEAL_OFFSET = new Set(['C', 'CM', 'CD', 'CV']);

const has = (object: Json, ...names: string[]): boolean => names.some((name) => object[name] !== undefined);
const implies = (condition: boolean, consequence: boolean): boolean => !condition || consequence;

const CONSTRAINTS: Record<string, (object: Json) => boolean> = {
  // Datatypes
  'age-1': (age) => isUcumQuantity(age) && implies(has(age, 'value'), Number(age['value']) > 0),
  'att-1': (attachment) => implies(has(attachment, 'data'), has(attachment, 'contentType')),
  'cnt-3': (count) =>
    isUcumQuantity(count) && implies(has(count, 'code'), count['code'] === '1') && isWhole(count['value']),
  'cpt-2': (contact) => implies(has(contact, 'value'), has(contact, 'system')),
  'dis-1': isUcumQuantity,
  'drt-1': (duration) =>
    implies(has(duration, 'code'), duration['system'] === UCUM && has(duration, 'value')),
  'ext-1': (extension) => has(extension, 'extension') !== hasChoice(extension, 'value'),
  'per-1': (period) => isOrdered(period['start'], period['end']),
  'qty-3': (quantity) => implies(has(quantity, 'code'), has(quantity, 'system')),
  'rat-1': (ratio) =>
    has(ratio, 'numerator') === has(ratio, 'denominator') &&
    (has(ratio, 'numerator') || has(ratio, 'extension')),
  'rng-2': (range) => isLowFirst(range['low'], range['high']),
  'sqty-1': (quantity) => !has(quantity, 'comparator'),
  'tim-1': (repeat) => implies(has(repeat, 'duration'), has(repeat, 'durationUnit')),
  'tim-2': (repeat) => implies(has(repeat, 'period'), has(repeat, 'periodUnit')),
  'tim-4': (repeat) => implies(has(repeat, 'duration'), Number(repeat['duration']) >= 0),
  'tim-5': (repeat) => implies(has(repeat, 'period'), Number(repeat['period']) >= 0),
  'tim-6': (repeat) => implies(has(repeat, 'periodMax'), has(repeat, 'period')),
  'tim-7': (repeat) => implies(has(repeat, 'durationMax'), has(repeat, 'duration')),
  'tim-8': (repeat) => implies(has(repeat, 'countMax'), has(repeat, 'count')),
  'tim-9': (repeat) => implies(has(repeat, 'offset'), isOffsetFromEvent(repeat['when'])),
  'tim-10': (repeat) => !(has(repeat, 'timeOfDay') && has(repeat, 'when')),
  // Resources
  'ait-1': (allergy) => isEnteredInError(allergy, ALLERGY_VERIFICATION) || has(allergy, 'clinicalStatus'),
  'ait-2': (allergy) => !(isEnteredInError(allergy, ALLERGY_VERIFICATION) && has(allergy, 'clinicalStatus')),
  'bdl-1': (bundle) =>
    implies(has(bundle, 'total'), bundle['type'] === 'searchset' || bundle['type'] === 'history'),
  'bdl-5': (entry) => has(entry, 'resource', 'request', 'response'),
  'bdl-8': (entry) => !String(entry['fullUrl'] ?? '').includes('/_history/'),
  'con-1': (stage) => has(stage, 'summary', 'assessment'),
  'con-2': (evidence) => has(evidence, 'code', 'detail'),
  'con-4': (condition) => implies(hasChoice(condition, 'abatement'), isAbated(condition)),
  'con-5': (condition) =>
    !(isEnteredInError(condition, CONDITION_VERIFICATION) && has(condition, 'clinicalStatus')),
  'cpl-3': (activity) => !(has(activity, 'detail') && has(activity, 'reference')),
  'ctm-1': (participant) => implies(has(participant, 'onBehalfOf'), mayBePractitioner(participant['member'])),
  'imm-1': (education) => has(education, 'documentType', 'reference'),
  'mad-1': (dosage) => has(dosage, 'dose') || hasChoice(dosage, 'rate'),
  'mdd-1': (dispense) => isOrdered(dispense['whenPrepared'], dispense['whenHandedOver']),
  'obs-3': (range) => has(range, 'low', 'high', 'text'),
  'obs-6': (observation) => !(has(observation, 'dataAbsentReason') && hasChoice(observation, 'value')),
  'obs-7': (observation) => !(hasChoice(observation, 'value') && repeatsCodeInComponent(observation)),
  'org-1': (organization) => has(organization, 'identifier', 'name'),
  'org-2': (address) => address['use'] !== 'home',
  'org-3': (telecom) => telecom['use'] !== 'home',
  'pat-1': (contact) => has(contact, 'name', 'telecom', 'address', 'organization'),
  'ppc-1': (consent) => has(consent, 'policy', 'policyRule'),
  'prr-1': (request) => implies(has(request, 'orderDetail'), has(request, 'code')),
  'sev-1': (entity) => !(has(entity, 'name') && has(entity, 'query')),
};

/** The constraints that are checked object by object; references, narrative and contained resources have their own files. */
export const INVARIANTS: ReadonlyMap<string, Invariant> = new Map(
  Object.entries(CONSTRAINTS).map(([key, holds]) => [key, { key, holds }]),
);

function hasChoice(object: Json, element: string): boolean {
  for (const name of Object.keys(object)) {
    if (
      name.length > element.length &&
      name.startsWith(element) &&
      isUpperCase(name.charCodeAt(element.length))
    )
      return true;
  }
  return false;
}

function isUpperCase(code: number): boolean {
  return code >= 65 && code <= 90;
}

function isUcumQuantity(quantity: Json): boolean {
  return (
    implies(has(quantity, 'value'), has(quantity, 'code')) &&
    implies(has(quantity, 'system'), quantity['system'] === UCUM)
  );
}

function isWhole(value: unknown): boolean {
  return value === undefined || Number.isInteger(numberOf(value));
}

/** Compared as far as both are known: `2020` and `2020-05` are in order either way round. */
function isOrdered(earlier: unknown, later: unknown): boolean {
  const first = typeof earlier === 'string' ? timeRange(earlier) : undefined;
  const second = typeof later === 'string' ? timeRange(later) : undefined;
  return !first || !second || first[0] < second[1];
}

function isLowFirst(low: unknown, high: unknown): boolean {
  const [from, to] = [asObject(low), asObject(high)];
  if (!from || !to || from['code'] !== to['code'] || from['unit'] !== to['unit']) return true;
  return !(Number(from['value']) > Number(to['value']));
}

function isOffsetFromEvent(when: unknown): boolean {
  return (
    Array.isArray(when) && when.length > 0 && !when.some((code) => NOT_WITH_MEAL_OFFSET.has(String(code)))
  );
}

function isEnteredInError(resource: Json, system: string): boolean {
  return hasCoding(
    resource['verificationStatus'],
    (coding) => coding['system'] === system && coding['code'] === 'entered-in-error',
  );
}

function isAbated(condition: Json): boolean {
  const ended = new Set(['resolved', 'remission', 'inactive']);
  return hasCoding(
    condition['clinicalStatus'],
    (coding) => coding['system'] === CONDITION_CLINICAL && ended.has(String(coding['code'])),
  );
}

function mayBePractitioner(member: unknown): boolean {
  const reference = asObject(member)?.['reference'];
  return typeof reference !== 'string' || !/^[A-Z]/.test(reference) || /^Practitioner[/?]/.test(reference);
}

function repeatsCodeInComponent(observation: Json): boolean {
  const components = observation['component'];
  if (!Array.isArray(components)) return false;
  const codes = new Set(codingsOf(observation['code']).map(codingKey));
  return components.some((component) =>
    codingsOf(asObject(component)?.['code']).some((coding) => codes.has(codingKey(coding))),
  );
}

function codingKey(coding: Json): string {
  return JSON.stringify([
    coding['system'],
    coding['version'],
    coding['code'],
    coding['display'],
    coding['userSelected'],
  ]);
}

function hasCoding(concept: unknown, wanted: (coding: Json) => boolean): boolean {
  return codingsOf(concept).some(wanted);
}

function codingsOf(concept: unknown): Json[] {
  const codings = asObject(concept)?.['coding'];
  return Array.isArray(codings) ? codings.map(asObject).filter((coding) => coding !== undefined) : [];
}

function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
