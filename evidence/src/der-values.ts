import { fromUtf8, hex } from './bytes.ts';
import { type DerElement, derElements, derTag, expectTag } from './der.ts';
import { EvidenceError, refusal } from './errors.ts';

const organizationalUnit = '55040b';
const bmpString = 0x1e;
const utf8String = 0x0c;
// PrintableString, TeletexString, IA5String: read as one byte a character, as everybody writes them.
const byteStrings = new Set([0x13, 0x14, 0x16]);
const timeTexts = new Map([
  [derTag.utcTime as number, /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/],
  [derTag.generalizedTime as number, /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/],
]);

/** A name (RFC 5280 §4.1.2.4) by its DER, as hex. */
export function nameOf(name: DerElement | undefined): string {
  const element = expectTag(name, derTag.sequence);
  attributesOf(element);
  return hex(element.whole);
}

/** The organisational units in a name. */
export function unitsOf(name: DerElement): string[] {
  return attributesOf(name).flatMap(({ id, text }) => (id === organizationalUnit ? [text] : []));
}

function attributesOf(name: DerElement): { id: string; text: string }[] {
  return derElements(name.content).flatMap((relative) => {
    const attributes = derElements(expectTag(relative, derTag.set).content);
    if (attributes.length === 0) throw malformed('a part of a name without attributes');
    return attributes.map((attribute) => {
      const [id, value, ...others] = derElements(expectTag(attribute, derTag.sequence).content);
      if (value === undefined || others.length > 0) throw malformed('attribute');
      return { id: hex(expectTag(id, derTag.objectIdentifier).content), text: textOf(value) };
    });
  });
}

function textOf({ tag, content }: DerElement): string {
  if (tag === bmpString && content.length % 2 === 0) {
    const units = Array.from({ length: content.length / 2 }, (_, at) => at * 2);
    return String.fromCharCode(...units.map((at) => (content[at] ?? 0) * 256 + (content[at + 1] ?? 0)));
  }
  if (byteStrings.has(tag)) return String.fromCharCode(...content);
  if (tag !== utf8String) throw malformed('text of another kind');
  try {
    return fromUtf8(content);
  } catch (cause) {
    throw new EvidenceError('CERTIFICATE_MALFORMED', { message: 'a text is not UTF-8', cause });
  }
}

/** A time in milliseconds. Two digits of a year are of 1950 to 2049 (RFC 5280 §4.1.2.5). */
export function timeOf(element: DerElement | undefined): number {
  const text = String.fromCharCode(...(element?.content ?? []));
  const [, year = '', ...rest] = timeTexts.get(element?.tag ?? 0)?.exec(text) ?? [];
  const century = year.length === 4 ? '' : Number(year) < 50 ? '20' : '19';
  const [month, day, hour, minute, second] = rest;
  const iso = `${century}${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const time = Date.parse(iso);
  // A 30 February would turn into a day of March.
  if (Number.isNaN(time) || new Date(time).toISOString() !== iso) throw malformed('time');
  return time;
}

function malformed(part: string): Error {
  return refusal('CERTIFICATE_MALFORMED', part);
}
