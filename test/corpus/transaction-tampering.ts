import { checkpointKey, concat, utf8 } from '../../evidence/src/index.ts';
import { hospitalA, hospitalB } from '../../evidence/test/alliance.ts';
import {
  createOrganization,
  type Holder,
  serializedAs,
  signLedger,
} from '../../evidence/test/organizations.ts';
import { anchorWrites, makeProof, type ProofOptions } from '../../evidence/test/proof.ts';
import { type CorpusCase, corpusCase, type Shelf } from './case.ts';

/** Bytes that Fabric's peers read as the identity, too. */
const spelled = (holder: Holder): Holder => ({
  ...holder,
  serialized: concat(
    Uint8Array.of(0x9b, 6, 0xf8, 0xff, 0xff, 0xff, 0x3f, 1, 0x9c, 6),
    holder.serialized,
    Uint8Array.of(0x98, 6, 1),
  ),
});

/** Ways to write a signature, and whether Fabric's peers take it for one. */
const signatureForms: [name: string, form: (der: Uint8Array) => Uint8Array, taken: 'valid' | 'refused'][] = [
  ['with bytes after them', (der) => concat(der, Uint8Array.of(0, 1)), 'valid'],
  [
    'with bytes in them',
    (der) => concat(Uint8Array.of(0x30, (der[1] ?? 0) + 2), der.subarray(2), Uint8Array.of(0xff, 1)),
    'valid',
  ],
  [
    'with many bytes in them',
    (der) => concat(Uint8Array.of(0x30, 0x81, 0xc8), der.subarray(2), new Uint8Array(200 - (der[1] ?? 0))),
    'valid',
  ],
  ['with a length that is too long', (der) => concat(Uint8Array.of(0x30, 0x81), der.subarray(1)), 'refused'],
  [
    'without end',
    (der) => concat(Uint8Array.of(0x30, 0x80), der.subarray(2), Uint8Array.of(0, 0)),
    'refused',
  ],
  ['cut', (der) => der.subarray(0, -1), 'refused'],
  [
    'of one number',
    (der) => concat(Uint8Array.of(0x30, 2 + (der[3] ?? 0)), der.subarray(2, 4 + (der[3] ?? 0))),
    'refused',
  ],
  ['of nothing', () => new Uint8Array(0), 'refused'],
];

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
      { bend: { signature: signLedger(hospitalB.client.key, utf8('other')) } },
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
      'tampered TX_PROPOSAL_HASH',
    ),
    make(
      'the endorsed header is none',
      { bend: { actionHeader: Uint8Array.of(0xff) } },
      'tampered TX_MALFORMED',
    ),
    make(
      'the client in another spelling than the proposer',
      { bend: { proposer: spelled(hospitalA.client) } },
      'valid',
    ),
    make(
      'proposed by another client of the organisation',
      { bend: { proposer: organization.issue({ role: 'client' }) } },
      'valid',
    ),
    make(
      'proposed by another organisation',
      { bend: { proposer: hospitalB.client } },
      'tampered TX_HEADER_MISMATCH',
    ),
    make(
      'proposed by nobody',
      { bend: { proposer: { ...hospitalA.client, serialized: Uint8Array.of(0xff) } } },
      'tampered IDENTITY_MALFORMED',
    ),
    ...signatureForms.map(([name, form, expected]) =>
      make(
        `endorsements ${name}`,
        { bend: { endorse: (message, peer) => form(signLedger(peer.key, message)) } },
        expected === 'valid' ? 'valid' : 'tampered ENDORSEMENT_SIGNATURE',
      ),
    ),
    make(
      'endorsers in another spelling',
      { endorsers: [spelled(hospitalA.peer), spelled(hospitalB.peer)] },
      'valid',
    ),
    make(
      'one endorser in two spellings',
      { endorsers: [spelled(hospitalA.peer), hospitalA.peer] },
      'tampered ENDORSEMENT_POLICY',
    ),
    make(
      'more nanoseconds than a second has',
      { bend: { timestamp: { seconds: 1_780_358_400, nanos: 2_000_000_000 } } },
      'valid',
    ),
    make(
      'fewer nanoseconds than none',
      { bend: { timestamp: { seconds: 1_780_358_400, nanos: -1 } } },
      'valid',
    ),
    make(
      'fewer nanoseconds than none in 1970',
      { bend: { timestamp: { seconds: 0, nanos: -1 } } },
      'tampered TX_MALFORMED',
    ),
    make(
      'T32 endorsement of another payload',
      { bend: { endorse: (message, peer) => signLedger(peer.key, concat(message, Uint8Array.of(0))) } },
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
      { endorsers: [hospitalA.peer, stranger] },
      'tampered ENDORSEMENT_POLICY',
    ),
    make(
      'an endorser of no organisation beside enough others',
      { endorsers: [stranger, hospitalA.peer, hospitalB.peer] },
      'valid',
    ),
    make(
      'a client beside enough endorsers',
      { endorsers: [hospitalA.client, hospitalA.peer, hospitalB.peer] },
      'valid',
    ),
    make(
      'an endorser that is no identity beside enough others',
      { endorsers: [{ ...hospitalA.peer, serialized: Uint8Array.of(0xff) }, hospitalA.peer, hospitalB.peer] },
      'valid',
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
    make(
      'creator whose certificate begins later',
      { creator: organization.issue({ role: 'client', notBefore: '2029-01-01' }) },
      'valid',
    ),
    make(
      'endorser whose certificate begins later',
      { endorsers: [organization.issue({ role: 'peer', notBefore: '2029-01-01' }), hospitalB.peer] },
      'valid',
    ),
    make('creator without role', { creator: organization.issue({}) }, 'tampered IDENTITY_ROLE'),
    make(
      'creator with two roles',
      { creator: organization.issue({ units: ['client', 'peer'] }) },
      'tampered IDENTITY_ROLE',
    ),
    make(
      'creator on a curve that Fabric does not take',
      { creator: organization.issue({ role: 'client', kind: 'secp256k1' }) },
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
      'valid',
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
