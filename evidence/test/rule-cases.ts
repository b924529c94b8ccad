import { concat, fromHex, utf8 } from '../src/bytes.ts';
import { derElements, derOf, derTag, onlyElement } from '../src/der.ts';
import { type ChainCase, caseOf, theRoot as root } from './chain-cases.ts';
import {
  type Authority,
  authorityKey,
  authorityOf,
  common,
  critical,
  explicit,
  extension,
  type Fields,
  inPem,
  integer,
  isAuthority,
  isMember,
  keyIdentifier,
  keyIdOf,
  type ListFields,
  listBy,
  type Member,
  mayAuthenticate,
  mayCertify,
  memberOf,
  nameOf,
  newKey,
  octets,
  type Rules,
  sequence,
  time,
  unit,
} from './crafted.ts';
import { derSignature, integersOf, orderOf, signLedger } from './signing.ts';

const nothing = new Uint8Array(0);
const pem = ({ der }: { der: Uint8Array }): Uint8Array => inPem(der);
const limited = (length: string, key = newKey()): Fields & { key: typeof key } => ({
  key,
  extensions: [
    extension('551d13', fromHex(`30060101ff0201${length}`), critical),
    mayCertify,
    keyIdentifier(key),
  ],
});
const units = (...texts: string[]): Fields => ({ subject: nameOf(...texts.map((text) => [unit(text)])) });
const named = (text: string, ...names: Uint8Array[]): Fields => ({
  subject: nameOf([unit('client')], [common(text)]),
  extensions: [isMember, mayAuthenticate, ...names],
});

function of(name: string, member: Member, rules: Partial<Rules>): ChainCase {
  return caseOf({ name, member, rules });
}

function lineOf(length: number, first: Authority = root): Authority[] {
  const line = [first];
  for (let at = 0; at < length; at += 1) line.push(authorityOf(`line ${at}`, { by: line.at(-1) ?? first }));
  return line;
}

function chainCases(): ChainCase[] {
  const below = authorityOf('below', { by: root });
  const lower = authorityOf('lower', { by: below });
  const again = authorityOf('below', { by: root, key: below.key });
  const second = authorityOf('second');
  const crossed = authorityOf('below', { by: second, key: below.key });
  const twin = authorityOf('root');
  const long = lineOf(7);
  const short = authorityOf('root limited', limited('00'));
  const belowShort = authorityOf('below limited', { by: short });
  const one = authorityOf('root of one', limited('01'));
  const [, belowOne, lowerOne] = lineOf(2, one) as [Authority, Authority, Authority];
  const many = Array.from({ length: 120 }, () => authorityOf('many', { by: root }));
  const named = authorityOf('named', {
    key: below.key,
    by: root,
    subject: nameOf([common('below')]),
    extensions: [
      isAuthority,
      mayCertify,
      keyIdentifier(below.key),
      extension('551d11', fromHex('300482026162')),
    ],
  });
  const self = newKey();
  const selfNamed = { name: nameOf([unit('client')]), key: self };
  const intermediates = [pem(below)];
  const two = [pem(below), pem(lower)];
  return [
    of('an intermediate', memberOf(below), { intermediates }),
    of('an intermediate that is not listed', memberOf(below), {}),
    of('a root with an intermediate', memberOf(root), { intermediates }),
    of('two intermediates', memberOf(lower), { intermediates: two }),
    of('an intermediate with one below', memberOf(below), { intermediates: two }),
    of('a lower one without the upper', memberOf(lower), { intermediates: [pem(lower)] }),
    of('seven intermediates', memberOf(long.at(-1) ?? root), { intermediates: long.slice(1).map(pem) }),
    of('an intermediate as a root, too', memberOf(below), { roots: [pem(root), pem(below)], intermediates }),
    of('an intermediate as a root', memberOf(below), { roots: [pem(root), pem(below)] }),
    of('an intermediate as the only root', memberOf(below), { roots: [pem(below)] }),
    of('a root as an intermediate, too', memberOf(root), { intermediates: [pem(root)] }),
    of('a member under a root and its intermediate', memberOf(below), {
      intermediates: [pem(root), pem(below)],
    }),
    of('a root twice', memberOf(root), { roots: [pem(root), pem(root)] }),
    of('an intermediate twice', memberOf(below), { intermediates: [pem(below), pem(below)] }),
    of('an intermediate issued anew', memberOf(below), { intermediates: [pem(below), pem(again)] }),
    of('an intermediate issued by two roots', memberOf(below), {
      roots: [pem(root), pem(second)],
      intermediates: [pem(below), pem(crossed)],
    }),
    of('an intermediate issued by a root that is not listed', memberOf(below), {
      intermediates: [pem(below), pem(crossed)],
    }),
    of('an intermediate with other alternative names', memberOf(below), {
      intermediates: [pem(below), pem(named)],
    }),
    of('two roots of one name', memberOf(root), { roots: [pem(twin), pem(root)] }),
    of('two roots of one name, by the other', memberOf(twin), { roots: [pem(twin), pem(root)] }),
    of('a root of the same name alone', memberOf(root), { roots: [pem(twin)] }),
    of('many intermediates of one name', memberOf(many[3] ?? root), {
      intermediates: many.slice(0, 40).map(pem),
    }),
    of('too many intermediates of one name', memberOf(many[119] ?? root), { intermediates: many.map(pem) }),
    of('no root', memberOf(root), { roots: [] }),
    of('a root that is none', memberOf(root), { roots: [pem(root), utf8('none')] }),
    of('a root limited to members', memberOf(short), { roots: [pem(short)] }),
    of('a root limited to members, an intermediate', memberOf(belowShort), {
      roots: [pem(short)],
      intermediates: [pem(belowShort)],
    }),
    of('a root limited to one, one', memberOf(belowOne), {
      roots: [pem(one)],
      intermediates: [pem(belowOne)],
    }),
    of('a root limited to one, two', memberOf(lowerOne), {
      roots: [pem(one)],
      intermediates: [pem(belowOne), pem(lowerOne)],
    }),
    of('a member that signed itself', memberOf(selfNamed, { subject: selfNamed.name }, self), {}),
    of('a member with the root’s key', memberOf(root, {}, root.key), {}),
    of('a member with the root’s key and name', memberOf(root, { subject: root.name }, root.key), {}),
    of('a root as a member', { key: root.key, der: root.der }, {}),
    of('an intermediate as a member', { key: below.key, der: below.der }, { intermediates }),
  ];
}

function constraintCases(): ChainCase[] {
  const tree = (tag: number, text: string | Uint8Array, at = 0) =>
    explicit(at, sequence(derOf(tag, typeof text === 'string' ? utf8(text) : text)));
  const constrained = (label: string, trees: Uint8Array, ...marks: Uint8Array[]) => {
    const key = newKey();
    const extensions = [
      isAuthority,
      mayCertify,
      keyIdentifier(key),
      extension('551d1e', sequence(trees), ...marks),
    ];
    return authorityOf(label, { key, by: root, extensions });
  };
  const policy = (label: string, ...extensions: Uint8Array[]) => {
    const key = newKey();
    return authorityOf(label, {
      key,
      by: root,
      extensions: [isAuthority, mayCertify, keyIdentifier(key), ...extensions],
    });
  };
  const under = (name: string, below: Authority, fields: Fields = {}) =>
    of(name, memberOf(below, fields), { intermediates: [pem(below)] });
  const dns = constrained('dns', tree(0x82, 'example.org'), critical);
  const softly = constrained('softly', tree(0x82, 'example.org'));
  const directory = constrained('directory', explicit(0, sequence(derOf(0xa4, root.name))));
  const soon = policy('soon', extension('551d24', fromHex('3003800100')));
  const later = policy('later', extension('551d24', fromHex('3003800105')));
  const mapping = (from: string, to: string) =>
    extension(
      '551d21',
      sequence(
        sequence(derOf(derTag.objectIdentifier, fromHex(from)), derOf(derTag.objectIdentifier, fromHex(to))),
      ),
    );
  const values = ['', 'a', '.a', 'a.', 'a..b', '.', 'a b', '*.a', 'é'];
  return [
    ...[dns, softly, directory].flatMap((below, at) => [
      under(`name constraints ${at}, no name`, below),
      under(`name constraints ${at}, no host’s name`, below, named('no host')),
      under(`name constraints ${at}, a host’s name`, below, named('host.example.net')),
      under(`name constraints ${at}, a wild card`, below, named('*.example.net')),
      under(`name constraints ${at}, a host’s name with an end`, below, named('host_1:a-.')),
      under(`name constraints ${at}, a dash first`, below, named('-host')),
      under(`name constraints ${at}, an empty label`, below, named('a..b')),
    ]),
    ...values.flatMap((value) =>
      [0x81, 0x82, 0x86].map((tag) =>
        caseOf({
          name: `a member’s own constraint ${tag} ${value}`,
          member: memberOf(root, {
            extensions: [isMember, extension('551d1e', sequence(tree(tag, value)), critical)],
          }),
        }),
      ),
    ),
    ...[
      '0a000000ff000000',
      '0a000000ff00ff00',
      '0a000000',
      `${'00'.repeat(16)}${'ff'.repeat(16)}`,
      '00'.repeat(8),
    ].map((value) =>
      caseOf({
        name: `a member’s own network ${value}`,
        member: memberOf(root, {
          extensions: [isMember, extension('551d1e', sequence(tree(0x87, fromHex(value), 1)))],
        }),
      }),
    ),
    ...[
      'a:b',
      'https://a',
      'https://a.b:80/c',
      'https://a..b',
      'https://a.',
      ' a:b',
      'a',
      'urn:x:y',
      'spiffe://a/b/c',
      '/a',
      '',
    ].map((value) =>
      caseOf({
        name: `an alternative name that is a URI ${value}`,
        member: memberOf(root, {
          extensions: [isMember, extension('551d11', sequence(derOf(0x86, utf8(value))))],
        }),
      }),
    ),
    under('policies asked for', soon),
    under('policies asked for later', later),
    under('a policy mapped', policy('mapped', mapping('2a03', '2a04'))),
    under('a member maps any policy', policy('plain'), {
      extensions: [isMember, mapping('551d2000', '2a04')],
    }),
    under('a member asks for policies', policy('plain'), {
      extensions: [isMember, extension('551d24', fromHex('3003800100'))],
    }),
  ];
}

function unitCases(): ChainCase[] {
  const below = authorityOf('below', { by: root });
  const beside = authorityOf('beside', { by: root });
  const intermediates = [pem(below), pem(beside)];
  const second = authorityOf('second');
  const roots = [pem(root), pem(second)];
  const client = { name: 'client', pem: pem(root) };
  const others = { peer: { name: 'peer' }, admin: { name: 'admin' }, orderer: { name: 'orderer' } };
  const pinned = { client: { name: 'client', pem: pem(below) }, ...others };
  const shared = { client: { name: 'x' }, peer: { name: 'x' }, admin: { name: 'y' }, orderer: { name: 'y' } };
  const listed = memberOf(root, units('client'));
  const peer = memberOf(root, units('peer'));
  const none = memberOf(root, units('x'));
  const high = highOf(root);
  return [
    of('pinned to the root', memberOf(root), { nodeUnits: { client, ...others } }),
    of('pinned to another root', memberOf(second), { roots, nodeUnits: { client, ...others } }),
    of('pinned to the root, under an intermediate', memberOf(below), {
      intermediates,
      nodeUnits: { client, ...others },
    }),
    of('pinned to an intermediate', memberOf(below), { intermediates, nodeUnits: pinned }),
    of('pinned to another intermediate', memberOf(beside), { intermediates, nodeUnits: pinned }),
    of('pinned to what is not listed', memberOf(root), { nodeUnits: pinned }),
    of('pinned to the root in the other half of s', memberOf(root), {
      nodeUnits: { client: { name: 'client', pem: high }, ...others },
    }),
    of('a root in the other half of s', memberOf(root), { roots: [high] }),
    of('a root in both halves of s', memberOf(root), { roots: [high, pem(root)] }),
    of('one unit for two roles', memberOf(root, units('x')), { nodeUnits: shared }),
    of('one unit for two other roles', memberOf(root, units('y')), { nodeUnits: shared }),
    of('one unit for two roles, twice', memberOf(root, units('x', 'x')), { nodeUnits: shared }),
    of('one unit for two roles, the first pinned elsewhere', memberOf(second, units('x')), {
      roots,
      nodeUnits: { ...shared, client: { name: 'x', pem: pem(root) } },
    }),
    of('one unit for two roles, the second pinned elsewhere', memberOf(second, units('x')), {
      roots,
      nodeUnits: { ...shared, peer: { name: 'x', pem: pem(root) } },
    }),
    of('a wrong pin beside a right unit', memberOf(second, units('client', 'peer')), {
      roots,
      nodeUnits: { client, ...others },
    }),
    of('two roles', memberOf(root, units('client', 'peer')), {}),
    of('an empty unit', memberOf(root, units('')), { nodeUnits: { client: { name: '' }, ...others } }),
    of('an empty unit, and none', none, { nodeUnits: { client: { name: '' }, ...others } }),
    of('no client’s unit', listed, { nodeUnits: others }),
    of('no client’s unit, a peer', peer, { nodeUnits: others }),
    of('no units', none, { nodeUnits: {}, admins: [pem(listed)] }),
    of('no NodeOUs', none, { enable: false, admins: [pem(listed)] }),
    of('no NodeOUs, an admin', listed, { enable: false, admins: [pem(listed)] }),
    of('no NodeOUs, no admin', listed, { enable: false }),
    of('an admin that is listed', listed, { admins: [pem(listed)] }),
    of('a peer that is listed as an admin', peer, { admins: [pem(peer)] }),
    of('beside an admin that is listed', peer, { admins: [pem(listed)] }),
    of('a unit asked for', listed, { units: [client] }),
    of('a unit asked for that it has not', peer, { units: [client] }),
    of('one of two units asked for', peer, { units: [client, { name: 'peer', pem: pem(root) }] }),
    of('a unit asked for under another root', memberOf(second), { roots, units: [client] }),
    of('a unit asked for under an intermediate', memberOf(below), {
      intermediates,
      units: [{ name: 'client', pem: pem(below) }],
    }),
    of('a unit asked for without certificate', listed, { units: [{ name: 'client' }] }),
    of('a unit asked for, no NodeOUs', none, {
      units: [{ name: 'x', pem: pem(root) }],
      enable: false,
      admins: [pem(none)],
    }),
    of('a unit asked for and none', memberOf(root, { subject: nameOf() }), {
      units: [client],
      enable: false,
      admins: [pem(listed)],
    }),
  ];
}

/** The same certificate with s in the other half. */
function highOf({ key, der }: Authority): Uint8Array {
  const [signed, algorithm, bits] = derElements(onlyElement(der).content);
  const [r, s] = integersOf(bits?.content.subarray(1) ?? nothing);
  const signature = derSignature(r, orderOf(key.privateKey) - s);
  const others = [signed, algorithm].map((part) => part?.whole ?? nothing);
  return inPem(sequence(...others, derOf(derTag.bitString, Uint8Array.of(0), signature)));
}

function listCases(): ChainCase[] {
  const below = authorityOf('below', { by: root });
  const second = authorityOf('second');
  const serial = integer('1234');
  const member = memberOf(root, { serial });
  const lower = memberOf(below, { serial });
  const listed = (name: string, list: Uint8Array | Uint8Array[], of_ = member, rules: Partial<Rules> = {}) =>
    of(`list: ${name}`, of_, { lists: Array.isArray(list) ? list : [inPem(list, 'X509 CRL')], ...rules });
  const bent = (name: string, fields: ListFields) => listed(name, listBy(root, [serial], fields));
  const keyId = keyIdOf(root.key);
  const plain = listBy(root, [serial]);
  const longer = (message: Uint8Array) => derOf(derTag.bitString, Uint8Array.of(0), message);
  const intermediates = [pem(below)];
  return [
    listed('revoked', plain),
    listed('another revoked', listBy(root, [integer('1235')])),
    listed('nobody revoked', listBy(root, [])),
    listed('no list of revoked', emptied(root)),
    listed(
      'by another',
      listBy({ ...root, key: second.key }, [serial], {
        extensions: explicit(0, sequence(authorityKey(keyId))),
      }),
    ),
    listed('of another', listBy(second, [serial])),
    listed('of another, and one of it', [
      inPem(listBy(second, [serial]), 'X509 CRL'),
      inPem(plain, 'X509 CRL'),
    ]),
    bent('without version', { version: nothing }),
    bent('of version 1', { version: integer('00') }),
    bent('with another issuer', { issuer: second.name }),
    bent('with an empty issuer', { issuer: nameOf() }),
    bent('without an end', { times: time('260101000000Z') }),
    bent('that has ended', { times: concat(time('200101000000Z'), time('210101000000Z')) }),
    bent('at no time', { times: nothing }),
    bent('with times in zones', { times: concat(time('2601010000+0100'), time('20360101000000Z')) }),
    bent('without key identifier', { extensions: explicit(0, sequence()) }),
    bent('without extensions', { extensions: undefined }),
    bent('with another key identifier', { extensions: explicit(0, sequence(authorityKey(fromHex('aa')))) }),
    bent('with an empty key identifier', {
      extensions: explicit(0, sequence(extension('551d23', fromHex('3000')))),
    }),
    bent('with a key identifier that is none', {
      extensions: explicit(0, sequence(extension('551d23', octets()))),
    }),
    bent('with a critical key identifier', {
      extensions: explicit(0, sequence(authorityKey(keyId, critical))),
    }),
    bent('with two key identifiers', {
      extensions: explicit(0, sequence(authorityKey(keyId), authorityKey(fromHex('aa')))),
    }),
    bent('with two key identifiers, the other first', {
      extensions: explicit(0, sequence(authorityKey(fromHex('aa')), authorityKey(keyId))),
    }),
    bent('with an issuer and a number beside the key identifier', {
      extensions: explicit(
        0,
        sequence(
          extension(
            '551d23',
            sequence(derOf(0x80, keyId), derOf(0xa1, derOf(0xa4, root.name)), fromHex('820101')),
          ),
        ),
      ),
    }),
    bent('with an unknown critical extension', {
      extensions: explicit(0, sequence(authorityKey(keyId), extension('2a03', fromHex('0500'), critical))),
    }),
    bent('indirect', {
      extensions: explicit(
        0,
        sequence(authorityKey(keyId), extension('551d1c', fromHex('30038401ff'), critical)),
      ),
    }),
    bent('entries with extensions', {
      entry: sequence(extension('551d15', fromHex('0a0101')), extension('551d1d', fromHex('3000'), critical)),
    }),
    bent('more after the signature’s numbers', {
      sign: (bytes) => longer(bentSignature(root, bytes, (r, s) => concat(r, s, fromHex('0500')))),
    }),
    bent('s in the high half', {
      sign: (bytes) => longer(bentSignature(root, bytes, (r, s) => concat(r, s), 'high')),
    }),
    bent('a signature that is none', { sign: () => longer(fromHex('3006020101020101')) }),
    bent('a signature of nothing', { sign: () => longer(nothing) }),
    bent('with another algorithm', { algorithm: fromHex('300a06082a8648ce3d040303') }),
    listed('in DER', [plain]),
    listed('in DER with more', [concat(plain, fromHex('00'))]),
    listed('as a certificate', [inPem(plain)]),
    listed('after a text', [concat(utf8('a\n'), inPem(plain, 'X509 CRL'))]),
    listed('before a text', [concat(inPem(plain, 'X509 CRL'), utf8('a\n'))]),
    listed('with lines that end otherwise', [
      utf8(new TextDecoder().decode(inPem(plain, 'X509 CRL')).replaceAll('\n', '\r\n')),
    ]),
    listed('of a root, under an intermediate', plain, lower, { intermediates }),
    listed('of an intermediate', listBy(below, [serial]), lower, { intermediates }),
    listed(
      'that revokes an intermediate',
      listBy(root, [integer('77')]),
      memberOf(authorityOf('b', { by: root, serial: integer('77') })),
      { intermediates },
    ),
  ];
}

function bentSignature(
  { key }: Authority,
  bytes: Uint8Array,
  write: (r: Uint8Array, s: Uint8Array) => Uint8Array,
  form: 'low' | 'high' = 'low',
): Uint8Array {
  const signature = signLedger(key.privateKey, bytes, form);
  const [r, s] = integersOf(signature);
  const whole = derSignature(r, s);
  const rLength = 2 + (whole[3] ?? 0);
  return sequence(write(whole.subarray(2, 2 + rLength), whole.subarray(2 + rLength)));
}

function emptied(authority: Authority): Uint8Array {
  return listBy(authority, [], { times: concat(time('260101000000Z'), time('360101000000Z')) });
}

function textCases(): ChainCase[] {
  const own = padded(() => authorityOf('own'));
  const member = padded(() => memberOf(own));
  const text = new TextDecoder().decode(inPem(member.der));
  const [first = '', ...lines] = text.trimEnd().split('\n');
  const body = lines.slice(0, -1);
  const end = '-----END CERTIFICATE-----';
  const inside = (content: string) => `${first}\n${content}\n${end}\n`;
  const texts: [string, string][] = [
    ['as usual', text],
    ['with CRLF', text.replaceAll('\n', '\r\n')],
    ['with CR', text.replaceAll('\n', '\r')],
    ['without the last line’s end', text.trimEnd()],
    ['in one line', inside(body.join(''))],
    ['with spaces', inside(body.join(' \t \n '))],
    [
      'with spaces in the middle',
      inside(body.map((line) => `${line.slice(0, 9)} ${line.slice(9)}`).join('\n')),
    ],
    ['with empty lines', inside(body.join('\n\n'))],
    ['with other white space', inside(body.join('\n\u000b'))],
    ['with a header', inside(`a: b\n\n${body.join('\n')}`)],
    ['with a header and no empty line', inside(`a: b\n${body.join('\n')}`)],
    ['with headers', inside(`a: b\n c:\n:\n${body.join('\n')}`)],
    ['a colon in it', inside(`${body.join('\n')}\n:`)],
    ['text before', `text\n${text}`],
    ['text before in the same line', `text ${text}`],
    ['text after', `${text}text\n`],
    ['text after in the same line', `${text.trimEnd()}text\n`],
    ['spaces after', `${text.trimEnd()} \t\n`],
    ['spaces after the beginning', text.replace('-----\n', '----- \t\n')],
    ['twice', `${text}${text}`],
    ['after another block', `-----BEGIN X-----\nAAAA\n-----END X-----\n${text}`],
    ['after a broken block', `-----BEGIN X-----\nA*AA\n-----END X-----\n${text}`],
    ['after a beginning', `-----BEGIN CERTIFICATE-----\n${text}`],
    ['after an end', `-----END CERTIFICATE-----\n${text}`],
    ['after an end in the text', `a\n-----END CERTIFICATE-----\n${text}`],
    ['with another label', text.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE')],
    ['with an empty label', text.replaceAll('CERTIFICATE', '')],
    ['with small letters', text.replaceAll('CERTIFICATE', 'certificate')],
    ['with two labels', text.replace('BEGIN CERTIFICATE', 'BEGIN CERT')],
    ['with four dashes', text.replaceAll('-----', '----')],
    ['with six dashes', text.replaceAll('-----', '------')],
    ['with dashes more at its end', text.replace(`${end}`, `${end}-`)],
    ['a star in it', inside(body.join('\n').replace('M', '*'))],
    ['a byte in the label', text.replaceAll('CERTIFICATE', 'CERTIFICATÉ')],
    ['a byte before', `\u0000é\n${text}`],
    ['without padding', inside(body.join('\n').replaceAll('=', ''))],
    ['more padding', inside(`${body.join('\n')}=`)],
    ['loose bits', inside(loosened(body.join('\n')))],
    ['URL’s alphabet', inside(body.join('\n').replaceAll('+', '-').replaceAll('/', '_'))],
    ['empty', inside('')],
    ['nothing', ''],
    ['DER', ''],
  ];
  return texts.flatMap(([name, written]) => {
    const bytes = name === 'DER' ? member.der : utf8(written);
    const rootText = new TextDecoder().decode(pem(own));
    const asRoot = utf8(
      written.replace(body.join('\n'), rootText.trimEnd().split('\n').slice(1, -1).join('\n')),
    );
    return [
      caseOf({ name: `text ${name}`, member, rules: { roots: [pem(own)] }, pem: bytes }),
      caseOf({ name: `root’s text ${name}`, member, rules: { roots: [asRoot] } }),
    ];
  });
}

/** One whose base64 ends in padding. */
function padded<Made extends { der: Uint8Array }>(make: () => Made): Made {
  for (;;) {
    const made = make();
    if (made.der.length % 3 !== 0) return made;
  }
}

/** Bits that nothing is read of are set. */
function loosened(text: string): string {
  return text.replace(/([A-Za-z0-9+/])(=+)$/, (_, last: string, padding: string) => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    return `${alphabet[alphabet.indexOf(last) | 1] ?? last}${padding}`;
  });
}

export function ruleCases(): ChainCase[] {
  return [...chainCases(), ...constraintCases(), ...unitCases(), ...listCases(), ...textCases()];
}
