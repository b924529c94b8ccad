import {
  commitRecord,
  discloseRecord,
  hex,
  leafBytes,
  leafHash,
  sha256,
  utf8,
} from '../../evidence/src/index.ts';
import type { TestChannel } from '../../evidence/test/alliance.ts';
import { createLog, makeProof, policyOf, type TestLog } from '../../evidence/test/proof.ts';
import { type CorpusCase, corpusCase, type Shelf } from './case.ts';

type Expected = Parameters<typeof corpusCase>[3];

/** Tampering with the content and the leaf (T01–T05, T46, T54). */
export function contentCases({ valid, policy }: Shelf): CorpusCase[] {
  const elements = valid.disclosure.elements;
  const bent = (name: string, change: object, expected?: Expected) =>
    corpusCase(name, { ...valid, ...change }, policy, expected);
  const element = (name: string, change: object, expected?: Expected) =>
    bent(
      `element: ${name}`,
      {
        disclosure: {
          elements: elements.map((entry) => (entry.name === 'status' ? { ...entry, ...change } : entry)),
        },
      },
      expected,
    );
  const leaf = (name: string, change: object, expected?: Expected) =>
    bent(`leaf: ${name}`, { leaf: { ...valid.leaf, ...change } }, expected);
  const { salt: _salt, ...saltless } = elements.find(({ name }) => name === 'status') as {
    name: string;
    salt: string;
  };
  const [first, ...rest] = elements;
  return [
    element('T01 another value', { value: 'finam' }, 'tampered LEAF_DIGEST'),
    element('T03 another salt', { salt: '00'.repeat(32) }, 'tampered LEAF_DIGEST'),
    element('T03 short salt', { salt: '00' }, 'tampered DISCLOSURE_INVALID'),
    element('T03 upper-case salt', { salt: 'AB'.repeat(32) }, 'tampered DISCLOSURE_INVALID'),
    element('another name', { name: 'statuS' }, 'tampered'),
    element('bad name', { name: 'st atus' }, 'tampered DISCLOSURE_INVALID'),
    element('name with a line feed', { name: 'status\n' }, 'tampered DISCLOSURE_INVALID'),
    element('digest too', { digest: '00'.repeat(32) }, 'tampered DISCLOSURE_INVALID'),
    element('null value', { value: null }, 'tampered'),
    element('lone surrogate', { value: '\ud800' }, 'tampered CANONICAL_INVALID'),
    element('T54 algorithm', { algorithm: 'none' }, 'tampered DISCLOSURE_INVALID'),
    bent(
      'T03 removed salt',
      { disclosure: { elements: elements.map((entry) => (entry.name === 'status' ? saltless : entry)) } },
      'tampered DISCLOSURE_INVALID',
    ),
    bent('an element left out', { disclosure: { elements: rest } }, 'tampered LEAF_DIGEST'),
    bent(
      'an element twice',
      { disclosure: { elements: [first, first, ...rest] } },
      'tampered DISCLOSURE_INVALID',
    ),
    bent(
      'elements out of order',
      { disclosure: { elements: [...rest, first] } },
      'tampered DISCLOSURE_INVALID',
    ),
    bent('no elements', { disclosure: { elements: [] } }, 'tampered DISCLOSURE_INVALID'),
    bent('disclosure null', { disclosure: null }, 'tampered'),
    bent('disclosure with more', { disclosure: { elements, more: 1 } }, 'tampered DISCLOSURE_INVALID'),
    leaf('another digest', { digest: '00'.repeat(32) }, 'tampered LEAF_DIGEST'),
    leaf('upper-case digest', { digest: valid.leaf.digest.toUpperCase() }, 'tampered LEAF_INVALID'),
    leaf('another kind', { kind: 'access' }, 'tampered LEAF_KIND'),
    leaf('unknown kind', { kind: 'prescription' }, 'tampered LEAF_INVALID'),
    leaf('T54 algorithm', { alg: 'sha1' }, 'tampered LEAF_INVALID'),
    leaf('version 2', { v: 2 }, 'tampered LEAF_INVALID'),
    leaf('version true', { v: true }, 'tampered LEAF_INVALID'),
    leaf('another tenant', { tenant: 'hospital-b' }, 'undecided'),
    leaf('bad tenant', { tenant: 'Hospital A' }, 'tampered LEAF_INVALID'),
    leaf('tenant that starts with a digit', { tenant: '1a' }),
    leaf('tenant with two hyphens', { tenant: 'a--b' }),
    leaf('tenant of 64 letters', { tenant: 'a'.repeat(64) }),
    leaf('tenant of 65 letters', { tenant: 'a'.repeat(65) }, 'tampered LEAF_INVALID'),
    leaf('another time', { at: '2026-06-01T00:00:05.001Z' }, 'tampered INCLUSION_ROOT'),
    ...[
      '2026-02-30T00:00:00.000Z',
      '2026-06-01T24:00:00.000Z',
      '2026-06-01T00:00:60.000Z',
      '2026-06-01T00:00:05Z',
      '0000-01-01T00:00:00.000Z',
      '٢٠٢٦-06-01T00:00:05.000Z',
      '2026-06-01T00:00:05.000+00:00',
    ].map((at) => leaf(`time ${at}`, { at }, at.startsWith('0000') ? undefined : 'tampered LEAF_INVALID')),
    leaf('T46 time in the future', { at: '2027-06-01T00:00:05.000Z' }, 'tampered'),
  ];
}

/** Records whose values strain JSON; each is committed to and anchored as it is. */
export function valueCases(channel: TestChannel): CorpusCase[] {
  const deep = (depth: number): unknown => (depth === 0 ? 0 : [deep(depth - 1)]);
  const values: Record<string, unknown> = {
    'small and large numbers': [
      1e-7, 1e21, 123456789012345680000, 5e-324, 1.7976931348623157e308, -0, 0.1, 100, 4.5, 1e-6,
      333333333.3333333,
    ],
    'members of odd names': {
      '\u{1f600}': 1,
      '\ufb33': 2,
      '\u20ac': 3,
      10: 4,
      9: 5,
      '': 6,
      ['__proto__']: 7,
    },
    'characters to escape': '\u0000\u001f\u007f/\u2028\\"\b\f\n\r\t',
    'nested 122 deep': deep(122),
    'nested 123 deep': deep(123),
    'nested 124 deep': deep(124),
    'empty things': [{}, [], '', null, false],
  };
  return Object.entries(values).map(([name, value]) => {
    const log = logOf({ resourceType: 'Basic', value });
    const proof = makeProof(channel, log);
    return corpusCase(`value: ${name}`, proof, JSON.stringify(policyOf(channel, log)), 'valid');
  });
}

/** A log whose record 5 is this resource. */
function logOf(resource: Record<string, unknown>): TestLog {
  const log = createLog();
  const salt = sha256(utf8('salt of values'));
  const leaf = { ...log.leaves[5], digest: hex(commitRecord(resource, salt)) } as TestLog['leaves'][number];
  log.leaves[5] = leaf;
  log.hashes[5] = leafHash(leafBytes(leaf));
  return { ...log, disclosure: () => discloseRecord(resource, salt, new Set()) };
}
