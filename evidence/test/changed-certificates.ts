import fc from 'fast-check';
import { concat, fromHex, utf8 } from '../src/bytes.ts';
import { derElements, derOf, derTag } from '../src/der.ts';
import { type ChainCase, caseOf } from './chain-cases.ts';
import {
  type Authority,
  authorityOf,
  common,
  explicit,
  extension,
  fromAlgorithm,
  infoOf,
  inPem,
  integer,
  isMember,
  keyIdentifier,
  mayAuthenticate,
  nameOf,
  newKey,
  sequence,
  signedBy,
  time,
  unit,
} from './crafted.ts';

const root = authorityOf('root');
const below = authorityOf('below', { by: root });
const key = newKey();

/** A certificate with all that Go looks into. */
function wholeOf(issuer: Authority): Uint8Array {
  return sequence(
    explicit(0, integer('02')),
    integer('1234'),
    fromAlgorithm,
    issuer.name,
    sequence(time('2401010000+0100'), time('20400101000000Z')),
    nameOf([unit('client'), common('member')], [common('a', 0x13)], [['2a0304', 0x16, utf8('b')]]),
    infoOf(key),
    fromHex('810200aa8200'),
    explicit(
      3,
      sequence(
        isMember,
        mayAuthenticate,
        keyIdentifier(key),
        extension('551d23', fromHex('30038001aa')),
        extension('551d11', fromHex('3012820161870401020304810161860475726e3a')),
        extension('551d1f', fromHex('300b3009a007a0058603613a62')),
        extension('551d20', fromHex('300830060604551d2000')),
        extension('551d21', fromHex('300a300806022a0306022a04')),
        extension('551d24', fromHex('3003800105')),
        extension('551d25', fromHex('301606082b0601050507030106 0a2b060104018237140202'.replaceAll(' ', ''))),
        extension('551d36', fromHex('020105')),
        extension('2b06010505070101', fromHex('3010300e06082b060105050730018602613a')),
        extension('2a0304', fromHex('0500'), fromHex('010100')),
      ),
    ),
  );
}

type Change = { at: number; how: 'flip' | 'cut' | 'grow' | 'drop' | 'twice' | 'tag'; by: number };
export const changes = fc.record({
  at: fc.nat(),
  how: fc.constantFrom(
    'flip' as const,
    'flip' as const,
    'cut' as const,
    'grow' as const,
    'drop' as const,
    'twice' as const,
    'tag' as const,
  ),
  by: fc.nat({ max: 255 }),
});
const tags = [
  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1e, 0x30, 0x31, 0x80, 0x81,
  0x82, 0x86, 0xa0, 0xa1, 0xa3,
];

/** Certificates in which one place is changed, lengths after it corrected, and signed anew by their authority. */
export function changedCertificates({ amount, seed }: { amount: number; seed: number }): ChainCase[] {
  const made = [root, below].map((issuer) => ({ issuer, whole: wholeOf(issuer) }));
  return fc
    .sample(fc.tuple(changes, fc.boolean()), { numRuns: amount, seed })
    .map(([change, lower], number) => {
      const { issuer, whole } = made[lower ? 1 : 0] ?? { issuer: root, whole: new Uint8Array(0) };
      const signed = changed(whole, change);
      const der = sequence(signed, fromAlgorithm, signedBy(issuer.key, signed));
      const rules = lower ? { intermediates: [inPem(below.der)] } : {};
      return caseOf({
        name: `changed ${number}: ${change.how} at ${change.at % nodesIn(whole)} by ${change.by}`,
        member: { key, der },
        rules: { roots: [inPem(root.der)], ...rules },
      });
    });
}

/** How many elements lie in an element, itself counted; what is in octets counts where it is elements. */
function nodesIn(whole: Uint8Array): number {
  return 1 + innerOf(whole).reduce((sum, inner) => sum + nodesIn(inner), 0);
}

function innerOf(whole: Uint8Array): Uint8Array[] {
  const tag = whole[0] ?? 0;
  const [element] = derElements(whole);
  if (element === undefined || ((tag & 0x20) === 0 && tag !== derTag.octetString)) return [];
  try {
    return derElements(element.content).map((inner) => inner.whole);
  } catch {
    // Octets that are no elements.
    return [];
  }
}

/** The element with its place `at`, counted from the outermost on, changed. */
export function changed(whole: Uint8Array, change: Change): Uint8Array {
  const place = change.at % nodesIn(whole);
  if (place === 0) return bent(whole, change);
  let left = place - 1;
  const parts = innerOf(whole).map((inner) => {
    const count = nodesIn(inner);
    const isIt = left >= 0 && left < count;
    const next = isIt ? changed(inner, { ...change, at: left }) : inner;
    left -= count;
    return next;
  });
  return derOf(whole[0] ?? 0, ...parts);
}

function bent(whole: Uint8Array, { how, by }: Change): Uint8Array {
  const [element] = derElements(whole);
  const { tag, content } = element ?? { tag: 0, content: whole };
  switch (how) {
    case 'flip': {
      const at = by % Math.max(1, content.length);
      return derOf(
        tag,
        content.map((byte, place) => (place === at ? byte ^ (1 << (by % 8)) : byte)),
      );
    }
    case 'cut':
      return derOf(tag, content.subarray(0, Math.max(0, content.length - 1 - (by % 4))));
    case 'grow':
      return derOf(tag, content, by % 2 === 0 ? Uint8Array.of(by) : fromHex('0500'));
    case 'drop':
      return new Uint8Array(0);
    case 'twice':
      return concat(whole, whole);
    case 'tag':
      return derOf(tags[by % tags.length] ?? tag, content);
    default:
      return whole;
  }
}
