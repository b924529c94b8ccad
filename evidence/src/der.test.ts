import { describe, expect, test } from 'vitest';
import { createOrganization } from '../test/organizations.ts';
import { concat, fromHex, utf8 } from './bytes.ts';
import { parseCertificate } from './certificate.ts';
import { derElements, derTag, onlyElement } from './der.ts';
import {
  alignedBits,
  booleanOf,
  cursorOf,
  identifierOf,
  integerOf,
  numberOf,
  sequenceIn,
} from './der-cursor.ts';
import { nameOf, timeOf } from './der-values.ts';

const tlv = (tag: number, ...parts: Uint8Array[]): Uint8Array => {
  const content = concat(...parts);
  const bytes =
    content.length < 256 ? [0x81, content.length] : [0x82, content.length >> 8, content.length & 0xff];
  const length = content.length < 128 ? [content.length] : bytes;
  return concat(Uint8Array.of(tag, ...length), content);
};
const element = (tag: number, ...parts: Uint8Array[]) => onlyElement(tlv(tag, ...parts));

describe('DER', () => {
  test('is read element by element, long ones as well', () => {
    const long = new Uint8Array(300).fill(7);
    const { content } = element(
      derTag.sequence,
      tlv(derTag.octetString, long),
      tlv(derTag.integer, Uint8Array.of(5)),
    );

    expect(derElements(content).map(({ tag, content: inner }) => [tag, inner.length])).toEqual([
      [derTag.octetString, 300],
      [derTag.integer, 1],
    ]);
  });

  test.each([
    ['an end without length', '3080020105'.concat('0000')],
    ['a long length for a short content', '308103020105'],
    ['a length with a leading zero', `30820083${'04818001'.padEnd(262, '0')}`],
    ['a length of five bytes', '30850000000003020105'],
    ['bytes after the end', '300302010500'],
    ['a content that is cut', '3004020105'],
    ['a tag of two bytes', '1f81010105'],
    ['nothing', ''],
  ])('is refused with %s', (_, hexText) => {
    expect(() => onlyElement(fromHex(hexText))).toThrowError('CERTIFICATE_MALFORMED');
  });

  test('is read up to the last element that is asked for, whatever follows', () => {
    const cursor = cursorOf(fromHex('0201050101ffff'));

    expect(cursor.optional(derTag.boolean)).toBeUndefined();
    expect(numberOf(cursor.next(derTag.integer))).toBe(5);
    expect(() => cursor.next(derTag.integer)).toThrowError('CERTIFICATE_MALFORMED');
    expect([cursor.isAt(derTag.boolean), booleanOf(cursor.any()), cursor.isAtEnd()]).toEqual([
      true,
      true,
      false,
    ]);
    expect(() => cursor.any()).toThrowError('CERTIFICATE_MALFORMED');
    expect(sequenceIn(fromHex('3000ff')).isAtEnd()).toBe(true);
  });

  test.each([
    ['a truth value of one', booleanOf, '010101'],
    ['a truth value of two bytes', booleanOf, '0102ffff'],
    ['an integer with a byte too many', integerOf, '02020005'],
    ['a negative integer with a byte too many', integerOf, '0202ff80'],
    ['an integer without content', integerOf, '0200'],
    ['a number of nine bytes', numberOf, '0209010000000000000000'],
    ['bits without a count', alignedBits, '0300'],
    ['bits of which unused ones are set', alignedBits, '03020101'],
    ['more than seven unused bits', alignedBits, '03020800'],
    ['an identifier that does not end', identifierOf, '060255ff'],
    ['an identifier with a leading zero digit', identifierOf, '0603558001'],
    ['an identifier with an arc of 2³¹', identifierOf, '0606888880808000'],
    ['another tag than an identifier’s', identifierOf, '020101'],
  ])('is refused with %s', (_, read, hexText) => {
    expect(() => read(onlyElement(fromHex(hexText)))).toThrowError('CERTIFICATE_MALFORMED');
  });

  test('gives bits without the unused ones, and numbers with their sign', () => {
    expect(alignedBits(onlyElement(fromHex('030100')))).toEqual(new Uint8Array(0));
    expect(alignedBits(onlyElement(fromHex('0303040a50')))).toEqual(fromHex('00a5'));
    expect(numberOf(onlyElement(fromHex('0202ff7f')))).toBe(-129);
  });
});

describe('a name', () => {
  const attribute = (id: string, tag: number, text: Uint8Array) =>
    tlv(derTag.set, tlv(derTag.sequence, tlv(derTag.objectIdentifier, fromHex(id)), tlv(tag, text)));
  const named = (tag: number, text: Uint8Array) => element(derTag.sequence, attribute('55040b', tag, text));

  const read = (tag: number, text: Uint8Array) => nameOf(named(tag, text)).organizationalUnits;

  test('gives its organisational units, in whatever kind of text, and its last common name', () => {
    expect(read(0x0c, utf8('急诊'))).toEqual(['急诊']);
    expect(read(0x13, utf8('peer'))).toEqual(['peer']);
    expect(read(0x12, utf8('12 3'))).toEqual(['12 3']);
    expect(read(0x14, fromHex('e9'))).toEqual(['é']);
    expect(read(0x1e, fromHex('60258bca'))).toEqual(['急诊']);
    expect(read(0x1e, fromHex('60258bca0000'))).toEqual(['急诊']);
    const common = element(
      derTag.sequence,
      ...['a', 'b'].map((text) => attribute('550403', 0x0c, utf8(text))),
    );
    expect(nameOf(common)).toMatchObject({ organizationalUnits: [], commonName: 'b' });
    expect(nameOf(element(derTag.sequence, tlv(derTag.set)))).toMatchObject({ organizationalUnits: [] });
  });

  test('with a text that cannot be read is refused, wherever it stands', () => {
    for (const [tag, text] of [
      [0x0c, 'ff'],
      [0x12, '61'],
      [0x13, '5f'],
      [0x16, 'e9'],
      [0x1e, '60258b'],
      [0x1e, 'd83dde00'],
      [0x1e, 'fdd0'],
      [0x1e, 'ffff'],
      [0x1c, '00006025'],
      [0x02, '05'],
    ] as const) {
      expect(() => read(tag, fromHex(text))).toThrowError('CERTIFICATE_MALFORMED');
      const other = element(derTag.sequence, attribute('550403', tag, fromHex(text)));
      expect(() => nameOf(other)).toThrowError('CERTIFICATE_MALFORMED');
    }
  });
});

test.each([
  ['the century of two digits', 0x17, '491231235959Z', '2049-12-31T23:59:59Z'],
  ['the century before', 0x17, '500101000000Z', '1950-01-01T00:00:00Z'],
  ['four digits', 0x18, '99991231235959Z', '9999-12-31T23:59:59Z'],
  ['no seconds', 0x17, '4912312359Z', '2049-12-31T23:59:00Z'],
  ['another zone', 0x17, '491231235959+0800', '2049-12-31T15:59:59Z'],
  ['the century by the zone’s own clock', 0x17, '500101003000+0100', '1949-12-31T23:30:00Z'],
  ['a zone to the west', 0x18, '20260101000000-0130', '2026-01-01T01:30:00Z'],
])('a time is read: %s', (_, tag, text, expected) => {
  expect(timeOf(element(tag, utf8(text)))).toBe(Date.parse(expected));
});

test.each([
  ['no seconds in four digits', 0x18, '202601010000Z'],
  ['no zone', 0x17, '491231235959'],
  ['a zone that is none', 0x17, '491231235959+0000'],
  ['a zone of 61 minutes', 0x17, '491231235959+0061'],
  ['a zone of 25 hours', 0x17, '491231235959+2500'],
  ['a fraction', 0x18, '20260101000000.5Z'],
  ['a day that is none', 0x18, '20260230000000Z'],
  ['a leap second', 0x18, '20261231235960Z'],
  ['a text', 0x0c, '20261231235959Z'],
])('a time is refused: %s', (_, tag, text) => {
  expect(() => timeOf(element(tag, utf8(text)))).toThrowError('CERTIFICATE_MALFORMED');
});

test('a certificate without a part, of another version or with an extension twice is refused', () => {
  const { der } = createOrganization('HospitalAMSP').root;
  const [signed, algorithm, bits] = derElements(onlyElement(der).content);
  const parts = derElements(signed?.content ?? der).map(({ whole }) => whole);
  const rebuilt = (...inner: Uint8Array[]) =>
    tlv(derTag.sequence, tlv(derTag.sequence, ...inner), algorithm?.whole ?? der, bits?.whole ?? der);
  const [extensions] = derElements(derElements(parts.at(-1) ?? der)[0]?.content ?? der);
  const [first] = derElements(extensions?.content ?? der);

  expect(parseCertificate(rebuilt(...parts)).extensions.isAuthority).toBe(true);
  const twice = tlv(0xa3, tlv(derTag.sequence, extensions?.content ?? der, first?.whole ?? der));
  for (const bent of [
    [...parts.slice(0, -1), twice],
    [...parts.slice(0, 1), ...parts.slice(2)],
    [tlv(0xa0, tlv(derTag.integer, Uint8Array.of(3))), ...parts.slice(1)],
  ])
    expect(() => parseCertificate(rebuilt(...bent))).toThrowError('CERTIFICATE_MALFORMED');
});
