import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { bundleFormat, type EvidenceBundle } from '../../evidence/src/index.ts';
import { packed, resealed } from '../../evidence/test/unpacked.ts';
import { type CorpusCase, corpusCase, type Shelf } from './case.ts';

type Expected = Parameters<typeof corpusCase>[3];

/** Files that are no proof, or hold what no check covers (T02, T52, T57). */
export function fileCases({ valid, policy }: Shelf): CorpusCase[] {
  const file = packed(valid) as EvidenceBundle;
  const text = JSON.stringify(file);
  const { digest: _digest, ...members } = file;
  const bent = (name: string, change: object, expected: Expected) =>
    corpusCase(`file: ${name}`, resealed({ ...members, ...change }), policy, expected);
  const packing = (name: string, bytes: Uint8Array, expected: Expected) =>
    bent(`blocks: ${name}`, { blocks: Buffer.from(bytes).toString('base64') }, expected);
  const stream = Buffer.from(file.blocks, 'base64');
  const plain = inflateRawSync(stream);
  const raw = (name: string, content: string | Uint8Array, expected: Expected) =>
    corpusCase(`file: ${name}`, content, policy, expected);
  const malformed = 'tampered PROOF_MALFORMED';
  const { leaf: _leaf, ...incomplete } = file;
  return [
    raw('T02 members in another order', JSON.stringify(reversed(file)), 'valid'),
    raw('with white space', JSON.stringify(file, undefined, 2), 'valid'),
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
    raw('another format', text.replace('bundle/v1', 'bundle/v2'), 'undecided'),
    bent('format a number', { format: 1 }, 'undecided'),
    raw('without its leaf', JSON.stringify(incomplete), malformed),
    bent('T52 attachment', { attachment: 'uncovered' }, malformed),
    bent('T52 attachment in the anchor', { anchor: { ...file.anchor, more: 1 } }, malformed),
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
      { inclusionProof: file.inclusionProof.map((hash) => hash.toUpperCase()) },
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
    raw('format of a record proof', text.replace(bundleFormat, 'medseal/record-proof/v1'), 'undecided'),
    raw('another digest', text.replace(file.digest, 'ab'.repeat(32)), 'tampered BUNDLE_DIGEST'),
    raw('digest of another form', text.replace(`"${file.digest}"`, '7'), 'tampered BUNDLE_DIGEST'),
    raw('a value changed, not the digest', text.replace('"final"', '"error"'), 'tampered BUNDLE_DIGEST'),
    raw(
      'and the digest, too',
      JSON.stringify(resealed(withoutDigest(text.replace('"final"', '"error"')))),
      'tampered LEAF_DIGEST',
    ),
    bent('states, which version 1 has not', { states: [] }, malformed),
    packing(
      'T57 a bomb',
      deflateRawSync(Buffer.alloc(200_000_000), { level: 9 }),
      'tampered PROOF_TOO_LARGE',
    ),
    packing('nothing', Buffer.alloc(0), malformed),
    packing('no blocks', deflateRawSync(Buffer.alloc(0)), malformed),
    packing('one block', deflateRawSync(plain.subarray(0, 4 + plain.readUInt32BE(0))), malformed),
    packing('cut', stream.subarray(0, -1), malformed),
    packing('not DEFLATE', Buffer.from('not DEFLATE at all'), malformed),
    packing('T52 more after the end', Buffer.concat([stream, Buffer.from('more')]), malformed),
    packing('T52 more inside', deflateRawSync(Buffer.concat([plain, Buffer.from('more')])), malformed),
    packing('a length too large', deflateRawSync(Buffer.concat([plain, Buffer.of(0, 0, 0, 1)])), malformed),
    packing('an empty block at the end', deflateRawSync(Buffer.concat([plain, Buffer.alloc(4)])), 'tampered'),
    packing('packed with another effort', deflateRawSync(plain, { level: 1 }), 'valid'),
    packing('packed without an effort', deflateRawSync(plain, { level: 0 }), 'valid'),
    packing(
      '65 configurations',
      deflateRawSync(Buffer.concat([...Array(65).fill(Buffer.from([0, 0, 0, 1, 7])), plain])),
      malformed,
    ),
    bent('blocks a number', { blocks: 7 }, malformed),
    bent('blocks not base64', { blocks: 'not base64!' }, malformed),
    bent('blocks with a line feed', { blocks: `${file.blocks}\n` }, malformed),
    bent('blocks without padding', { blocks: 'AA' }, malformed),
    bent('blocks with loose bits', { blocks: 'AB==' }, malformed),
    bent('transaction id', { anchor: { ...file.anchor, txId: 'x' } }, malformed),
    bent(
      'transaction id in upper case',
      { anchor: { ...file.anchor, txId: file.anchor.txId.toUpperCase() } },
      malformed,
    ),
    bent('confirmation null', { confirmation: null }, malformed),
    bent('confirmation with a block', { confirmation: { ...file.confirmation, block: 'AA==' } }, malformed),
  ];
}

function withoutDigest(text: string): object {
  const { digest: _digest, ...members } = JSON.parse(text) as EvidenceBundle;
  return members;
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([name, item]) => [name, reversed(item)]));
}
