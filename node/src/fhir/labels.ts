import { PHRASES, type Sensitivity, sensitivitiesOf } from './label-codes.ts';
import type { Coding, Resource } from './types.ts';

type Json = Record<string, unknown>;

/** HL7 v3 ActCode: why a record is sensitive. */
export const SENSITIVITY_SYSTEM = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
/** HL7 v3 Confidentiality: how far it may go. */
export const CONFIDENTIALITY_SYSTEM = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';

/**
 * Systems whose codes in meta.security say nothing of how sensitive a record is: purposes, and marks such as SUBSETTED
 * (FHIR R4 valueset-security-labels).
 */
const NEUTRAL_SYSTEMS: ReadonlySet<string> = new Set([
  'http://terminology.hl7.org/CodeSystem/v3-ActReason',
  'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
]);

/** Least to most confidential. */
const CONFIDENTIALITIES: readonly string[] = ['U', 'L', 'M', 'N', 'R', 'V'];
const TEXT_ELEMENTS: ReadonlySet<string> = new Set([
  'conclusion',
  'description',
  'display',
  'div',
  'patientInstruction',
  'text',
  'title',
  'valueMarkdown',
  'valueString',
]);
const TEXT_MEDIA = /^(?:text\/|application\/(?:xml|json|xhtml))/;
/** Bytes of one attached text that are searched. */
const MAX_TEXT = 256 * 1024;
const MAX_DEPTH = 64;
const SENSITIVITIES = Object.keys(PHRASES) as Sensitivity[];
const HAN = /\p{Script=Han}/u;
/** Most texts hold no phrase; finding out which one costs ten times more than finding out that there is none. */
const ANY_LATIN_PHRASE = new RegExp(
  Object.values(PHRASES)
    .flat()
    .filter((phrase) => !HAN.test(phrase))
    .join('|'),
  'i',
);
const PHRASE = new RegExp(
  SENSITIVITIES.map((sensitivity) => `(${PHRASES[sensitivity].join('|')})`).join('|'),
  'gi',
);

/**
 * What must be opened by a consent for the resource to be released: its sensitivities; `R` if it is restricted without saying why;
 * `V` if very restricted, or labelled in a system that the node does not know. Codes that it does not know count too, because
 * ignoring one would release the record.
 */
export function labelsOf(resource: Resource): string[] {
  const codings = resource.meta?.security ?? [];
  const sensitivities = codings
    .filter(({ system }) => system === SENSITIVITY_SYSTEM)
    .map(({ code }) => code ?? '');
  const confidentiality = highestConfidentiality(codings);
  const isVeryRestricted = confidentiality === 'V' || codings.some(isForeign);
  const more = isVeryRestricted ? ['V'] : confidentiality === 'R' && sensitivities.length === 0 ? ['R'] : [];
  return [...new Set([...sensitivities, ...more])].sort();
}

/**
 * A copy of the resource with security labels in meta.security (HL7 DS4P): the sensitivities that its codes, texts and attached
 * notes give, with confidentiality R, else N. Labels that it came with stay; none is ever lowered.
 */
export function assignLabels(resource: Resource): Resource {
  const found = new Set<Sensitivity>();
  collect(resource, found, 0);
  const own = resource.meta?.security ?? [];
  const given = highestConfidentiality([...own, ...documentLabels(resource)]);
  const confidentiality = found.size > 0 && rank(given) < rank('R') ? 'R' : (given ?? 'N');
  const added: Coding[] = [
    { system: CONFIDENTIALITY_SYSTEM, code: confidentiality },
    ...documentLabels(resource).filter(({ system }) => system !== CONFIDENTIALITY_SYSTEM),
    ...[...found].sort().map((code) => ({ system: SENSITIVITY_SYSTEM, code })),
  ];
  const isLower = ({ system, code }: Coding): boolean =>
    system === CONFIDENTIALITY_SYSTEM && code !== confidentiality;
  const security = unique([...own.filter((coding) => !isLower(coding)), ...added]);
  return { ...resource, meta: { ...resource.meta, security } };
}

function collect(value: unknown, found: Set<Sensitivity>, depth: number): void {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return;
  if (Array.isArray(value)) {
    for (const item of value) collect(item, found, depth + 1);
    return;
  }
  const object = value as Json;
  collectFromDatatype(object, found);
  for (const name of Object.keys(object)) {
    const child = object[name];
    if (typeof child === 'object') collect(child, found, depth + 1);
    else if (typeof child === 'string' && TEXT_ELEMENTS.has(name)) collectFromText(child, found);
  }
}

function collectFromDatatype({ system, code, contentType, data }: Json, found: Set<Sensitivity>): void {
  if (typeof system === 'string' && typeof code === 'string') {
    for (const sensitivity of sensitivitiesOf(system, code)) found.add(sensitivity);
  }
  if (typeof data === 'string' && typeof contentType === 'string') collectFromNote(data, contentType, found);
}

/** A note tells as much as the codes; one in another format (PDF, image) cannot be read here and keeps the labels it came with. */
function collectFromNote(data: string, contentType: string, found: Set<Sensitivity>): void {
  if (!TEXT_MEDIA.test(contentType)) return;
  const bytes = Buffer.from(data.slice(0, MAX_TEXT * 2), 'base64');
  collectFromText(decoded(bytes, contentType).slice(0, MAX_TEXT), found);
}

/** By the charset that the media type names (GB 18030 is common in China); UTF-8 where it names none that is known. */
function decoded(bytes: Uint8Array, contentType: string): string {
  const charset = /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

function collectFromText(text: string, found: Set<Sensitivity>): void {
  if (!ANY_LATIN_PHRASE.test(text) && !HAN.test(text)) return;
  for (const match of text.matchAll(PHRASE)) {
    const group = match.findIndex((part, index) => index > 0 && part !== undefined);
    const sensitivity = SENSITIVITIES[group - 1];
    if (sensitivity) found.add(sensitivity);
  }
}

/** DocumentReference.securityLabel says the same of the document that meta.security says of the record. */
function documentLabels(resource: Resource): Coding[] {
  const concepts = resource['securityLabel'];
  if (!Array.isArray(concepts)) return [];
  return concepts.flatMap(({ coding }: { coding?: Coding[] }) => coding ?? []);
}

function isForeign({ system = '' }: Coding): boolean {
  return system !== SENSITIVITY_SYSTEM && system !== CONFIDENTIALITY_SYSTEM && !NEUTRAL_SYSTEMS.has(system);
}

function highestConfidentiality(codings: readonly Coding[]): string | undefined {
  const given = codings
    .filter(({ system }) => system === CONFIDENTIALITY_SYSTEM)
    .map(({ code }) => code ?? '');
  return given.sort((a, b) => rank(b) - rank(a))[0];
}

/** A code of an unknown rank counts as very restricted. */
function rank(code: string | undefined): number {
  if (code === undefined) return -1;
  const position = CONFIDENTIALITIES.indexOf(code);
  return position === -1 ? CONFIDENTIALITIES.length : position;
}

function unique(codings: readonly Coding[]): Coding[] {
  const byKey = new Map(codings.map((coding) => [`${coding.system} ${coding.code}`, coding]));
  return [...byKey.values()];
}
