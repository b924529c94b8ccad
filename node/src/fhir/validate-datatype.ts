import { isSafeAttachmentUrl } from './attachment-url.ts';
import { parseReference } from './references.ts';
import { type CodeSet, type ElementRule, isResourceType } from './schema.ts';
import { report, type Walk } from './walk.ts';

type Json = Record<string, unknown>;

/** What a complex value must meet beyond its structure, by datatype and by the element it stands in. */
export function checkDatatype(value: Json, rule: ElementRule, walk: Walk): void {
  for (const { key, holds } of rule.invariants) {
    if (!holds(value)) report(walk, 'FHIR_INVARIANT', { text: `FHIR constraint ${key} does not hold.` });
  }
  if (rule.datatype === 'Reference') checkReference(value, rule, walk);
  else if (rule.codes) checkBinding(value, rule.codes, walk);
  else if (rule.datatype === 'Attachment') checkAttachment(value, walk);
}

/** A required binding of a Coding or CodeableConcept: one coding must come from the value set (terminologies.html §required). */
function checkBinding(value: Json, codes: CodeSet, walk: Walk): void {
  const codings: unknown[] = Array.isArray(value['coding']) ? value['coding'] : [value];
  const isBound = codings.some((coding) => {
    if (typeof coding !== 'object' || coding === null) return false;
    const { system, code } = coding as Json;
    return typeof code === 'string' && codes.systems.get(String(system))?.has(code) === true;
  });
  if (!isBound) report(walk, 'FHIR_CODE_UNKNOWN');
}

function checkAttachment({ url }: Json, walk: Walk): void {
  if (url !== undefined && !isSafeAttachmentUrl(String(url)))
    report(walk, 'FHIR_URL_UNSAFE', { below: 'url' });
}

function checkReference(value: Json, rule: ElementRule, walk: Walk): void {
  const { reference, type, identifier, display } = value;
  if (reference === undefined && identifier === undefined && display === undefined) {
    report(walk, 'FHIR_REFERENCE_INVALID', {
      text: 'A reference needs a reference, an identifier or a display.',
    });
  }
  if (typeof type === 'string' && !isAllowed(type, rule))
    report(walk, 'FHIR_REFERENCE_TARGET', { below: 'type' });
  if (typeof reference !== 'string') return;
  const target = targetOf(reference, walk);
  if (typeof target === 'string') report(walk, target, { below: 'reference' });
  else if (
    target.type !== undefined &&
    (!isAllowed(target.type, rule) || (type ?? target.type) !== target.type)
  ) {
    report(walk, 'FHIR_REFERENCE_TARGET', { below: 'reference' });
  }
}

type Target = { type: string | undefined } | 'FHIR_REFERENCE_INVALID' | 'FHIR_REFERENCE_FOREIGN';

function targetOf(reference: string, walk: Walk): Target {
  const parsed = parseReference(reference);
  const isRewritten = walk.mode === 'transaction';
  switch (parsed?.kind) {
    case 'local':
      return { type: parsed.type };
    case 'contained': {
      const type = walk.contained.get(parsed.id);
      if (type === undefined) return 'FHIR_REFERENCE_INVALID';
      walk.used.add(parsed.id);
      return { type };
    }
    case 'urn':
      return isRewritten ? { type: walk.typeOf(parsed.urn) } : 'FHIR_REFERENCE_INVALID';
    case 'conditional':
      return isRewritten ? { type: parsed.type } : 'FHIR_REFERENCE_INVALID';
    case 'foreign':
      return 'FHIR_REFERENCE_FOREIGN';
    default:
      return 'FHIR_REFERENCE_INVALID';
  }
}

function isAllowed(type: string, rule: ElementRule): boolean {
  return rule.targets ? rule.targets.has(type) : isResourceType(type);
}
