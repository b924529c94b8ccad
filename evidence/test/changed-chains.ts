import fc from 'fast-check';
import { fromHex } from '../src/bytes.ts';
import { derElements, derOf, derTag, onlyElement } from '../src/der.ts';
import { type ChainCase, caseOf } from './chain-cases.ts';
import { changed, changes } from './changed-certificates.ts';
import {
  type Authority,
  authorityOf,
  common,
  critical,
  extension,
  fromAlgorithm,
  inPem,
  integer,
  isMember,
  type Key,
  keyIdentifier,
  listBy,
  mayCertify,
  memberOf,
  nameOf,
  newKey,
  sequence,
  signedBy,
  time,
  unit,
} from './crafted.ts';

type Asked = { amount: number; seed: number };

const keys: Key[] = Array.from({ length: 4 }, newKey);
const names = ['a', 'b', 'c', 'd'].map((text) => nameOf([common(text)]));
const keyAt = (at: number): Key => keys[at % keys.length] ?? newKey();
const nameAt = (at: number): Uint8Array => names[at % names.length] ?? nameOf();
const begins = ['200101000000Z', '210101000000Z', '250101000000Z'];
const ends = ['230101000000Z', '300101000000Z', '400101000000Z'];
const timesAt = (from: number, to: number): Uint8Array =>
  sequence(time(begins[from % 3] ?? ''), time(ends[to % 3] ?? ''));

const mostly = <Value>(usual: Value, ...others: Value[]) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
const small = fc.nat({ max: 11 });
const authorities = fc.record({
  name: small,
  key: small,
  above: small,
  from: mostly(0, 1, 2),
  to: mostly(2, 0, 1),
  maxPath: mostly('', '020100', '020101'),
  use: mostly('', '2b06010505070301', '2b06010505070302'),
  hasNames: mostly(false, true),
  place: fc.constantFrom('roots' as const, 'intermediates' as const),
});
const graphs = fc.record({
  listed: fc.array(authorities, { minLength: 1, maxLength: 6 }),
  member: fc.record({ above: small, from: small, to: small }),
  pin: fc.option(small, { freq: 4 }),
  admin: fc.boolean(),
});

type Stated = typeof authorities extends fc.Arbitrary<infer Value> ? Value : never;

/** Organisations whose authorities have a few names and keys among them, so that chains meet, end and go round. */
export function tangledChains({ amount, seed }: Asked): ChainCase[] {
  return fc.sample(graphs, { numRuns: amount, seed }).map(({ listed, member, pin, admin }, number) => {
    const made: (Authority & Pick<Stated, 'place'>)[] = [];
    for (const stated of listed) made.push(madeOf(stated, made));
    const pems = (place: 'roots' | 'intermediates') =>
      made.flatMap((each) => (each.place === place ? [inPem(each.der)] : []));
    const issuer = made[member.above % made.length] ?? root;
    const own = memberOf(issuer, { validity: timesAt(member.from, member.to) });
    const pinned = pin === null ? undefined : made[pin % made.length];
    return caseOf({
      name: `tangled chain ${number}`,
      member: own,
      rules: {
        roots: pems('roots'),
        intermediates: pems('intermediates'),
        admins: admin ? [inPem(own.der)] : [],
        nodeUnits: {
          client: { name: 'client', ...(pinned && { pem: inPem(pinned.der) }) },
          admin: { name: 'admin' },
        },
      },
    });
  });
}

/** Roots signed themselves; the others are signed by one before them. */
function madeOf(stated: Stated, above: readonly Authority[]): Authority & Pick<Stated, 'place'> {
  const key = keyAt(stated.key);
  const name = nameAt(stated.name);
  const issuer = above[stated.above % Math.max(1, above.length)];
  const place = issuer === undefined ? 'roots' : stated.place;
  const by = place === 'roots' ? undefined : issuer;
  const extensions = [
    extension('551d13', sequence(fromHex(`0101ff${stated.maxPath}`)), critical),
    mayCertify,
    keyIdentifier(key),
    ...(stated.use === ''
      ? []
      : [extension('551d25', sequence(derOf(derTag.objectIdentifier, fromHex(stated.use))))]),
    ...(stated.hasNames ? [extension('551d11', fromHex('300482026162'))] : []),
  ];
  const validity = timesAt(stated.from, stated.to);
  return { ...authorityOf('', { key, subject: name, ...(by && { by }), extensions, validity }), place };
}

const root = authorityOf('root');
const below = authorityOf('below', { by: root });
const serial = integer('1234');
const plain = listBy(root, [integer('12'), serial]);

/** Lists that are changed anywhere and signed anew, and a member whom they revoke. */
export function changedLists({ amount, seed }: Asked): ChainCase[] {
  const [signed = root.der] = derElements(onlyElement(plain).content).map(({ whole }) => whole);
  const member = memberOf(root, { serial });
  return fc.sample(changes, { numRuns: amount, seed }).map((change, number) => {
    const bent = changed(signed, change);
    const list = sequence(bent, fromAlgorithm, signedBy(root.key, bent));
    return caseOf({
      name: `changed list ${number}: ${change.how} ${change.at} ${change.by}`,
      member,
      rules: { roots: [inPem(root.der)], lists: [inPem(list, 'X509 CRL')] },
    });
  });
}

/** Authorities in whose certificates one place is changed, and a member below them. */
export function changedAuthorities({ amount, seed }: Asked): ChainCase[] {
  const member = memberOf(below);
  const [signed = below.der] = derElements(onlyElement(below.der).content).map(({ whole }) => whole);
  return fc.sample(changes, { numRuns: amount, seed }).map((change, number) => {
    const bent = changed(signed, change);
    const der = sequence(bent, fromAlgorithm, signedBy(root.key, bent));
    return caseOf({
      name: `changed authority ${number}: ${change.how} ${change.at} ${change.by}`,
      member,
      rules: { roots: [inPem(root.der)], intermediates: [inPem(der)] },
    });
  });
}

const lines = [
  '\n',
  '\r\n',
  ' ',
  '\t',
  '-',
  ':',
  '=',
  'A',
  '-----',
  '-----BEGIN ',
  '\n-----END ',
  'CERTIFICATE',
  'a: b\n',
  '-----\n',
  'é',
  '\0',
];
const edits = fc.array(
  fc.record({
    at: fc.nat(),
    cut: fc.constantFrom(0, 0, 1, 5, 28),
    text: fc.constantFrom('', ...lines),
    near: fc.nat({ max: 3 }),
  }),
  { minLength: 1, maxLength: 3 },
);

/** Texts of certificates that are changed near their lines' ends, mostly. */
export function changedTexts({ amount, seed }: Asked): ChainCase[] {
  const member = memberOf(root, { subject: nameOf([unit('client')]), extensions: [isMember] });
  const text = Buffer.from(inPem(member.der)).toString('latin1');
  return fc.sample(edits, { numRuns: amount, seed }).map((made, number) => {
    const written = made.reduce(edited, number % 3 === 0 ? `${text}${text}` : text);
    return caseOf({
      name: `changed text ${number}: ${JSON.stringify(made)}`,
      member,
      pem: new Uint8Array(Buffer.from(written, 'latin1')),
      rules: { roots: [inPem(root.der)] },
    });
  });
}

type Edit = { at: number; cut: number; text: string; near: number };

function edited(text: string, { at, cut, text: more, near }: Edit): string {
  const marks = [...text.matchAll(/-----|\n/g)].map(({ index }) => index);
  const place =
    near === 0 ? at % (text.length + 1) : (marks[at % Math.max(1, marks.length)] ?? 0) + (near - 1);
  return text.slice(0, place) + more + text.slice(place + cut);
}
