import { anchorKey, base64 } from '../../evidence/src/index.ts';
import { hospitalA, hospitalB, members, regulator, singleChannel } from '../../evidence/test/alliance.ts';
import { blockOf, endorserTransaction } from '../../evidence/test/ledger.ts';
import { makeProof, type ProofOptions, policyOf } from '../../evidence/test/proof.ts';
import { type CorpusCase, corpusCase, type Shelf } from './case.ts';

const peers = members.map(({ peer }) => peer);

/** Tampering with the confirmation (T37–T39) and with the kind of the ledger. */
export function confirmationCases({ channel, log, valid, policy }: Shelf): CorpusCase[] {
  const make = (
    name: string,
    confirmation: ProofOptions['confirmation'],
    expected?: Parameters<typeof corpusCase>[3],
  ) =>
    corpusCase(
      `confirmation: ${name}`,
      makeProof(channel, log, confirmation === undefined ? {} : { confirmation }),
      policy,
      expected,
    );
  const key = anchorKey('hospital-a');
  const optional = JSON.stringify(policyOf(channel, log, { confirmation: 'optional' }));
  const unsigned = endorserTransaction({
    creator: hospitalA.client,
    endorsers: peers,
    reads: [[key, 7, 1]],
    bend: { signature: Uint8Array.of(1) },
  });
  const unsignedBlock = blockOf({ number: 9, envelopes: [unsigned.envelope], signer: channel.signer });
  const read = endorserTransaction({ creator: hospitalA.client, endorsers: peers, reads: [[key, 7, 1]] });
  const garbage = Uint8Array.from([0x0a, 3, 1, 2, 3, 0x12, 1, 9]);
  const mixed = blockOf({ number: 9, envelopes: [garbage, read.envelope], signer: channel.signer });
  const solo = singleChannel({ consensus: 'solo' });
  const soloProof = makeProof(solo, log, { confirmation: 'none' });
  return [
    make('read only', { writes: [] }, 'valid'),
    make(
      'T39 read only, endorsed once',
      { writes: [], endorsers: [regulator.peer] },
      'tampered ENDORSEMENT_POLICY',
    ),
    corpusCase(
      'T39 endorsed once, where the policy asks for one organisation',
      makeProof(channel, log, { confirmation: { endorsers: [regulator.peer] } }),
      JSON.stringify(policyOf(channel, log, { endorsement: { minimum: 1 } })),
      'tampered ENDORSEMENT_POLICY',
    ),
    corpusCase(
      'T39 one organisation counts',
      makeProof(channel, log),
      JSON.stringify(policyOf(channel, log, { endorsement: { organizations: ['HospitalAMSP'] } })),
      'tampered ENDORSEMENT_POLICY',
    ),
    make('T39 endorsed once', { endorsers: [regulator.peer] }, 'tampered ENDORSEMENT_POLICY'),
    make('reads nothing', { reads: [] }, 'tampered CONFIRMATION_VERSION'),
    make('reads another transaction', { reads: [[key, 7, 0]] }, 'tampered CONFIRMATION_VERSION'),
    make('reads another block', { reads: [[key, 6, 1]] }, 'tampered CONFIRMATION_VERSION'),
    make('reads another log', { reads: [[anchorKey('hospital-b'), 7, 1]] }, 'tampered CONFIRMATION_VERSION'),
    make('reads two versions', {
      reads: [
        [key, 7, 1],
        [key, 6, 1],
      ],
    }),
    make(
      'T41 another chaincode',
      { chaincode: { name: 'other', version: '1.0' } },
      'tampered ANCHOR_CHAINCODE',
    ),
    make('another channel', { channelId: 'other' }, 'tampered CHANNEL_MISMATCH'),
    make('by another member', { creator: hospitalB.client }, 'valid'),
    corpusCase(
      'confirmation: client did not sign',
      { ...valid, confirmation: { txId: unsigned.txId, block: base64(unsignedBlock) } },
      policy,
      'tampered TX_CREATOR_SIGNATURE',
    ),
    corpusCase(
      'confirmation: beside garbage',
      { ...valid, confirmation: { txId: read.txId, block: base64(mixed) } },
      policy,
    ),
    corpusCase(
      'confirmation: the anchor itself',
      { ...valid, confirmation: { txId: valid.anchor.txId, block: valid.anchor.block } },
      policy,
      'tampered CONFIRMATION_ORDER',
    ),
    corpusCase(
      'confirmation: absent transaction',
      { ...valid, confirmation: { ...valid.confirmation, txId: 'ab'.repeat(32) } },
      policy,
      'tampered ANCHOR_TX_ABSENT',
    ),
    corpusCase('confirmation: none', makeProof(channel, log, { confirmation: 'none' }), policy, 'undecided'),
    corpusCase(
      'confirmation: none needed',
      makeProof(channel, log, { confirmation: 'none' }),
      optional,
      'valid',
    ),
    corpusCase(
      'confirmation: not needed but wrong',
      makeProof(channel, log, { confirmation: { reads: [] } }),
      optional,
      'tampered CONFIRMATION_VERSION',
    ),
    corpusCase(
      'solo for fabric',
      soloProof,
      JSON.stringify(policyOf(solo, log, { confirmation: 'optional' })),
      'tampered LEDGER_KIND',
    ),
    corpusCase('solo for solo', soloProof, JSON.stringify(policyOf(solo, log, { ledger: 'solo' })), 'valid'),
  ];
}
