import { binaryOf, fromUtf8, hex } from './bytes.ts';
import { type DerElement, derTag, expectTag } from './der.ts';
import { cursorOf, type DerCursor, identifierOf } from './der-cursor.ts';
import { attempt, EvidenceError, refusal } from './errors.ts';

const organizationalUnit = '55040b';
const commonNameId = '550403';
/** Texts of one byte a character by their tag, and what may stand in them (crypto/x509/parser.go, parseASN1String). */
const byteStrings: ReadonlyMap<number, RegExp> = new Map([
  [0x12, /^[0-9 ]*$/],
  [0x13, /^[A-Za-z0-9'()+,\-./ :=?*&]*$/],
  [0x14, /^.*$/s],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII.
  [0x16, /^[\x00-\x7f]*$/],
]);
const bmpString = 0x1e;
const utf8String = 0x0c;
const zone = '(?:Z|([+-])(\\d\\d)(\\d\\d))';
const timeTexts = new Map([
  [derTag.utcTime as number, new RegExp(`^(\\d\\d)(\\d\\d)(\\d\\d)(\\d\\d)(\\d\\d)(\\d\\d)?${zone}$`)],
  [derTag.generalizedTime as number, new RegExp(`^(\\d{4})(\\d\\d)(\\d\\d)(\\d\\d)(\\d\\d)(\\d\\d)${zone}$`)],
]);

/** A name (RFC 5280 §4.1.2.4): by its DER, as hex, and what of it counts. */
export type DerName = {
  readonly der: string;
  readonly organizationalUnits: readonly string[];
  readonly commonName: string;
};

/** Reads a name as Go does (crypto/x509/parser.go, parseName; pkix, FillFromRDNSequence). */
export function nameOf({ whole, content }: DerElement): DerName {
  const attributes = attributesOf(cursorOf(content));
  const texts = (wanted: string) => attributes.flatMap(({ id, text }) => (id === wanted ? [text] : []));
  return {
    der: hex(whole),
    organizationalUnits: texts(organizationalUnit),
    commonName: texts(commonNameId).at(-1) ?? '',
  };
}

function attributesOf(name: DerCursor): { id: string; text: string }[] {
  const attributes: { id: string; text: string }[] = [];
  while (!name.isAtEnd()) {
    const relative = cursorOf(name.next(derTag.set).content);
    while (!relative.isAtEnd()) {
      const attribute = cursorOf(relative.next(derTag.sequence).content);
      const id = hex(identifierOf(attribute.next(derTag.objectIdentifier)));
      attributes.push({ id, text: textOf(attribute.any()) });
    }
  }
  return attributes;
}

function textOf({ tag, content }: DerElement): string {
  if (tag === bmpString) return bmpText(content);
  if (tag === utf8String) {
    const text = attempt(() => fromUtf8(content));
    if (text instanceof EvidenceError) throw malformed('a text is not UTF-8');
    return text;
  }
  const text = binaryOf(content);
  if (byteStrings.get(tag)?.test(text) !== true) throw malformed('text of another kind');
  return text;
}

/** Characters of 16 bits, without those that are none and without a zero at the end. */
function bmpText(content: Uint8Array): string {
  if (content.length % 2 !== 0) throw malformed('a text is not UCS-2');
  const points = Array.from({ length: content.length / 2 }, (_, at) => {
    const point = (content[2 * at] ?? 0) * 256 + (content[2 * at + 1] ?? 0);
    const isNone = point >= 0xfffe ? point === 0xfffe || point === 0xffff : isReserved(point);
    if (isNone) throw malformed('no character');
    return point;
  });
  if (points.at(-1) === 0) points.pop();
  return points.map((point) => String.fromCharCode(point)).join('');
}

function isReserved(point: number): boolean {
  return (point >= 0xd800 && point <= 0xdfff) || (point >= 0xfdd0 && point <= 0xfdef);
}

/**
 * A time in milliseconds (cryptobyte, ReadASN1UTCTime, ReadASN1GeneralizedTime): in any zone, UTCTime without seconds as well.
 * Two digits of a year are of 1950 to 2049 (RFC 5280 §4.1.2.5).
 */
export function timeOf(element: DerElement): number {
  const [, year = '', ...rest] = timeTexts.get(element.tag)?.exec(binaryOf(element.content)) ?? [];
  const [month, day, hour, minute, second = '00', sign = '+', hours = '00', minutes = '00'] = rest;
  const century = year.length === 4 ? '' : Number(year) < 50 ? '20' : '19';
  const iso = `${century}${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const time = Date.parse(iso);
  const offset = Number(hours) * 60 + Number(minutes);
  // A 30 February would turn into a day of March.
  if (Number.isNaN(time) || new Date(time).toISOString() !== iso) throw malformed('time');
  if (rest[5] !== undefined && (offset === 0 || Number(hours) > 24 || Number(minutes) > 59))
    throw malformed('zone');
  return time - (sign === '-' ? -offset : offset) * 60_000;
}

/** A time, if the next element is one. */
export function optionalTime(cursor: DerCursor): number | undefined {
  const element = cursor.optional(derTag.utcTime) ?? cursor.optional(derTag.generalizedTime);
  return element && timeOf(element);
}

/** A time, which must be the next element. */
export function nextTime(cursor: DerCursor): number {
  return timeOf(expectTime(cursor.any()));
}

function expectTime(element: DerElement): DerElement {
  return element.tag === derTag.utcTime ? element : expectTag(element, derTag.generalizedTime);
}

function malformed(part: string): Error {
  return refusal('CERTIFICATE_MALFORMED', part);
}
