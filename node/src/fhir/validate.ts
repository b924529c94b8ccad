import { WrittenNumber } from '@medseal/evidence';
import { FhirError, fhirError } from './errors.ts';
import { MAX_DEPTH, MAX_ISSUES } from './limits.ts';
import { isSafeNarrative } from './narrative.ts';
import { type ElementRule, isKnownResource, type ObjectRules, rulesOf } from './schema.ts';
import type { Resource } from './types.ts';
import { checkDatatype } from './validate-datatype.ts';
import { newWalk, type ReferenceMode, report, type Walk } from './walk.ts';

type Json = Record<string, unknown>;

/**
 * Refuses everything that is not a valid FHIR R4 resource of a type the node has definitions for: unknown elements, wrong
 * JSON types, cardinalities, required codes, choices, references, invariants, narrative. One table-driven pass.
 *
 * @throws FhirError FHIR_INVALID or FHIR_TYPE_UNSUPPORTED; places are named, values never.
 */
export function validateResource(
  resource: unknown,
  options: { references?: ReferenceMode; root?: string; typeOf?: Walk['typeOf'] } = {},
): Resource {
  const type = isObject(resource) ? resource['resourceType'] : undefined;
  if (!isObject(resource) || typeof type !== 'string') {
    throw fhirError('FHIR_INVALID', {
      type: 'structure',
      text: 'A resource is a JSON object with a resourceType.',
      expression: options.root,
    });
  }
  const rules = resourceRules(type);
  if (!rules) {
    throw fhirError('FHIR_TYPE_UNSUPPORTED', {
      type: 'not-supported',
      text: 'This resource type is not supported.',
      expression: `${options.root ?? 'Resource'}.resourceType`,
    });
  }
  const { references: mode = 'stored', root = type, typeOf = () => undefined } = options;
  const walk = newWalk({ mode, root, typeOf });
  walk.contained = containedTypes(resource);
  checkObject(resource, rules, walk);
  checkContainedIds(resource, walk);
  if (walk.issues.length > 0) throw new FhirError('FHIR_INVALID', walk.issues);
  return resource as Resource;
}

/** Validates a Bundle but not the resources in it. */
export function validateEnvelope(bundle: Json): void {
  const walk = newWalk({ mode: 'transaction', root: 'Bundle', entersResources: false });
  const rules = resourceRules('Bundle');
  if (rules) checkObject(bundle, rules, walk);
  if (walk.issues.length > 0) throw new FhirError('FHIR_BUNDLE_INVALID', walk.issues);
}

function resourceRules(type: string): ObjectRules | undefined {
  return isKnownResource(type) ? rulesOf(type) : undefined;
}

function checkObject(object: Json, rules: ObjectRules, walk: Walk): void {
  if (walk.depth >= MAX_DEPTH) {
    report(walk, 'FHIR_TOO_DEEP');
    return;
  }
  walk.depth += 1;
  let isEmpty = true;
  let choices: Map<string, string> | undefined;
  for (const name of Object.keys(object)) {
    const rule = rules.elements.get(name);
    if (rule) {
      isEmpty = false;
      choices = noteChoice(choices, rule, walk);
      checkElement(object, rule, walk);
    } else if (name !== 'resourceType' || !rules.isResource) {
      choices = noteChoice(choices, rules.elements.get(name.slice(1)), walk);
      isEmpty = !checkSidecar(object, name, { rules, walk }) && isEmpty;
    }
  }
  if (isEmpty) report(walk, 'FHIR_VALUE_EMPTY');
  checkRequired(object, rules, walk);
  checkInvariants(object, rules, walk);
  walk.depth -= 1;
}

/** `valueString` and `_valueString` are one form of a choice, `valueString` and `_valueInteger` two. */
function noteChoice(
  seen: Map<string, string> | undefined,
  rule: ElementRule | undefined,
  walk: Walk,
): Map<string, string> | undefined {
  if (rule?.choice === undefined) return seen;
  if ((seen?.get(rule.choice) ?? rule.name) !== rule.name)
    report(walk, 'FHIR_CHOICE_REPEATED', { below: rule.choice });
  return (seen ?? new Map<string, string>()).set(rule.choice, rule.name);
}

function checkRequired(object: Json, rules: ObjectRules, walk: Walk): void {
  for (const names of rules.required) {
    const isPresent = names.some((name) => object[name] !== undefined || object[`_${name}`] !== undefined);
    if (!isPresent) report(walk, 'FHIR_ELEMENT_MISSING', { below: names[0] ?? '' });
  }
}

function checkInvariants(object: Json, rules: ObjectRules, walk: Walk): void {
  for (const { key, holds } of rules.invariants) {
    if (!holds(object)) report(walk, 'FHIR_INVARIANT', { text: `FHIR constraint ${key} does not hold.` });
  }
}

/** `_birthDate` beside `birthDate`: id and extensions of a primitive (FHIR R4 json.html §primitive). True if it holds any. */
function checkSidecar(
  object: Json,
  name: string,
  { rules, walk }: { rules: ObjectRules; walk: Walk },
): boolean {
  const rule = name.startsWith('_') ? rules.elements.get(name.slice(1)) : undefined;
  if (!rule?.primitive) {
    report(walk, 'FHIR_ELEMENT_UNKNOWN', /^_?[A-Za-z][A-Za-z0-9]{0,63}$/.test(name) ? { below: name } : {});
    return false;
  }
  const items = rule.isArray ? object[name] : [object[name]];
  if (!Array.isArray(items) || !isAsLong(items, object[rule.name])) {
    report(walk, 'FHIR_CARDINALITY', { below: name });
    return true;
  }
  walk.path.push(name);
  for (const item of items) checkSidecarItem(item, rule, walk);
  walk.path.pop();
  return items.some(isObject);
}

function isAsLong(items: readonly unknown[], value: unknown): boolean {
  return !Array.isArray(value) || value.length === items.length;
}

function checkSidecarItem(item: unknown, rule: ElementRule, walk: Walk): void {
  const element = rulesOf('Element');
  if (isObject(item) && element) checkObject(item, element, walk);
  else if (item !== null || !rule.isArray) report(walk, 'FHIR_VALUE_TYPE');
}

function checkElement(parent: Json, rule: ElementRule, walk: Walk): void {
  const value = parent[rule.name];
  walk.path.push(rule.name);
  // FHIR R4 extensibility.html §modifierExtension: who does not understand one shall not process the resource.
  if (rule.name === 'modifierExtension') report(walk, 'FHIR_MODIFIER_UNKNOWN');
  else if (rule.isArray) checkArray(value, parent, { rule, walk });
  else if (Array.isArray(value)) report(walk, 'FHIR_CARDINALITY');
  else checkValue(value, rule, walk);
  walk.path.pop();
}

function checkArray(value: unknown, parent: Json, { rule, walk }: { rule: ElementRule; walk: Walk }): void {
  if (!Array.isArray(value) || value.length === 0) {
    report(walk, Array.isArray(value) ? 'FHIR_VALUE_EMPTY' : 'FHIR_CARDINALITY');
    return;
  }
  if (value.length < rule.min || value.length > rule.max) report(walk, 'FHIR_CARDINALITY');
  const sidecar = rule.primitive ? parent[`_${rule.name}`] : undefined;
  for (let index = 0; index < value.length && walk.issues.length < MAX_ISSUES; index += 1) {
    if (value[index] === null && Array.isArray(sidecar) && isObject(sidecar[index])) continue;
    walk.path.push(index);
    checkValue(value[index], rule, walk);
    walk.path.pop();
  }
}

function checkValue(value: unknown, rule: ElementRule, walk: Walk): void {
  if (rule.primitive) checkPrimitive(value, rule, walk);
  else if (rule.datatype === 'xhtml') checkNarrative(value, walk);
  else if (!isObject(value)) report(walk, 'FHIR_VALUE_TYPE');
  else if (rule.datatype === 'Resource') checkContained(value, walk);
  else if (rule.children) {
    checkObject(value, rule.children, walk);
    checkDatatype(value, rule, walk);
  } else report(walk, 'FHIR_ELEMENT_UNKNOWN', { text: 'This datatype is not supported.' });
}

function checkPrimitive(value: unknown, rule: ElementRule, walk: Walk): void {
  if (!rule.primitive?.(value)) {
    const isEmpty = value === '' || value === null || value === undefined;
    report(walk, isEmpty ? 'FHIR_VALUE_EMPTY' : 'FHIR_VALUE_INVALID', {
      text: `Not a valid FHIR ${rule.datatype}.`,
    });
    return;
  }
  if (rule.codes && !rule.codes.codes.has(String(value))) report(walk, 'FHIR_CODE_UNKNOWN');
  if (rule.pattern && !rule.pattern.test(String(value))) report(walk, 'FHIR_CODE_UNKNOWN');
  if (rule.name === 'implicitRules') report(walk, 'FHIR_RULES_UNKNOWN');
}

function checkNarrative(value: unknown, walk: Walk): void {
  if (!isSafeNarrative(value)) report(walk, 'FHIR_NARRATIVE_UNSAFE');
}

/** FHIR R4 references.html §contained: known type, an id, not nested (dom-2), no version or labels of its own (dom-4, dom-5). */
function checkContained(resource: Json, walk: Walk): void {
  if (!walk.entersResources) return;
  const type = resource['resourceType'];
  const rules = typeof type === 'string' ? resourceRules(type) : undefined;
  if (!rules) {
    report(walk, 'FHIR_TYPE_UNSUPPORTED');
    return;
  }
  const meta = isObject(resource['meta']) ? resource['meta'] : {};
  const hasOwnMeta = ['versionId', 'lastUpdated', 'security'].some((name) => meta[name] !== undefined);
  if (resource['id'] === undefined || resource['contained'] !== undefined || hasOwnMeta) {
    report(walk, 'FHIR_INVARIANT', {
      text: 'A contained resource has an id, contains no other, and has no version, time or label of its own.',
    });
  }
  checkObject(resource, rules, walk);
}

/** An id names one contained resource, and something refers to each (dom-3): else it is nobody's part of the record. */
function checkContainedIds({ contained }: Json, walk: Walk): void {
  const count = Array.isArray(contained) ? contained.length : 0;
  if (walk.contained.size === count && walk.used.size === count) return;
  report(walk, 'FHIR_INVARIANT', {
    text: 'Contained resources have different ids, and something in the record refers to each.',
    below: 'contained',
  });
}

function containedTypes(resource: Json): Map<string, string> {
  const contained = Array.isArray(resource['contained']) ? resource['contained'] : [];
  return new Map(
    contained.flatMap((inner): [string, string][] =>
      isObject(inner) ? [[String(inner['id']), String(inner['resourceType'])]] : [],
    ),
  );
}

function isObject(value: unknown): value is Json {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof WrittenNumber)
  );
}
