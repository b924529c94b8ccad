import {
  base64,
  commitRecord,
  discloseRecord,
  formatCheckpoint,
  hex,
  leafBytes,
  leafHash,
  nodeHash,
  type RecordProof,
  sha256,
  signNote,
  utf8,
} from '../../evidence/src/index.ts';
import type { TestChannel } from '../../evidence/test/alliance.ts';
import { createLog, makeProof, origin, policyOf, type TestLog } from '../../evidence/test/proof.ts';
import { type CorpusCase, corpusCase } from './case.ts';

type Shelf = { channel: TestChannel; log: TestLog; valid: RecordProof; policy: string };
type Expected = Parameters<typeof corpusCase>[3];

/** Tampering with the content and the leaf (references/evidence.md §4: T01–T05, T46, T54). */
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
    'nested 125 deep': deep(125),
    'nested 126 deep': deep(126),
    'nested 127 deep': deep(127),
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

/** Tampering with the log (T05–T11, T47, T57). */
export function logCases({ channel, log, valid, policy }: Shelf): CorpusCase[] {
  const path = valid.inclusionProof;
  const bent = (name: string, change: object, expected?: Expected) =>
    corpusCase(`log: ${name}`, { ...valid, ...change }, policy, expected);
  const signed = (name: string, text: string, expected: Expected) =>
    bent(name, { checkpoint: signNote(text, log.signer) }, expected);
  const root = base64(log.root());
  const parent = hex(nodeHash(log.hashes[4] as Uint8Array, log.hashes[5] as Uint8Array));
  const note = valid.checkpoint;
  const line = note.slice(note.indexOf('—'));
  const stranger = line.replace('hospital-a', 'hospital-z');
  const other = createLog();
  const accesses = createLog(13, 'access');
  const at = (leafIndex: number) => makeProof(channel, log, { leafIndex });
  return [
    ...Array.from({ length: 13 }, (_, leafIndex) =>
      corpusCase(`log: leaf ${leafIndex}`, at(leafIndex), policy, 'valid'),
    ),
    bent(
      'T05 node as leaf',
      { leaf: { ...valid.leaf, digest: parent }, leafIndex: 2, inclusionProof: path.slice(1) },
      'tampered LEAF_DIGEST',
    ),
    bent('T06 path cut', { inclusionProof: path.slice(0, -1) }, 'tampered INCLUSION_LENGTH'),
    bent('T06 no path', { inclusionProof: [] }, 'tampered INCLUSION_LENGTH'),
    bent('T07 path too long', { inclusionProof: [...path, path[0]] }, 'tampered INCLUSION_LENGTH'),
    bent(
      'T07 path with 54 hashes',
      { inclusionProof: Array.from({ length: 54 }, () => path[0]) },
      'tampered',
    ),
    bent(
      'T07 path exchanged',
      { inclusionProof: [path[1], path[0], ...path.slice(2)] },
      'tampered INCLUSION_ROOT',
    ),
    ...[4, 6].map((leafIndex) => bent(`T08 index ${leafIndex}`, { leafIndex }, 'tampered INCLUSION_ROOT')),
    bent('T08 index 12', { leafIndex: 12 }, 'tampered INCLUSION_LENGTH'),
    bent('T08 index 13', { leafIndex: 13 }, 'tampered INCLUSION_INDEX'),
    bent('T09 size', { checkpoint: note.replace('\n13\n', '\n12\n') }, 'tampered NOTE_SIGNATURE_INVALID'),
    bent(
      'T10 last leaf doubled',
      {
        ...at(12),
        checkpoint: note,
        inclusionProof: [hex(log.hashes[12] as Uint8Array), ...at(12).inclusionProof],
      },
      'tampered INCLUSION_LENGTH',
    ),
    bent('T11 root of another log', { checkpoint: other.checkpoint() }, 'tampered NOTE_NOT_SIGNED'),
    bent(
      'T11 another root, signed',
      { checkpoint: log.checkpoint(13, log.hashes[0]) },
      'tampered INCLUSION_ROOT',
    ),
    bent(
      'T47 older checkpoint',
      { checkpoint: log.checkpoint(12), inclusionProof: log.path(5, 12) },
      'tampered ANCHOR_WRITE_ABSENT',
    ),
    signed(
      'T47 another origin',
      formatCheckpoint({ origin: 'medseal.org/log/hospital-b', treeSize: 13, rootHash: log.root() }),
      'tampered CHECKPOINT_ORIGIN',
    ),
    ...['9007199254740993', '9007199254740991', '013', '-1', '1e3', '', '13 '].map((size) =>
      signed(
        `T57 size ${size}`,
        `${origin}\n${size}\n${root}\n`,
        size === '9007199254740991' ? 'tampered' : 'tampered CHECKPOINT_INVALID',
      ),
    ),
    signed('extension line', `${origin}\n13\n${root}\nmore\n`, 'tampered CHECKPOINT_INVALID'),
    signed('text with an empty line', `${origin}\n13\n\n${root}\n`, 'tampered'),
    signed('root not base64', `${origin}\n13\n${root.slice(0, -1)}\n`, 'tampered CHECKPOINT_INVALID'),
    bent('line of a stranger', { checkpoint: note + stranger }, 'valid'),
    bent('line of a stranger before', { checkpoint: note.replace(line, stranger + line) }, 'valid'),
    bent('line twice', { checkpoint: note + line }, 'tampered NOTE_INVALID'),
    bent('17 lines', { checkpoint: note + stranger.repeat(16) }, 'tampered NOTE_INVALID'),
    bent('16 lines', { checkpoint: note + stranger.repeat(15) }, 'valid'),
    bent('no line feed at the end', { checkpoint: note.slice(0, -1) }, 'tampered NOTE_INVALID'),
    bent('carriage returns', { checkpoint: note.replaceAll('\n', '\r\n') }, 'tampered NOTE_INVALID'),
    bent('a hyphen for the dash', { checkpoint: note.replace('—', '-') }, 'tampered NOTE_INVALID'),
    bent('signature cut', { checkpoint: note.replace(/.{8}\n$/, '\n') }, 'tampered'),
    bent('signature with loose bits', { checkpoint: note.replace(/.=\n$/, 'B=\n') }),
    bent('line of a stranger with four bytes', { checkpoint: `${note}— stranger AAAAAA==\n` }),
    bent('line of a stranger with a lone surrogate', { checkpoint: `${note}— \ud800 AAAAAAAA\n` }),
    bent('line of a stranger with a control character', { checkpoint: `${note}— a\u0007 AAAAAAAA\n` }),
    bent('text with a lone surrogate', { checkpoint: note.replace('13', '\ud800') }, 'tampered NOTE_INVALID'),
    bent('name of 257 letters', { checkpoint: `${note}— ${'a'.repeat(257)} AAAAAAAA\n` }),
    bent(
      'note too long',
      { checkpoint: `${note}— ${'a'.repeat(100)} ${'A'.repeat(16_384)}\n` },
      'tampered NOTE_INVALID',
    ),
    bent('no note', { checkpoint: 'no note' }, 'tampered NOTE_INVALID'),
    bent('empty note', { checkpoint: '' }, 'tampered NOTE_INVALID'),
    corpusCase(
      'log: of another kind',
      makeProof(channel, accesses),
      JSON.stringify(policyOf(channel, accesses)),
      'tampered LEAF_KIND',
    ),
  ];
}

/** Files that are no proof, or hold what no check covers (T02, T52, T57). */
export function fileCases({ valid, policy }: Shelf): CorpusCase[] {
  const text = JSON.stringify(valid);
  const bent = (name: string, change: object, expected: Expected) =>
    corpusCase(`file: ${name}`, { ...valid, ...change }, policy, expected);
  const raw = (name: string, content: string | Uint8Array, expected: Expected) =>
    corpusCase(`file: ${name}`, content, policy, expected);
  const malformed = 'tampered PROOF_MALFORMED';
  const { leaf: _leaf, ...incomplete } = valid;
  return [
    raw('T02 members in another order', JSON.stringify(reversed(valid)), 'valid'),
    raw('with white space', JSON.stringify(valid, undefined, 2), 'valid'),
    raw('numbers spelled otherwise', text.replace('"leafIndex":5', '"leafIndex":5.0e0'), 'valid'),
    raw('value spelled otherwise', text.replace('123.5', '1.235e2'), 'valid'),
    raw('value with digits beyond a double', text.replace('123.5', '123.50000000000000000001'), undefined),
    raw('value beyond a double', text.replace('123.5', '1e400'), 'tampered'),
    raw('index beyond a double', text.replace('"leafIndex":5', '"leafIndex":1e400'), malformed),
    raw('text escaped otherwise', text.replace('final', '\\u0066inal'), 'valid'),
    raw('byte order mark', `\ufeff${text}`, 'undecided'),
    raw('UTF-16', Buffer.from(text, 'utf16le'), 'undecided'),
    raw(
      'not UTF-8',
      Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.of(0xff), Buffer.from('}')]),
      'undecided',
    ),
    raw('cut', text.slice(0, -1), 'undecided'),
    raw('more after the end', `${text}{}`, 'undecided'),
    raw('a line feed after the end', `${text}\n`, 'valid'),
    raw('a zero byte after the end', `${text}\u0000`, 'undecided'),
    raw('a no-break space before', `\u00a0${text}`, 'undecided'),
    raw('trailing comma', `${text.slice(0, -1)},}`, 'undecided'),
    raw('a comment', text.replace('{', '{/**/'), 'undecided'),
    raw('single quotes', text.replace('"leafIndex"', "'leafIndex'"), 'undecided'),
    raw('a tab in a text', text.replace('final', 'fin\tal'), 'undecided'),
    raw('leading zero', text.replace('"leafIndex":5', '"leafIndex":05'), 'undecided'),
    raw('NaN', text.replace('"leafIndex":5', '"leafIndex":NaN'), 'undecided'),
    raw('Infinity', text.replace('"leafIndex":5', '"leafIndex":-Infinity'), 'undecided'),
    raw('a member twice', text.replace('"leafIndex":5', '"leafIndex":5,"leafIndex":5'), 'undecided'),
    raw(
      'a member twice, once escaped',
      text.replace('"leafIndex":5', '"leafIndex":5,"leaf\\u0049ndex":5'),
      'undecided',
    ),
    raw('a member of a value twice', text.replace('"unit":"mmHg"', '"unit":"x","unit":"mmHg"'), 'undecided'),
    raw('prototype', text.replace('"leafIndex":5', '"leafIndex":5,"__proto__":{}'), malformed),
    raw('nested 100,000 deep', '['.repeat(100_000) + ']'.repeat(100_000), 'undecided'),
    raw('value nested 2,000 deep', text.replace('"final"', '['.repeat(2000) + ']'.repeat(2000)), undefined),
    raw('value nested 900 deep', text.replace('"final"', '['.repeat(900) + ']'.repeat(900)), 'undecided'),
    raw('an unfinished text', '"', 'undecided'),
    raw('nothing', '', 'undecided'),
    raw('null', 'null', 'undecided'),
    raw('a list', '[]', 'undecided'),
    raw('another format', text.replace('record-proof/v1', 'record-proof/v2'), 'undecided'),
    bent('format a number', { format: 1 }, 'undecided'),
    raw('without its leaf', JSON.stringify(incomplete), malformed),
    bent('T52 attachment', { attachment: 'uncovered' }, malformed),
    bent('T52 attachment in the anchor', { anchor: { ...valid.anchor, more: 1 } }, malformed),
    bent('T54 algorithm', { algorithm: 'none' }, malformed),
    bent('T57 index', { leafIndex: 2 ** 53 }, malformed),
    bent('index as text', { leafIndex: '5' }, malformed),
    bent('index below zero', { leafIndex: -1 }, malformed),
    bent('index between', { leafIndex: 5.5 }, malformed),
    bent('index true', { leafIndex: true }, malformed),
    bent('path of text', { inclusionProof: 'ab' }, malformed),
    bent('path not hex', { inclusionProof: ['zz'] }, malformed),
    bent('path of short hashes', { inclusionProof: ['ab'] }, undefined),
    bent(
      'path of upper-case hashes',
      { inclusionProof: valid.inclusionProof.map((hash) => hash.toUpperCase()) },
      malformed,
    ),
    bent('path of numbers', { inclusionProof: [7] }, malformed),
    bent(
      'T57 long path',
      { inclusionProof: Array.from({ length: 20_000 }, () => 'ab'.repeat(32)) },
      malformed,
    ),
    bent('checkpoint null', { checkpoint: null }, malformed),
    bent('T57 long checkpoint', { checkpoint: 'A'.repeat(1_000_000) }, 'tampered NOTE_INVALID'),
    bent(
      'T57 long block',
      { anchor: { ...valid.anchor, block: 'A'.repeat(4_000_000) } },
      'tampered BLOCK_MALFORMED',
    ),
    bent('transaction id', { anchor: { ...valid.anchor, txId: 'x' } }, malformed),
    bent(
      'transaction id in upper case',
      { anchor: { ...valid.anchor, txId: valid.anchor.txId.toUpperCase() } },
      malformed,
    ),
    bent('block not base64', { anchor: { ...valid.anchor, block: 'not base64!' } }, malformed),
    bent(
      'block with a line feed',
      { anchor: { ...valid.anchor, block: `${valid.anchor.block}\n` } },
      malformed,
    ),
    bent('block without padding', { anchor: { ...valid.anchor, block: 'AA' } }, malformed),
    bent('block with loose bits', { anchor: { ...valid.anchor, block: 'AB==' } }, malformed),
    bent('confirmation null', { confirmation: null }, malformed),
    bent('configurations null', { configBlocks: null }, malformed),
    bent('configuration not base64', { configBlocks: ['A'] }, malformed),
    bent('configuration a number', { configBlocks: [1] }, malformed),
  ];
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([name, item]) => [name, reversed(item)]));
}
