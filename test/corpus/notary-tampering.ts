import { fromBase64, hex, parseBlock, sha256, utf8 } from '../../evidence/src/index.ts';
import { historyOf, type Notarized, notarize } from '../../evidence/test/notary.ts';
import { policyOf } from '../../evidence/test/proof.ts';
import { type CorpusCase, corpusCase, type Shelf } from './case.ts';

type Expected = Parameters<typeof corpusCase>[3];
type History = ReturnType<typeof historyOf>;

/** The notary outside the alliance: of another block, chain, contract or channel (T49), missing, or malformed. */
export function notaryCases({ channel, valid, log, policy }: Shelf): CorpusCase[] {
  const anchored = parseBlock(fromBase64(valid.anchor.block));
  const height = 1_500;
  const history = historyOf(height, [anchored]);
  const { head } = history;
  const inclusionProof = history.path(anchored.number);
  const names = { channel: 'care', genesisHash: channel.genesisHash };
  const { proof, trusted } = notarize(names, head);
  const near = historyOf(anchored.number, [anchored]);
  const direct = notarize(names, near.head);
  const text = (notary: object) => JSON.stringify(policyOf(channel, log, { notary }));
  const asking = text(trusted);
  const make = (name: string, notary: unknown, expected: Expected, by = asking) =>
    corpusCase(`notary: ${name}`, { ...valid, notary }, by, expected);
  const bent = (name: string, change: object, expected: Expected) =>
    make(name, { proof: { ...proof, ...change }, inclusionProof }, expected);
  const [node] = proof.receiptProof.map((part) => fromBase64(part)) as [Uint8Array];
  const flipped = (bytes: Uint8Array, at: number) =>
    Buffer.from(bytes.map((byte, place) => (place === at ? byte ^ 1 : byte))).toString('base64');
  const header = fromBase64(proof.header);
  return [
    make('1,493 blocks later', { proof, inclusionProof }, 'valid'),
    make(
      'of the anchor’s own block',
      { proof: direct.proof, inclusionProof: near.path(anchored.number) },
      'valid',
      text(direct.trusted),
    ),
    make('not asked for', { proof, inclusionProof }, 'valid', policy),
    make(
      'not asked for, an attachment',
      { proof: {}, inclusionProof },
      'tampered NOTARY_UNKNOWN_FORMAT',
      policy,
    ),
    make(
      'no trusted header',
      { proof, inclusionProof },
      'unnotarized',
      text({ ...trusted, trustedHeaders: [] }),
    ),
    corpusCase('notary: none', valid, asking, 'unnotarized'),
    make(
      'reorganised',
      { proof, inclusionProof },
      'tampered NOTARY_HEADER_UNTRUSTED',
      text({ ...trusted, trustedHeaders: [{ number: 3, hash: 'ab'.repeat(32) }] }),
    ),
    ...historyCases(history, anchored).map(([name, { at, path }, expected]) =>
      make(name, { proof: notarize(names, at).proof, inclusionProof: path }, expected),
    ),
    make(
      'of another channel',
      { proof: notarize({ ...names, channel: 'x' }, head).proof, inclusionProof },
      'tampered NOTARY_CHANNEL',
    ),
    bent('other channel id', { channelId: 'ab'.repeat(32) }, 'tampered NOTARY_CHANNEL'),
    bent('other height', { height: 11 }, 'tampered NOTARY_HISTORY_LENGTH'),
    bent('a height with a path as long', { height: height - 1 }, 'tampered NOTARY_EVENT_MISMATCH'),
    bent('a height below the anchor', { height: 6 }, 'tampered NOTARY_BLOCK'),
    bent('a height that is no size', { height: 2 ** 53 - 1 }, 'tampered NOTARY_BLOCK'),
    bent('other block hash', { blockHash: 'ab'.repeat(32) }, 'tampered NOTARY_EVENT_MISMATCH'),
    bent('other root', { historyRoot: 'ab'.repeat(32) }, 'tampered NOTARY_HISTORY_ROOT'),
    bent('block hash for root', { historyRoot: proof.blockHash }, 'tampered NOTARY_HISTORY_ROOT'),
    bent('root in upper case', { historyRoot: proof.historyRoot.toUpperCase() }, 'tampered NOTARY_MALFORMED'),
    bent('root too short', { historyRoot: 'ab' }, 'tampered NOTARY_MALFORMED'),
    bent('other chain', { chainId: 1 }, 'tampered NOTARY_CHAIN'),
    bent('other contract', { contract: '11'.repeat(20) }, 'tampered NOTARY_CONTRACT'),
    bent('other log', { logIndex: 1 }, 'tampered NOTARY_EVENT_ABSENT'),
    bent('other transaction', { transactionIndex: 1 }, 'tampered NOTARY_RECEIPT'),
    bent(
      'node twice',
      { receiptProof: [...proof.receiptProof, ...proof.receiptProof] },
      'tampered NOTARY_RECEIPT',
    ),
    bent('no node', { receiptProof: [] }, 'tampered NOTARY_MALFORMED'),
    bent('version', { format: 'medseal/notary-proof/v2' }, 'tampered NOTARY_UNKNOWN_FORMAT'),
    bent('attachment', { more: 1 }, 'tampered NOTARY_MALFORMED'),
    bent('height as text', { height: '10' }, 'tampered NOTARY_MALFORMED'),
    bent('height below zero', { height: -1 }, 'tampered NOTARY_MALFORMED'),
    bent('hash in upper case', { blockHash: proof.blockHash.toUpperCase() }, 'tampered NOTARY_MALFORMED'),
    bent('header of text', { header: 'not base64' }, 'tampered NOTARY_MALFORMED'),
    bent('header too long', { header: Buffer.alloc(5_000).toString('base64') }, 'tampered NOTARY_MALFORMED'),
    bent(
      'header with more after it',
      { header: Buffer.concat([header, Buffer.of(1)]).toString('base64') },
      'tampered NOTARY_HEADER',
    ),
    ...[0, 1, 40, 250, header.length - 1].map((at) =>
      bent(`header byte ${at}`, { header: flipped(header, at) }, 'tampered'),
    ),
    ...[0, 3, 300, node.length - 1].map((at) =>
      bent(`receipt byte ${at}`, { receiptProof: [flipped(node, at)] }, 'tampered NOTARY_RECEIPT'),
    ),
    make('null', null, 'tampered PROOF_MALFORMED'),
    make('without its path', { proof }, 'tampered PROOF_MALFORMED'),
    make('with more', { proof, inclusionProof, more: 1 }, 'tampered PROOF_MALFORMED'),
    make('with the hashes of blocks', { proof, dataHashes: [] }, 'tampered PROOF_MALFORMED'),
    make('a path of text', { proof, inclusionProof: ['ab'] }, 'tampered PROOF_MALFORMED'),
    make(
      'a path of 54 hashes',
      { proof, inclusionProof: new Array(54).fill('ab'.repeat(32)) },
      'tampered PROOF_MALFORMED',
    ),
    corpusCase('notary: malformed policy', valid, text({ ...trusted, chainId: '1' }), 'undecided'),
  ];
}

type Place = { at: Notarized; path: string[] };

/** Records that a notary really made, of which the path or the history is not the anchor's. */
function historyCases(
  history: History,
  anchored: { number: number; hash: Uint8Array },
): [string, Place, Expected][] {
  const { head } = history;
  const { number, hash } = anchored;
  const path = history.path(number);
  const before = historyOf(number - 1, []);
  const direct = historyOf(number, [anchored]);
  const rewritten = historyOf(head.number, [anchored, { number: 3, hash: sha256(utf8('rewritten')) }]);
  const foreign = historyOf(head.number, []);
  const moved = historyOf(head.number, [{ number: number + 1, hash }]);
  const other = new Uint8Array(32).fill(1);
  return [
    ['of a history that ends before the anchor', { at: before.head, path: [] }, 'tampered NOTARY_BLOCK'],
    [
      'of another block at the anchor’s height',
      { at: { ...direct.head, hash: other }, path: direct.path(number) },
      'tampered NOTARY_BLOCK',
    ],
    ['of a rewritten history', { at: rewritten.head, path }, 'tampered NOTARY_HISTORY_ROOT'],
    [
      'of another channel’s history',
      { at: foreign.head, path: foreign.path(number) },
      'tampered NOTARY_HISTORY_ROOT',
    ],
    [
      'of a history with the block elsewhere',
      { at: moved.head, path: moved.path(number + 1) },
      'tampered NOTARY_HISTORY_ROOT',
    ],
    ['of another root', { at: { ...head, historyRoot: other }, path }, 'tampered NOTARY_HISTORY_ROOT'],
    ['path of the next block', { at: head, path: history.path(number + 1) }, 'tampered NOTARY_HISTORY_ROOT'],
    ['path of another height', { at: head, path: direct.path(number) }, 'tampered NOTARY_HISTORY_LENGTH'],
    ['path cut at the root', { at: head, path: path.slice(0, -1) }, 'tampered NOTARY_HISTORY_LENGTH'],
    ['path cut at the leaf', { at: head, path: path.slice(1) }, 'tampered NOTARY_HISTORY_LENGTH'],
    ['path too long', { at: head, path: [...path, hex(other)] }, 'tampered NOTARY_HISTORY_LENGTH'],
    ['no path', { at: head, path: [] }, 'tampered NOTARY_HISTORY_LENGTH'],
    ['path turned round', { at: head, path: [...path].reverse() }, 'tampered NOTARY_HISTORY_ROOT'],
  ];
}
