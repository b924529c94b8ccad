import { base64, concat, fromBase64, parseBlock, utf8 } from '../../evidence/src/index.ts';
import { bftChannel, hospitalB, orderers } from '../../evidence/test/alliance.ts';
import { assemble, blockOf, endorserTransaction } from '../../evidence/test/ledger.ts';
import { createOrganization } from '../../evidence/test/organizations.ts';
import { makeProof } from '../../evidence/test/proof.ts';
import type { UnpackedBundle } from '../../evidence/test/unpacked.ts';
import { type CorpusCase, corpusCase, type Shelf } from './case.ts';

/** Tampering with blocks, orderers and configurations (T14–T28, T37, T51). */
export function blockCases(shelf: Shelf): CorpusCase[] {
  const { channel, valid, policy } = shelf;
  const block = parseBlock(fromBase64(valid.anchor.block));
  const [foreign, anchor] = block.envelopes as [Uint8Array, Uint8Array];
  const withBlock = (bytes: Uint8Array): UnpackedBundle => ({
    ...valid,
    anchor: { ...valid.anchor, block: base64(bytes) },
  });
  const impostor = createOrganization('Orderer3MSP').issue({ role: 'orderer' });
  const signedBy = (signers: { id: number; orderer: typeof impostor }[]) =>
    withBlock(blockOf({ number: 7, envelopes: [foreign, anchor], signer: { kind: 'bft', signers } }));
  const filtered = (...codes: number[]) =>
    assemble({
      ...block,
      metadata: block.metadata.map((entry, at) => (at === 2 ? Uint8Array.from(codes) : entry)),
    });
  const beside = (codes: number[], at: string) =>
    withBlock(
      blockOf({
        number: 7,
        envelopes: [endorserTransaction({ creator: hospitalB.client, endorsers: [], at }).envelope, anchor],
        signer: channel.signer,
        codes,
      }),
    );
  const twin = bftChannel({ at: '2026-06-01T00:00:01Z' });
  return [
    corpusCase(
      'an invalid transaction of 1975 first',
      beside([10, 0], '1975-01-01T00:00:00Z'),
      policy,
      'valid',
    ),
    corpusCase(
      'an invalid transaction of 9999 first',
      beside([10, 0], '9999-12-31T23:59:59Z'),
      policy,
      'valid',
    ),
    corpusCase('a transaction of 1975 marked valid', beside([0, 0], '1975-01-01T00:00:00Z'), policy, 'valid'),
    corpusCase(
      'T14 merged envelopes',
      withBlock(assemble({ ...block, envelopes: [concat(foreign, anchor)] })),
      policy,
      'tampered BLOCK_ENVELOPE_MALFORMED',
    ),
    corpusCase(
      'T16 transaction in another block',
      withBlock(blockOf({ number: 7, envelopes: [foreign], signer: channel.signer })),
      policy,
      'tampered ANCHOR_TX_ABSENT',
    ),
    corpusCase(
      'T16 another block number',
      { ...valid, anchor: { ...valid.anchor, blockNumber: 8 } },
      policy,
      'tampered ANCHOR_BLOCK',
    ),
    corpusCase(
      'T17 another channel of the same organisations',
      makeProof(twin, shelf.log),
      policy,
      'tampered GENESIS_HASH',
    ),
    corpusCase(
      'T18 header number',
      withBlock(assemble({ ...block, number: 8 })),
      policy,
      'tampered ANCHOR_BLOCK',
    ),
    corpusCase(
      'T18 header number, claimed too',
      {
        ...withBlock(assemble({ ...block, number: 8 })),
        anchor: { ...withBlock(assemble({ ...block, number: 8 })).anchor, blockNumber: 8 },
      },
      policy,
      'tampered ORDERER_SIGNATURE',
    ),
    corpusCase(
      'T19 envelopes exchanged',
      withBlock(assemble({ ...block, envelopes: [anchor, foreign] })),
      policy,
      'tampered BLOCK_DATA_HASH',
    ),
    corpusCase(
      'T20 data hash recomputed',
      withBlock(blockOf({ number: 7, envelopes: [anchor], signer: { kind: 'bft', signers: [] } })),
      policy,
      'tampered ORDERER_QUORUM',
    ),
    corpusCase(
      'T22 orderer of an unlisted MSP',
      signedBy([...orderers.slice(0, 2), { id: 3, orderer: impostor }]),
      policy,
      'tampered ORDERER_SIGNATURE',
    ),
    corpusCase('T24 two of four', signedBy(orderers.slice(0, 2)), policy, 'tampered ORDERER_QUORUM'),
    corpusCase(
      'T24 one of them twice',
      signedBy([...orderers.slice(0, 2), orderers[0] as never]),
      policy,
      'tampered ORDERER_QUORUM',
    ),
    corpusCase('all four', signedBy(orderers), policy, 'valid'),
    corpusCase(
      'signatures that do not hold before and after enough that do',
      signedBy([
        ...[0, 1, 2, 7].map((id) => ({ id, orderer: impostor })),
        ...orderers.slice(1),
        ...[0, 1, 2, 7].map((id) => ({ id, orderer: impostor })),
      ]),
      policy,
      'valid',
    ),
    corpusCase(
      'T25 unknown consenter',
      signedBy([...orderers.slice(0, 2), { id: 7, orderer: impostor }]),
      policy,
      'tampered ORDERER_UNKNOWN',
    ),
    corpusCase(
      'T26 unsigned copy of the last configuration',
      withBlock(
        assemble({ ...block, metadata: block.metadata.map((entry, at) => (at === 1 ? utf8('5') : entry)) }),
      ),
      policy,
      'valid',
    ),
    corpusCase(
      'T26 last configuration elsewhere',
      withBlock(blockOf({ number: 7, envelopes: [foreign, anchor], signer: channel.signer, lastConfig: 5 })),
      policy,
      'tampered BLOCK_LAST_CONFIG',
    ),
    corpusCase('T37 marked invalid', withBlock(filtered(0, 11)), policy, 'tampered ANCHOR_TX_INVALID'),
    corpusCase('T37 marks too short', withBlock(filtered(0)), policy, 'tampered'),
    corpusCase('T37 marks too long', withBlock(filtered(0, 0, 0)), policy, 'tampered'),
    corpusCase(
      'no metadata',
      withBlock(assemble({ ...block, metadata: [] })),
      policy,
      'tampered ORDERER_QUORUM',
    ),
    corpusCase(
      'block cut short',
      withBlock(fromBase64(valid.anchor.block).subarray(0, 900)),
      policy,
      'tampered BLOCK_MALFORMED',
    ),
    corpusCase('empty block', withBlock(new Uint8Array(0)), policy, 'tampered BLOCK_MALFORMED'),
    corpusCase('a malformed transaction beside it', withBlock(besideGarbage(shelf, anchor)), policy),
  ];
}

/** Another member had an envelope ordered in which nothing can be read. */
function besideGarbage({ channel }: Shelf, anchor: Uint8Array): Uint8Array {
  const garbage = Uint8Array.from([0x0a, 3, 1, 2, 3, 0x12, 1, 9]);
  return blockOf({ number: 7, envelopes: [garbage, anchor], signer: channel.signer });
}
