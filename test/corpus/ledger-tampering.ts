import {
  anchorKey,
  base64,
  checkpointKey,
  concat,
  fromBase64,
  hex,
  parseBlock,
  type RecordProof,
  utf8,
} from '../../evidence/src/index.ts';
import {
  bftChannel,
  hospitalA,
  hospitalB,
  members,
  orderers,
  regulator,
  singleChannel,
  type TestChannel,
} from '../../evidence/test/alliance.ts';
import { configEnvelope, organizationsOf } from '../../evidence/test/configuration.ts';
import { assemble, blockOf, endorserTransaction } from '../../evidence/test/ledger.ts';
import { createOrganization, serializedAs, signP256 } from '../../evidence/test/organizations.ts';
import {
  anchorWrites,
  makeProof,
  type ProofOptions,
  policyOf,
  type TestLog,
} from '../../evidence/test/proof.ts';
import { type CorpusCase, corpusCase } from './case.ts';

type Shelf = { channel: TestChannel; log: TestLog; valid: RecordProof; policy: string };
const peers = members.map(({ peer }) => peer);

/** Tampering with blocks, orderers and configurations (references/evidence.md §4: T14–T28, T37, T51). */
export function blockCases(shelf: Shelf): CorpusCase[] {
  const { channel, valid, policy } = shelf;
  const block = parseBlock(fromBase64(valid.anchor.block));
  const [foreign, anchor] = block.envelopes as [Uint8Array, Uint8Array];
  const withBlock = (bytes: Uint8Array): RecordProof => ({
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
  const twin = bftChannel({ at: '2026-06-01T00:00:01Z' });
  return [
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
      'tampered BLOCK_SIGNATURES_MALFORMED',
    ),
    corpusCase('all four', signedBy(orderers), policy, 'valid'),
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
    ...configurationCases(shelf),
  ];
}

/** Another member had an envelope ordered in which nothing can be read. */
function besideGarbage({ channel }: Shelf, anchor: Uint8Array): Uint8Array {
  const garbage = Uint8Array.from([0x0a, 3, 1, 2, 3, 0x12, 1, 9]);
  return blockOf({ number: 7, envelopes: [garbage, anchor], signer: channel.signer });
}

function configurationCases({ channel, valid, policy, log }: Shelf): CorpusCase[] {
  const attacker = createOrganization('Orderer1MSP');
  const config = (
    overrides: object,
    signer: Parameters<typeof blockOf>[0]['signer'],
    number = 5,
    lastConfig = 5,
  ) =>
    base64(
      blockOf({
        number,
        lastConfig,
        envelopes: [configEnvelope({ ...channel.config, sequence: 1, ...overrides })],
        signer,
      }),
    );
  const plus = (...blocks: string[]) => ({ ...valid, configBlocks: [...valid.configBlocks, ...blocks] });
  const own = config(
    { consensus: 'etcdraft', orderers: organizationsOf(attacker) },
    { kind: 'single', orderer: attacker.issue({ role: 'orderer' }) },
  );
  const holding = JSON.stringify(policyOf(channel, log, { genesisBlock: base64(channel.genesis) }));
  const other = bftChannel({ channelId: 'other' });
  return [
    corpusCase('T26 configuration of the attacker', plus(own), policy, 'tampered BLOCK_SIGNATURES_MALFORMED'),
    corpusCase(
      'T27 another genesis block',
      { ...valid, configBlocks: [base64(other.genesis)] },
      policy,
      'tampered GENESIS_HASH',
    ),
    corpusCase(
      'another channel name',
      makeProof(other, log),
      JSON.stringify(policyOf(other, log)),
      'tampered CHANNEL_MISMATCH',
    ),
    corpusCase(
      'a configuration that is skipped over',
      plus(config({}, channel.signer)),
      policy,
      'tampered BLOCK_LAST_CONFIG',
    ),
    corpusCase(
      'a configuration that names another as last',
      plus(config({}, channel.signer, 5, 0)),
      policy,
      'tampered',
    ),
    corpusCase(
      'a configuration left out',
      plus(config({ sequence: 2 }, channel.signer)),
      policy,
      'tampered CONFIG_LINEAGE',
    ),
    corpusCase(
      'a configuration of another channel',
      plus(config({ channelId: 'other' }, channel.signer)),
      policy,
      'tampered CHANNEL_MISMATCH',
    ),
    corpusCase('a later configuration', plus(config({}, channel.signer, 20, 20)), policy),
    corpusCase('no configuration', { ...valid, configBlocks: [] }, policy, 'undecided'),
    corpusCase('the genesis block in the policy', { ...valid, configBlocks: [] }, holding, 'valid'),
    corpusCase('the genesis block in both', valid, holding, 'valid'),
    corpusCase(
      'a wrong genesis block beside the right one',
      { ...valid, configBlocks: [base64(other.genesis)] },
      holding,
      'tampered',
    ),
    corpusCase(
      'T52 an attachment as genesis block',
      { ...valid, configBlocks: [base64(utf8('attached'))] },
      holding,
      'tampered',
    ),
    corpusCase('the genesis block twice', plus(base64(channel.genesis)), policy, 'tampered'),
    corpusCase('65 configurations', plus(...Array.from({ length: 65 }, () => own)), policy, 'tampered'),
  ];
}

/** Tampering with the transaction and its signers (T29–T46). */
export function transactionCases({ channel, log, policy }: Shelf): CorpusCase[] {
  const make = (
    name: string,
    transaction: ProofOptions['transaction'],
    expected?: Parameters<typeof corpusCase>[3],
  ) => corpusCase(name, makeProof(channel, log, { transaction: transaction ?? {} }), policy, expected);
  const organization = hospitalA.organization;
  const expired = { notBefore: '2020-01-01', notAfter: '2021-01-01' };
  const twin = createOrganization('HospitalAMSP');
  const stranger = createOrganization('StrangerMSP').issue({ role: 'peer' });
  const unreadable = {
    ...hospitalA.client,
    serialized: Buffer.from('0a0c486f73706974616c414d53501202ff00', 'hex'),
  };
  const key = checkpointKey('hospital-a', 13);
  return [
    make(
      'T29 client signature of another',
      { bend: { signature: signP256(hospitalB.client.key, utf8('other')) } },
      'tampered TX_CREATOR_SIGNATURE',
    ),
    make(
      'T29 client signature not DER',
      { bend: { signature: Uint8Array.of(0x30, 0) } },
      'tampered TX_CREATOR_SIGNATURE',
    ),
    make('T29 submitted by another', { creator: hospitalB.client }, 'tampered ANCHOR_CREATOR'),
    make('T30 transaction id', { bend: { txId: 'ab'.repeat(32) } }, 'tampered TX_ID'),
    make(
      'T31 proposal exchanged',
      { bend: { proposalPayload: Uint8Array.of(0x0a, 1, 2) } },
      'tampered TX_PROPOSAL_HASH',
    ),
    make(
      'T31 another signature header',
      { bend: { actionHeader: Uint8Array.of(0x0a, 1, 2) } },
      'tampered TX_HEADER_MISMATCH',
    ),
    make(
      'T32 endorsement of another payload',
      { bend: { endorse: (message, peer) => signP256(peer.key, concat(message, Uint8Array.of(0))) } },
      'tampered ENDORSEMENT_SIGNATURE',
    ),
    make('T33 high s', { bend: { endorsementForm: 'high' } }, 'tampered ENDORSEMENT_SIGNATURE'),
    make(
      'T34 endorsed by a client',
      { endorsers: [hospitalA.client, hospitalB.peer] },
      'tampered ENDORSER_ROLE',
    ),
    make(
      'T35 one organisation twice',
      { endorsers: [hospitalA.peer, organization.issue({ role: 'peer' })] },
      'tampered ENDORSEMENT_POLICY',
    ),
    make('T35 one endorser', { endorsers: [hospitalA.peer] }, 'tampered ENDORSEMENT_POLICY'),
    make('no endorser', { endorsers: [] }, 'tampered ENDORSEMENT_POLICY'),
    make(
      'thirteen endorsements',
      { endorsers: Array.from({ length: 13 }, () => hospitalA.peer) },
      'tampered',
    ),
    make(
      'T36 endorser of no organisation',
      { endorsers: [hospitalA.peer, hospitalB.peer, stranger] },
      'tampered',
    ),
    make(
      'T22 endorser with the name of another',
      { endorsers: [twin.issue({ role: 'peer' }), hospitalB.peer] },
      'tampered IDENTITY_UNTRUSTED',
    ),
    make(
      'T43 endorser expired',
      { endorsers: [organization.issue({ role: 'peer', ...expired }), hospitalB.peer] },
      'tampered IDENTITY_EXPIRED',
    ),
    make(
      'T43 creator expired',
      { creator: organization.issue({ role: 'client', ...expired }) },
      'tampered IDENTITY_EXPIRED',
    ),
    make('creator without role', { creator: organization.issue({}) }, 'tampered IDENTITY_ROLE'),
    make(
      'creator with two roles',
      { creator: organization.issue({ units: ['client', 'peer'] }) },
      'tampered IDENTITY_ROLE',
    ),
    make(
      'creator on another curve',
      { creator: { ...organization.issue({ role: 'client', curve: 'P-384' }), key: hospitalA.client.key } },
      'tampered CERTIFICATE_MALFORMED',
    ),
    make('creator is an authority', { creator: organization.root }, 'tampered IDENTITY_UNTRUSTED'),
    make(
      'creator with an unknown critical extension',
      { creator: organization.issue({ role: 'client', critical: '1.2.3.4' }) },
      'tampered',
    ),
    make('creator not text', { creator: unreadable }, 'tampered'),
    make(
      'creator of no organisation',
      { creator: { ...hospitalA.client, serialized: serializedAs('NobodyMSP', hospitalA.client.pem) } },
      'tampered IDENTITY_UNKNOWN_MSP',
    ),
    make(
      'creator not PEM',
      { creator: { ...hospitalA.client, serialized: serializedAs('HospitalAMSP', 'certificate') } },
      'tampered CERTIFICATE_MALFORMED',
    ),
    make(
      'creator with text after the PEM',
      {
        creator: {
          ...hospitalA.client,
          serialized: serializedAs('HospitalAMSP', `${hospitalA.client.pem}x`),
        },
      },
      'tampered CERTIFICATE_MALFORMED',
    ),
    make('creator with blanks after the PEM', {
      creator: {
        ...hospitalA.client,
        serialized: serializedAs('HospitalAMSP', `${hospitalA.client.pem} \t`),
      },
    }),
    make(
      'T41 another chaincode',
      { chaincode: { name: 'other', version: '1.0' } },
      'tampered ANCHOR_CHAINCODE',
    ),
    make(
      'T41 another version',
      { chaincode: { name: 'medseal', version: '0.9' } },
      'tampered ANCHOR_CHAINCODE',
    ),
    make('T41 another chaincode invoked', { bend: { invokedName: 'other' } }, 'tampered TX_HEADER_MISMATCH'),
    make('T42 nothing written', { writes: [] }, 'tampered ANCHOR_WRITE_ABSENT'),
    make(
      'T42 another root written',
      { writes: anchorWrites(log, 13, log.root(12)) },
      'tampered ANCHOR_MISMATCH',
    ),
    make('T42 the write is no JSON', { writes: [[key, utf8('not JSON')]] }, 'tampered'),
    make('T42 the write is no text', { writes: [[key, Uint8Array.of(0xff)]] }, 'tampered'),
    make('T42 the write has a member twice', { writes: [[key, utf8('{"a":1,"a":2}')]] }, 'tampered'),
    make('T42 the write is not canonical', {
      writes: anchorWrites(log).map(([name, value]) => [name, concat(utf8(' '), value)]),
    }),
    make('the write stands twice', {
      writes: [...anchorWrites(log), ...anchorWrites(log, 13, log.root(12))],
    }),
    make('without the latest', { writes: anchorWrites(log).slice(0, 1) }),
    make('the chaincode failed', { bend: { status: 500 } }, 'tampered TX_RESPONSE'),
    make('the chaincode warned', { bend: { status: 399 } }, 'valid'),
    make('another channel', { channelId: 'other' }, 'tampered CHANNEL_MISMATCH'),
    make('T46 anchored before its time', { at: '2026-05-31T23:00:00Z' }, 'tampered LEAF_IN_FUTURE'),
    make('at the edge of its time', { at: '2026-05-31T23:45:05Z' }, 'valid'),
    make('beyond the edge of its time', { at: '2026-05-31T23:45:04Z' }, 'tampered LEAF_IN_FUTURE'),
    make('before 1970', { at: '1969-06-01T00:00:00Z' }, 'tampered'),
    make('in the year 9999', { at: '9999-12-31T23:59:59Z' }, 'tampered IDENTITY_EXPIRED'),
    make('in the year 200000', { at: '+200000-01-01T00:00:00Z' }, 'tampered'),
  ];
}

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

/** One orderer (T21–T23), revocation and policies that ask for more. */
export function memberCases(log: TestLog): CorpusCase[] {
  const [first] = orderers as [(typeof orderers)[number]];
  const single = singleChannel();
  const signedBy = (
    name: string,
    orderer: typeof first.orderer,
    expected: Parameters<typeof corpusCase>[3],
  ) =>
    corpusCase(
      name,
      makeProof({ ...single, signer: { kind: 'single', orderer } }, log),
      JSON.stringify(policyOf(single, log)),
      expected,
    );
  const revoking = (name: string, revoked: Uint8Array[], expected: Parameters<typeof corpusCase>[3]) => {
    const applications = members.map(({ organization }, at) => ({
      name: organization.mspId,
      msp: organization.msp(at === 0 ? { revoked } : {}),
    }));
    const channel = bftChannel({ applications });
    return corpusCase(name, makeProof(channel, log), JSON.stringify(policyOf(channel, log)), expected);
  };
  const unitless = unread({
    applications: members.map(({ organization }) => ({
      name: organization.mspId,
      msp: organization.msp({ nodeUnits: false }),
    })),
  });
  const channel = bftChannel();
  const trusting = (name: string, overrides: object, expected: Parameters<typeof corpusCase>[3]) =>
    corpusCase(
      `policy: ${name}`,
      makeProof(channel, log, { transaction: { endorsers: [hospitalA.peer, regulator.peer] } }),
      JSON.stringify(policyOf(channel, log, overrides)),
      expected,
    );
  return [
    signedBy('one orderer', first.orderer, 'valid'),
    signedBy(
      'T21 one orderer: a peer of its organisation',
      first.organization.issue({ role: 'peer' }),
      'tampered ORDERER_ROLE',
    ),
    signedBy(
      'T22 one orderer: the name of another',
      createOrganization('Orderer1MSP').issue({ role: 'orderer' }),
      'tampered IDENTITY_UNTRUSTED',
    ),
    signedBy('T22 one orderer: of the members', hospitalA.peer, 'tampered IDENTITY_UNKNOWN_MSP'),
    signedBy(
      'T43 one orderer: expired',
      first.organization.issue({ role: 'orderer', notAfter: '2021-01-01' }),
      'tampered IDENTITY_EXPIRED',
    ),
    revoking('T44 the creator is revoked', [hospitalA.client.der], 'tampered IDENTITY_REVOKED'),
    revoking('T44 an endorser is revoked', [hospitalA.peer.der], 'tampered IDENTITY_REVOKED'),
    revoking('another is revoked', [hospitalB.peer.der], 'valid'),
    corpusCase(
      'an MSP without NodeOUs',
      makeProof(unitless, log),
      JSON.stringify(policyOf(unitless, log)),
      'tampered CONFIG_MALFORMED',
    ),
    trusting('two of three', {}, 'valid'),
    trusting('three', { endorsement: { minimum: 3 } }, 'tampered ENDORSEMENT_POLICY'),
    trusting(
      'T36 other organisations',
      { endorsement: { organizations: ['HospitalBMSP', 'HospitalAMSP'] } },
      'tampered ENDORSEMENT_POLICY',
    ),
    trusting('one of these', { endorsement: { organizations: ['RegulatorMSP'] } }, 'valid'),
    trusting('no organisation', { endorsement: { organizations: [] } }, undefined),
    trusting(
      'an organisation twice',
      { endorsement: { organizations: ['RegulatorMSP', 'RegulatorMSP'] } },
      undefined,
    ),
    trusting('zero', { endorsement: { minimum: 0 } }, 'undecided'),
    trusting('unknown member', { witness: 1 }, 'undecided'),
    trusting(
      'another version as well',
      { chaincode: { name: 'medseal', versions: ['1.0', '1.1'] } },
      'valid',
    ),
    trusting('no version', { chaincode: { name: 'medseal', versions: [] } }, 'undecided'),
    trusting(
      'log of another',
      { logs: [{ organizationId: 'hospital-b', mspId: 'HospitalBMSP', verifierKeys: [log.vkey] }] },
      'undecided',
    ),
    trusting('upper-case hash', { genesisHash: channel.genesisHash.toUpperCase() }, 'undecided'),
    trusting('no logs', { logs: [] }, 'undecided'),
    trusting('genesis block not base64', { genesisBlock: '?' }, 'undecided'),
    trusting('null confirmation', { confirmation: null }, 'undecided'),
    trusting('null endorsement', { endorsement: null }, 'undecided'),
    trusting('channel of odd characters', { channel: 'care care' }, 'undecided'),
  ];
}

/** A BFT channel of which only the genesis block is made, whatever is in it. */
function unread(overrides: Partial<TestChannel['config']>): TestChannel {
  const channel = bftChannel();
  const genesis = blockOf({
    number: 0,
    envelopes: [configEnvelope({ ...channel.config, ...overrides })],
    signer: channel.signer,
  });
  return { ...channel, genesis, genesisHash: hex(parseBlock(genesis).hash) };
}
