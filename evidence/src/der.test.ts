import { describe, expect, test } from 'vitest';
import { createOrganization } from '../test/organizations.ts';
import { concat, fromHex, utf8 } from './bytes.ts';
import { parseCertificate } from './certificate.ts';
import { derElements, derTag, derWhole } from './der.ts';
import { nameOf, timeOf, unitsOf } from './der-values.ts';

const tlv = (tag: number, ...parts: Uint8Array[]): Uint8Array => {
  const content = concat(...parts);
  const bytes =
    content.length < 256 ? [0x81, content.length] : [0x82, content.length >> 8, content.length & 0xff];
  const length = content.length < 128 ? [content.length] : bytes;
  return concat(Uint8Array.of(tag, ...length), content);
};
const element = (tag: number, ...parts: Uint8Array[]) => derWhole(tlv(tag, ...parts), tag);

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
    ['an element that is cut within', '3003020205'],
    ['a tag of two bytes', '30051f81010105'],
    ['a truth value of one', '3003010101'],
    ['an integer with a byte too many', '300402020005'],
    ['a negative integer with a byte too many', '30040202ff80'],
    ['an integer without content', '30020200'],
    ['bits without a count', '30020300'],
    ['bits of which unused ones are set', '300403020101'],
    ['more than seven unused bits', '300403020800'],
    ['an identifier that does not end', '3004060255ff'],
    ['an identifier with a leading zero digit', '30050603558001'],
    ['a null with content', '3003050100'],
    ['a sequence in plain form', '30021000'],
    ['another tag', '3100'],
    ['nothing', ''],
  ])('is refused with %s', (_, hexText) => {
    expect(() => derWhole(fromHex(hexText), derTag.sequence)).toThrowError('CERTIFICATE_MALFORMED');
  });

  test('nested without end is refused', () => {
    let bytes = tlv(derTag.integer, Uint8Array.of(5));
    for (let depth = 0; depth < 40; depth += 1) bytes = tlv(derTag.sequence, bytes);

    expect(() => derWhole(bytes, derTag.sequence)).toThrowError('CERTIFICATE_MALFORMED');
  });
});

describe('a name', () => {
  const attribute = (id: string, tag: number, text: Uint8Array) =>
    tlv(derTag.set, tlv(derTag.sequence, tlv(derTag.objectIdentifier, fromHex(id)), tlv(tag, text)));
  const named = (tag: number, text: Uint8Array) => element(derTag.sequence, attribute('55040b', tag, text));

  test('gives its organisational units, in whatever kind of text', () => {
    expect(unitsOf(named(0x0c, utf8('急诊')))).toEqual(['急诊']);
    expect(unitsOf(named(0x13, utf8('peer')))).toEqual(['peer']);
    expect(unitsOf(named(0x1e, fromHex('60258bca')))).toEqual(['急诊']);
    expect(unitsOf(element(derTag.sequence, attribute('550403', 0x0c, utf8('peer'))))).toEqual([]);
  });

  test('with a text that cannot be read is refused, wherever it stands', () => {
    for (const [tag, text] of [
      [0x0c, 'ff'],
      [0x1e, '60258b'],
      [0x1c, '00006025'],
      [0x02, '05'],
    ] as const) {
      expect(() => unitsOf(named(tag, fromHex(text)))).toThrowError('CERTIFICATE_MALFORMED');
      const other = element(derTag.sequence, attribute('550403', tag, fromHex(text)));
      expect(() => nameOf(other)).toThrowError('CERTIFICATE_MALFORMED');
    }
    expect(() => nameOf(element(derTag.sequence, tlv(derTag.set)))).toThrowError('CERTIFICATE_MALFORMED');
  });
});

test.each([
  ['the century of two digits', 0x17, '491231235959Z', '2049-12-31T23:59:59Z'],
  ['the century before', 0x17, '500101000000Z', '1950-01-01T00:00:00Z'],
  ['four digits', 0x18, '99991231235959Z', '9999-12-31T23:59:59Z'],
])('a time is read: %s', (_, tag, text, expected) => {
  expect(timeOf(element(tag, utf8(text)))).toBe(Date.parse(expected));
});

test.each([
  ['no seconds', 0x17, '4912312359Z'],
  ['another zone', 0x17, '491231235959+0800'],
  ['a fraction', 0x18, '20260101000000.5Z'],
  ['a day that is none', 0x18, '20260230000000Z'],
  ['a leap second', 0x18, '20261231235960Z'],
  ['a text', 0x0c, '20261231235959Z'],
])('a time is refused: %s', (_, tag, text) => {
  expect(() => timeOf(element(tag, utf8(text)))).toThrowError('CERTIFICATE_MALFORMED');
});

test('a certificate with a part more or an extension twice is refused', () => {
  const { der } = createOrganization('HospitalAMSP').root;
  const [signed, algorithm, bits] = derElements(derWhole(der, derTag.sequence).content);
  const parts = derElements(signed?.content ?? der).map(({ whole }) => whole);
  const rebuilt = (...inner: Uint8Array[]) =>
    tlv(derTag.sequence, tlv(derTag.sequence, ...inner), algorithm?.whole ?? der, bits?.whole ?? der);
  const [extensions] = derElements(derElements(parts.at(-1) ?? der)[0]?.content ?? der);
  const [first] = derElements(extensions?.content ?? der);

  expect(parseCertificate(rebuilt(...parts)).isAuthority).toBe(true);
  const twice = tlv(0xa3, tlv(derTag.sequence, extensions?.content ?? der, first?.whole ?? der));
  for (const bent of [
    [...parts, tlv(derTag.integer, Uint8Array.of(1))],
    [...parts.slice(0, -1), twice],
    [...parts.slice(0, 1), ...parts.slice(2)],
    [tlv(0xa0, tlv(derTag.integer, Uint8Array.of(0))), ...parts.slice(1)],
  ])
    expect(() => parseCertificate(rebuilt(...bent))).toThrowError('CERTIFICATE_MALFORMED');
});
