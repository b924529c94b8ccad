import {
  base64,
  formatCheckpoint,
  hex,
  type Leaf,
  leafBytes,
  nodeHash,
  rootHash,
  sha256,
  signNote,
} from '../../evidence/src/index.ts';
import { createLog, makeProof, origin, policyOf, type TestLog } from '../../evidence/test/proof.ts';
import { type CorpusCase, corpusCase, type Shelf } from './case.ts';

type Expected = Parameters<typeof corpusCase>[3];

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
    bent('T04 leaf as node', unprefixed(log), 'tampered INCLUSION_ROOT'),
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

/** The log with one leaf hashed as nodes are, without its prefix, signed by its owner. */
function unprefixed(log: TestLog): object {
  const hashes = log.hashes.with(5, sha256(leafBytes(log.leaves[5] as Leaf)));
  return { checkpoint: log.checkpoint(13, rootHash(hashes)) };
}
