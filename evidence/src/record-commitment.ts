import { concat, equalBytes, fromHex, hex, sha256HexOf, utf8 } from './bytes.ts';
import { canonicalJson } from './canonical.ts';
import { EvidenceError } from './errors.ts';
import { hmacUnder } from './hmac.ts';
import { hasExactly } from './strict-shape.ts';

/** One top-level element of a record that is shown, with the salt that opens its digest. */
export type DisclosedElement = { name: string; value: unknown; salt: string };
/** One top-level element that is withheld: its name and digest only. */
export type WithheldElement = { name: string; digest: string };
/** A record with some top-level elements shown and the others as digests, in ascending order of their names. */
export type RecordDisclosure = { elements: (DisclosedElement | WithheldElement)[] };

const saltLength = 32;
const maxElements = 512;
// FHIR element names (and `_name` siblings); refuses `__proto__` by shape.
const elementName = /^_?[A-Za-z][A-Za-z0-9]{0,63}$/;
const elementSaltDomain = utf8('medseal/element-salt/v1\n');
const elementDomain = utf8('medseal/element/v1\n');
const recordDomain = utf8('medseal/record/v1\n');
const none = new Uint8Array(0);
// Records of a type have the same few elements; what stands here has the shape of a name.
const saltMessages = new Map<string, Uint8Array>();
const keptMessages = 2048;

/**
 * Salted commitment to a record, element by element, so that a part of it can be shown later and still be checked.
 * Byte recipe: docs/formats/record-commitment.md.
 */
export function commitRecord(resource: Record<string, unknown>, salt: Uint8Array): Uint8Array {
  const saltOf = elementSalts(salt);
  const digests: [string, string][] = [];
  for (const name of namesOf(resource)) {
    digests.push([name, elementDigest(name, resource[name], saltOf(name))]);
  }
  return digestOf(digests);
}

/** Shows the record without the `withheld` top-level elements; the digest stays the same. */
export function discloseRecord(
  resource: Record<string, unknown>,
  salt: Uint8Array,
  withheld: ReadonlySet<string>,
): RecordDisclosure {
  const saltOf = elementSalts(salt);
  const elements = namesOf(resource).map((name) => {
    const value = resource[name];
    const elementSalt = saltOf(name);
    return withheld.has(name)
      ? { name, digest: elementDigest(name, value, elementSalt) }
      : { name, value, salt: hex(elementSalt) };
  });
  return { elements };
}

/** What a disclosure says, and the digest it belongs to. Refuses with DISCLOSURE_INVALID what is not exactly a disclosure. */
export function openDisclosure(disclosure: RecordDisclosure): {
  digest: Uint8Array;
  resource: Record<string, unknown>;
  withheld: string[];
} {
  const resource: Record<string, unknown> = {};
  const withheld: string[] = [];
  const digests: [string, string][] = [];
  for (const element of elementsOf(disclosure)) {
    if ('digest' in element) {
      withheld.push(element.name);
      digests.push([element.name, element.digest]);
    } else {
      resource[element.name] = element.value;
      digests.push([element.name, elementDigest(element.name, element.value, fromHex(element.salt))]);
    }
  }
  return { digest: digestOf(digests), resource, withheld };
}

/** Whether the disclosure belongs to the committed `digest`; false for anything malformed. */
export function disclosureMatches(disclosure: RecordDisclosure, digest: Uint8Array): boolean {
  try {
    return equalBytes(openDisclosure(disclosure).digest, digest);
  } catch (error) {
    if (error instanceof EvidenceError) return false;
    throw error;
  }
}

function namesOf(resource: Record<string, unknown>): string[] {
  const names = Object.keys(resource).sort();
  if (names.length === 0 || names.length > maxElements) {
    throw new EvidenceError('COMMITMENT_INVALID', { message: `a record has 1 to ${maxElements} elements` });
  }
  for (const name of names) {
    if (!saltMessages.has(name) && !elementName.test(name))
      throw new EvidenceError('COMMITMENT_INVALID', { message: 'not an element name' });
  }
  return names;
}

/** The salt of each element by its name. The bytes are good until the next call. */
function elementSalts(salt: Uint8Array): (name: string) => Uint8Array {
  if (salt.length !== saltLength) {
    throw new EvidenceError('COMMITMENT_INVALID', { message: `a salt has ${saltLength} bytes` });
  }
  const hmac = hmacUnder(salt);
  return (name) => hmac(saltMessages.get(name) ?? saltMessage(name));
}

function saltMessage(name: string): Uint8Array {
  const message = concat(elementSaltDomain, utf8(name));
  if (saltMessages.size < keptMessages) saltMessages.set(name, message);
  return message;
}

function elementDigest(name: string, value: unknown, elementSalt: Uint8Array): string {
  // canonical({[name]: value}): the name's grammar needs no escaping.
  const text = `{"${name}":${canonicalJson(value)}}`;
  return sha256HexOf(elementDomain, elementSalt, text);
}

function digestOf(digests: [string, string][]): Uint8Array {
  // canonical([[name, digest], …]): neither names nor hex need escaping.
  const text = `[${digests.map(([name, digest]) => `["${name}","${digest}"]`).join(',')}]`;
  return fromHex(sha256HexOf(recordDomain, none, text));
}

function elementsOf(disclosure: unknown): (DisclosedElement | WithheldElement)[] {
  if (!hasExactly(disclosure, ['elements']) || !Array.isArray(disclosure['elements']))
    throw invalid('no elements');
  const elements: unknown[] = disclosure['elements'];
  if (elements.length === 0 || elements.length > maxElements) throw invalid('number of elements');
  let previous = '';
  return elements.map((element) => {
    const parsed = elementOf(element);
    if (parsed.name <= previous) throw invalid('elements out of order or repeated');
    previous = parsed.name;
    return parsed;
  });
}

function elementOf(element: unknown): DisclosedElement | WithheldElement {
  if (hasExactly(element, ['name', 'value', 'salt'])) {
    const { name, value, salt } = element;
    if (isName(name) && isDigest(salt)) return { name, value, salt };
  } else if (hasExactly(element, ['name', 'digest'])) {
    const { name, digest } = element;
    if (isName(name) && isDigest(digest)) return { name, digest };
  }
  throw invalid('not an element');
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && elementName.test(name);
}

function isDigest(digest: unknown): digest is string {
  return typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest);
}

function invalid(message: string): EvidenceError {
  return new EvidenceError('DISCLOSURE_INVALID', { message });
}
