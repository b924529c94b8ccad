import { successorHash } from '../../evidence/src/fabric-block.ts';
import { fromBase64, fromHex, hex, parseBlock, sha256, utf8 } from '../../evidence/src/index.ts';
import { notarize } from '../../evidence/test/notary.ts';
import { policyOf } from '../../evidence/test/proof.ts';
import { type CorpusCase, corpusCase, type Shelf } from './case.ts';

type Expected = Parameters<typeof corpusCase>[3];

/** The notary outside the alliance: of another block, chain, contract or channel (T49), missing, or malformed. */
export function notaryCases({ channel, valid, log, policy }: Shelf): CorpusCase[] {
  const anchored = parseBlock(fromBase64(valid.anchor.block));
  const dataHashes = ['a', 'b', 'c'].map((text) => hex(sha256(utf8(text))));
  const head = dataHashes.reduce(
    (last, dataHash) => ({ number: last.number + 1, hash: successorHash(last, fromHex(dataHash)) }),
    { number: anchored.number, hash: anchored.hash },
  );
  const names = { channel: 'care', genesisHash: channel.genesisHash };
  const { proof, trusted } = notarize(names, head);
  const text = (notary: object) => JSON.stringify(policyOf(channel, log, { notary }));
  const asking = text(trusted);
  const make = (name: string, notary: unknown, expected: Expected, by = asking) =>
    corpusCase(`notary: ${name}`, { ...valid, notary }, by, expected);
  const bent = (name: string, change: object, expected: Expected) =>
    make(name, { proof: { ...proof, ...change }, dataHashes }, expected);
  const [node] = proof.receiptProof.map((part) => fromBase64(part)) as [Uint8Array];
  const flipped = (bytes: Uint8Array, at: number) =>
    Buffer.from(bytes.map((byte, place) => (place === at ? byte ^ 1 : byte))).toString('base64');
  const header = fromBase64(proof.header);
  return [
    make('three blocks later', { proof, dataHashes }, 'valid'),
    make('not asked for', { proof, dataHashes }, 'valid', policy),
    make('not asked for, an attachment', { proof: {}, dataHashes }, 'tampered NOTARY_UNKNOWN_FORMAT', policy),
    make('no trusted header', { proof, dataHashes }, 'unnotarized', text({ ...trusted, trustedHeaders: [] })),
    corpusCase('notary: none', valid, asking, 'unnotarized'),
    make(
      'reorganised',
      { proof, dataHashes },
      'tampered NOTARY_HEADER_UNTRUSTED',
      text({ ...trusted, trustedHeaders: [{ number: 3, hash: 'ab'.repeat(32) }] }),
    ),
    make('a block left out', { proof, dataHashes: dataHashes.slice(1) }, 'tampered NOTARY_BLOCK'),
    make('blocks exchanged', { proof, dataHashes: [...dataHashes].reverse() }, 'tampered NOTARY_BLOCK'),
    make(
      'of another block',
      { proof: notarize(names, { ...head, hash: sha256(utf8('x')) }).proof, dataHashes },
      'tampered NOTARY_BLOCK',
    ),
    make(
      'of another channel',
      { proof: notarize({ ...names, channel: 'x' }, head).proof, dataHashes },
      'tampered NOTARY_CHANNEL',
    ),
    bent('other channel id', { channelId: 'ab'.repeat(32) }, 'tampered NOTARY_CHANNEL'),
    bent('other height', { height: 11 }, 'tampered NOTARY_BLOCK'),
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
    make('without its hashes', { proof }, 'tampered PROOF_MALFORMED'),
    make('with more', { proof, dataHashes, more: 1 }, 'tampered PROOF_MALFORMED'),
    make('hashes of text', { proof, dataHashes: ['ab'] }, 'tampered PROOF_MALFORMED'),
    make(
      '513 hashes',
      { proof, dataHashes: new Array(513).fill('ab'.repeat(32)) },
      'tampered PROOF_MALFORMED',
    ),
    corpusCase('notary: malformed policy', valid, text({ ...trusted, chainId: '1' }), 'undecided'),
  ];
}
