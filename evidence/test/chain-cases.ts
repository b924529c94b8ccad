import type { KeyObject } from 'node:crypto';
import { concat, fromHex, utf8 } from '../src/bytes.ts';
import { derOf, derTag } from '../src/der.ts';
import {
  type Attribute,
  type Authority,
  authorityOf,
  common,
  critical,
  explicit,
  extension,
  type Fields,
  identityOf,
  infoOf,
  inPem,
  integer,
  isAuthority,
  isMember,
  type Member,
  mayAuthenticate,
  mayCertify,
  memberOf,
  nameOf,
  newKey,
  octets,
  type Rules,
  rulesOf,
  sequence,
  time,
  unit,
} from './crafted.ts';

/** A member of an organisation whose rules, certificates and texts are written in some way. */
export type ChainCase = { name: string; msp: Uint8Array; serialized: Uint8Array; key: KeyObject };

type Made = { name: string; member: Member; rules?: Partial<Rules>; pem?: Uint8Array };

const root = authorityOf('root');
const nothing = new Uint8Array(0);

export function caseOf({ name, member, rules = {}, pem = inPem(member.der) }: Made): ChainCase {
  const msp = rulesOf({ roots: [inPem(root.der)], ...rules });
  return { name, msp, serialized: identityOf(pem), key: member.key.privateKey };
}

export const theRoot = root;

function member(name: string, fields: Fields, rules?: Partial<Rules>): ChainCase {
  return caseOf({ name, member: memberOf(root, fields), ...(rules && { rules }) });
}

/** An authority under the root that is bent, and a member of it. */
function under(name: string, fields: Fields & { by?: Authority }, of: Fields = {}): ChainCase {
  const below = authorityOf('below', { by: root, ...fields });
  return caseOf({ name, member: memberOf(below, of), rules: { intermediates: [inPem(below.der)] } });
}

/** A root that is bent, and a member of it. */
function rooted(name: string, fields: Fields, of: Fields = {}): ChainCase {
  const own = authorityOf('own', fields);
  return caseOf({ name, member: memberOf(own, of), rules: { roots: [inPem(own.der)] } });
}

const usual = [isMember, mayAuthenticate];
const withThese = (...extensions: Uint8Array[]): Fields => ({ extensions: [...usual, ...extensions] });
const usages = (...ids: string[]): Uint8Array =>
  extension('551d25', sequence(...ids.map((id) => derOf(derTag.objectIdentifier, fromHex(id)))));
const authentication = { server: '2b06010505070301', client: '2b06010505070302', any: '551d2500' };

function extensionCases(): ChainCase[] {
  const marked = (id: string, value: string): [string, Fields][] => [
    [`${id} ${value} critical`, withThese(extension(id, fromHex(value), critical))],
    [`${id} ${value}`, withThese(extension(id, fromHex(value)))],
    [`${id} ${value} marked false`, withThese(extension(id, fromHex(value), fromHex('010100')))],
    [`${id} ${value} marked one`, withThese(extension(id, fromHex(value), fromHex('010101')))],
  ];
  const values: [string, string][] = [
    ['551d0e', '0401aa'],
    ['551d0e', '3000'],
    ['551d23', '30038001aa'],
    ['551d23', '3000'],
    ['551d23', '0401aa'],
    ['551d11', '300482026162'],
    ['551d11', '3003820180'],
    ['551d11', '30060304000000aa'],
    ['551d11', '3000'],
    ['551d11', '308706c0a80001'],
    ['551d12', '300482026162'],
    ['551d1e', '3000'],
    ['551d1e', '3008a00630048202612e'],
    ['551d1f', '3000'],
    ['551d1f', '300b3009a007a0058603613a62'],
    ['551d1f', '3003a00100'],
    ['551d20', '3000'],
    ['551d20', '300830060604551d2000'],
    ['551d20', '301030060604551d200030060604551d2000'],
    ['551d20', '30043002060055'],
    ['551d21', '3000'],
    ['551d24', '3003800105'],
    ['551d24', '3003810105'],
    ['551d24', '30028000'],
    ['551d25', '3000'],
    ['551d25', '300604045500'],
    ['551d36', '020100'],
    ['551d36', '0400'],
    ['2b06010505070101', '3000'],
    ['2b06010505070101', '0400'],
    ['2a03', '0500'],
    ['2a0304', ''],
    ['551d13', '3000'],
    ['55', '00'],
    ['2a8fffffff7f', '00'],
    ['2a87ffffff7f', '00'],
    ['2a8001', '00'],
  ];
  return values.flatMap(([id, value]) =>
    marked(id, value).map(([name, fields]) => member(`extension ${name}`, fields)),
  );
}

function usageCases(): ChainCase[] {
  const { server, client, any } = authentication;
  const lists = [[], [server], [client], [any], [client, server], [client, any], ['2a03']];
  return [
    ...lists.map((ids) => member(`usages ${ids.join()}`, withThese(usages(...ids)))),
    ...lists.map((ids) =>
      under(`usages of the authority ${ids.join()}`, {
        extensions: [isAuthority, mayCertify, usages(...ids), extension('551d0e', fromHex('0401aa'))],
      }),
    ),
    ...lists.map((ids) =>
      rooted(`usages of the root ${ids.join()}`, {
        extensions: [isAuthority, mayCertify, usages(...ids), extension('551d0e', fromHex('0401aa'))],
      }),
    ),
  ];
}

function constraintCases(): ChainCase[] {
  const basics = ['3000', '3003010100', '30030101ff', '3003020100', '30060101ff020100', '30060101ff0201ff'];
  const more = ['30060101ff020101', '30050101ff0400', '3004020200ff', '0500', '30040101ff', '3003010101'];
  const bits = [
    '030100',
    '03020780',
    '03020106',
    '03020006',
    '030206c0',
    '0303070080',
    '03020000',
    '0302017f',
  ];
  const ski = extension('551d0e', fromHex('0401aa'));
  return [
    ...[...basics, ...more].flatMap((value) => {
      const stated = extension('551d13', fromHex(value), critical);
      return [
        member(`member’s constraints ${value}`, { extensions: [stated, mayAuthenticate] }),
        member(`member’s constraints ${value}, no usage`, { extensions: [stated] }),
        under(`authority’s constraints ${value}`, { extensions: [stated, mayCertify, ski] }),
        rooted(`root’s constraints ${value}`, { extensions: [stated, mayCertify, ski] }),
      ];
    }),
    ...bits.flatMap((value) => {
      const stated = extension('551d0f', fromHex(value), critical);
      return [
        member(`member’s usage ${value}`, { extensions: [isMember, stated] }),
        member(`member’s usage ${value} and authority`, { extensions: [isAuthority, stated] }),
        under(`authority’s usage ${value}`, { extensions: [isAuthority, stated, ski] }),
        rooted(`root’s usage ${value}`, { extensions: [isAuthority, stated, ski] }),
      ];
    }),
    under('authority without key id', { extensions: [isAuthority, mayCertify] }),
    rooted('root without key id', { extensions: [isAuthority, mayCertify] }),
    member('no extensions', { tail: nothing }),
    member('empty extensions', { tail: explicit(3, sequence()) }),
    member('extensions without sequence', { tail: explicit(3) }),
    member('an extension twice', withThese(isMember)),
    member('bytes in an extension', {
      extensions: [...usual, sequence(...[fromHex('06022a03'), octets(), fromHex('ff')])],
    }),
    member('bytes after extensions', { tail: explicit(3, sequence(...usual), fromHex('ff')) }),
  ];
}

function versionCases(): ChainCase[] {
  const versions: [string, Uint8Array][] = [
    ['none', nothing],
    ...['00', '01', '02', '03', 'ff', '0002', '000000000000000002'].map((value): [string, Uint8Array] => [
      value,
      explicit(0, integer(value)),
    ]),
    ['with more in it', explicit(0, integer('02'), integer('02'))],
    ['no integer', explicit(0, octets())],
    ['implicit', derOf(0x80, Uint8Array.of(2))],
  ];
  const serials = [
    '00',
    '01',
    'ff',
    '80',
    '0080',
    '0001',
    '7f'.repeat(20),
    '7f'.repeat(21),
    '7f'.repeat(200),
    '',
  ];
  const ids = ['', '8100', '810201ff', '8200', '82008100', 'a100', '81008200', '81058201'];
  return [
    ...versions.map(([name, version]) => member(`version ${name}`, { version })),
    ...versions.map(([name, version]) =>
      member(`version ${name} of an authority’s`, { version, extensions: [isAuthority, mayCertify] }),
    ),
    ...versions.map(([name, version]) => under(`version ${name} of the authority`, { version })),
    ...versions.map(([name, version]) => rooted(`version ${name} of the root`, { version })),
    ...versions.map(([name, version]) =>
      member(`version ${name} with unique ids`, { version, ids: fromHex('81008200') }),
    ),
    ...serials.map((serial) =>
      member(`serial number ${serial.slice(0, 8)} ${serial.length}`, { serial: integer(serial) }),
    ),
    ...ids.map((id) => member(`unique ids ${id}`, { ids: fromHex(id) })),
    member('fields after the extensions', { more: fromHex('ff') }),
    member('a field after the extensions', { more: fromHex('0400') }),
    member('after the signature', { last: fromHex('ff') }),
    member('an element after the signature', { last: fromHex('0400') }),
    member('fields after version 1', { version: nothing, tail: fromHex('ff') }),
    member('another algorithm beside', { outer: fromHex('300a06082a8648ce3d040303') }),
    member('algorithm with NULL', { inner: fromHex('300c06082a8648ce3d0403020500') }),
    member('algorithm with parameters and more', {
      inner: fromHex('300d06082a8648ce3d04030202010500'.slice(0, 30)),
    }),
    member('algorithm with bytes after', { inner: fromHex('300d06082a8648ce3d0403020500ff') }),
  ];
}

function timeCases(): ChainCase[] {
  const texts = [
    '200101000000Z',
    '2001010000Z',
    '200101000000+0800',
    '2001010000-0130',
    '200101000000+0000',
    '200101000000-0000',
    '200101000000+2400',
    '200101000000+2500',
    '200101000000+0060',
    '200101000000.5Z',
    '200101000000',
    '200101000060Z',
    '200101240000Z',
    '200230000000Z',
    '200001000000Z',
    '500101000000Z',
    '680229000000Z',
    '690101000000Z',
    '20200101000000Z',
    '202001010000Z',
    '20200101000000+0800',
    '20200101000000.5Z',
    '19000101000000Z',
    '00000101000000Z',
    '19690101000000Z',
    '99991231235959Z',
  ];
  const valid = time('400101000000Z');
  return [
    ...texts.map((text) => member(`begins ${text}`, { validity: sequence(time(text), valid) })),
    ...texts.map((text) => member(`ends ${text}`, { validity: sequence(time('200101000000Z'), time(text)) })),
    ...texts.map((text) =>
      member(
        `all of it ${text}`,
        { validity: sequence(time(text), time('99991231235959Z')) },
        { roots: [inPem(ancient.der)] },
      ),
    ),
    member('validity with more', { validity: sequence(time('200101000000Z'), valid, fromHex('ff')) }),
    member('a time of another kind', { validity: sequence(derOf(0x0c, utf8('200101000000Z')), valid) }),
    member('valid for a second', { validity: sequence(time('300101000000Z'), time('300101000001Z')) }),
    member('valid for no second', { validity: sequence(time('300101000000Z'), time('300101000000Z')) }),
    member('begins before the root', { validity: sequence(time('190101000000Z'), valid) }),
    member('begins a second before the root', { validity: sequence(time('191231235959Z'), valid) }),
    member('begins two seconds before the root', { validity: sequence(time('191231235958Z'), valid) }),
    member('begins as the root ends', { validity: sequence(time('391231235959Z'), time('410101000000Z')) }),
    member('begins when the root has ended', { validity: sequence(valid, time('410101000000Z')) }),
    under(
      'an authority that has ended',
      { validity: sequence(time('200101000000Z'), time('210101000000Z')) },
      {
        validity: sequence(time('220101000000Z'), valid),
      },
    ),
    under('an authority that has ended since', {
      validity: sequence(time('200101000000Z'), time('210101000000Z')),
    }),
    rooted(
      'a root that has ended',
      { validity: sequence(time('200101000000Z'), time('210101000000Z')) },
      {
        validity: sequence(time('220101000000Z'), valid),
      },
    ),
    rooted('a root that ended since', { validity: sequence(time('200101000000Z'), time('210101000000Z')) }),
    rooted('a root that never was', { validity: sequence(valid, time('200101000000Z')) }),
  ];
}

const ancient = authorityOf('root', {
  key: root.key,
  validity: sequence(time('00000101000000Z'), time('99991231235959Z')),
});

function nameCases(): ChainCase[] {
  const kinds: [string, number, Uint8Array][] = [
    ...[0x0c, 0x12, 0x13, 0x14, 0x16, 0x1a, 0x1b, 0x1c, 0x04, 0x02].map(
      (tag): [string, number, Uint8Array] => ['client', tag, utf8('client')],
    ),
    ['wide', 0x1e, fromHex('0063006c00690065006e0074')],
    ['wide with an end', 0x1e, fromHex('0063006c00690065006e00740000')],
    ['wide with two ends', 0x1e, fromHex('0063006c00690065006e007400000000')],
    ['wide and odd', 0x1e, fromHex('0063006c00690065006e007400')],
    ['wide surrogates', 0x1e, fromHex('d83dde00')],
    ['wide none', 0x1e, fromHex('fffe')],
    ['wide reserved', 0x1e, fromHex('fdd0')],
    ['empty wide', 0x1e, nothing],
    ['digits', 0x12, utf8('12 3')],
    ['print *', 0x13, utf8('a*&b')],
    ['print _', 0x13, utf8('a_b')],
    ['print @', 0x13, utf8('a@b')],
    ['teletex', 0x14, fromHex('e9')],
    ['no UTF-8', 0x0c, fromHex('ff')],
    ['zero', 0x0c, fromHex('00')],
    ['no ASCII', 0x16, fromHex('e9')],
    ['empty', 0x0c, nothing],
  ];
  const attribute = (tag: number, text: Uint8Array): Attribute => ['55040b', tag, text];
  const odd: [string, Uint8Array][] = [
    ['empty', nameOf()],
    ['an empty part', nameOf([unit('client')], [])],
    ['several in one part', nameOf([unit('client'), common('x')])],
    ['units in one part', nameOf([unit('client'), unit('x')])],
    ['a unit twice', nameOf([unit('client')], [unit('client')])],
    ['a unit twice in one part', nameOf([unit('client'), unit('client')])],
    ['two roles', nameOf([unit('client')], [unit('peer')])],
    ['another unit', nameOf([unit('x')], [unit('client')])],
    ['in capitals', nameOf([unit('Client')])],
    ['with a space', nameOf([unit('client ')])],
    ['no unit', nameOf([common('client')])],
    ['peer', nameOf([unit('peer')])],
    ['admin', nameOf([unit('admin')])],
    ['orderer', nameOf([unit('orderer')])],
    [
      'more in an attribute',
      sequence(
        derOf(derTag.set, sequence(fromHex('060355040b'), derOf(0x0c, utf8('client')), fromHex('ff'))),
      ),
    ],
    ['no value', sequence(derOf(derTag.set, sequence(fromHex('060355040b'))))],
    [
      'a sequence in a sequence',
      sequence(sequence(sequence(fromHex('060355040b'), derOf(0x0c, utf8('client'))))),
    ],
    ['an id of large arcs', nameOf([unit('client')], [['2a8fffffff7f', 0x0c, utf8('x')]])],
    ['a unit’s id with a zero', nameOf([['5504800b', 0x0c, utf8('client')]])],
  ];
  const fields = (subject: Uint8Array): Fields => ({ subject });
  return [
    ...kinds.map(([name, tag, text]) =>
      member(`a unit as ${name} of ${tag}`, fields(nameOf([attribute(tag, text)]))),
    ),
    ...kinds.map(([name, tag, text]) =>
      member(`beside ${name} of ${tag}`, fields(nameOf([unit('client')], [['550403', tag, text]]))),
    ),
    ...odd.map(([name, subject]) => member(`subject: ${name}`, fields(subject))),
    ...odd.map(([name, subject]) => rooted(`root’s subject: ${name}`, { subject })),
    member('issuer of another kind of text', { issuer: nameOf([common('root', 0x13)]) }),
    member('issuer in capitals', { issuer: nameOf([common('ROOT')]) }),
    member('empty issuer', { issuer: nameOf() }),
  ];
}

function keyAndSignatureCases(): ChainCase[] {
  const key = newKey();
  const info = infoOf(key);
  const point = info.subarray(-65);
  const algorithm = fromHex('301306072a8648ce3d020106082a8648ce3d030107');
  const shifted = concat(fromHex('03'), Uint8Array.of(0), nothing);
  const infos: [string, Uint8Array][] = [
    ['more in it', sequence(algorithm, derOf(derTag.bitString, Uint8Array.of(0), point), fromHex('ff'))],
    [
      'more in the algorithm',
      sequence(
        sequence(algorithm.subarray(2), fromHex('ff')),
        derOf(derTag.bitString, Uint8Array.of(0), point),
      ),
    ],
    [
      'no parameters',
      sequence(fromHex('300906072a8648ce3d0201'), derOf(derTag.bitString, Uint8Array.of(0), point)),
    ],
    ['unused bits', sequence(algorithm, derOf(derTag.bitString, Uint8Array.of(1), shiftedLeft(point)))],
    ['unused bits that are set', sequence(algorithm, derOf(derTag.bitString, Uint8Array.of(1), point))],
    ['no bits', sequence(algorithm, shifted)],
  ];
  const flipped = (bytes: Uint8Array) => bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte));
  const bends: [string, (signature: Uint8Array) => Uint8Array][] = [
    ['flipped', flipped],
    ['with more', (signature) => concat(signature, fromHex('00'))],
    ['none', () => nothing],
  ];
  return [
    ...infos.map(([name, of]) => caseOf({ name: `key: ${name}`, member: memberOf(root, { info: of }, key) })),
    ...bends.map(([name, bend]) => member(`signature: ${name}`, { bend })),
  ];
}

/** The same bits, of which the first is zero, one place further on. */
function shiftedLeft(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, at) => ((byte << 1) | ((bytes[at + 1] ?? 0) >> 7)) & 0xff);
}

export function certificateCases(): ChainCase[] {
  return [
    ...extensionCases(),
    ...usageCases(),
    ...constraintCases(),
    ...versionCases(),
    ...timeCases(),
    ...nameCases(),
    ...keyAndSignatureCases(),
  ];
}
