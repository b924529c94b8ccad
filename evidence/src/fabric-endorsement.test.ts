import common from '@hyperledger/fabric-protos/lib/common/common_pb.js';
import { describe, expect, test } from 'vitest';
import { hospitalA, hospitalB, members, orderers, regulator, singleChannel } from '../test/alliance.ts';
import { organizationsOf } from '../test/configuration.ts';
import { endorserTransaction, type TransactionOptions } from '../test/ledger.ts';
import { createOrganization, type Holder, serializedAs, signLedger } from '../test/organizations.ts';
import { issuing } from '../test/signing.ts';
import { concat } from './bytes.ts';
import { type EndorsementPolicy, verifyTransaction } from './fabric-endorsement.ts';
import { parseTransaction } from './fabric-transaction.ts';

const { trust } = singleChannel();
const peers = members.map(({ peer }) => peer);
const genuine: TransactionOptions = {
  creator: hospitalA.client,
  endorsers: peers,
  writes: [['key', Uint8Array.of(1)]],
};

const withUnknownField = (holder: Holder): Holder => ({
  ...holder,
  serialized: concat(holder.serialized, Uint8Array.of(0x98, 0x06, 1)),
});

function verify(options: Partial<TransactionOptions> = {}, policy: EndorsementPolicy = {}, channel = trust) {
  const { envelope } = endorserTransaction({ ...genuine, ...options });
  return verifyTransaction(parseTransaction(envelope), channel, policy);
}

describe('a transaction', () => {
  test('with all signatures verifies and names who stands behind it', () => {
    const { creator, endorsers } = verify();

    expect([creator.mspId, creator.roles]).toEqual(['HospitalAMSP', ['client']]);
    expect(endorsers.map(({ mspId }) => mspId)).toEqual(['HospitalAMSP', 'HospitalBMSP', 'RegulatorMSP']);
  });

  test('of another channel is refused, though the organisations bear the same names', () => {
    expect(() => verify({ channelId: 'other' })).toThrowError('CHANNEL_MISMATCH');
  });

  test('whose id is not the hash of nonce and creator is refused', () => {
    expect(() => verify({ bend: { txId: 'ab'.repeat(32) } })).toThrowError('TX_ID');
  });

  test('whose arguments were swapped after endorsement is refused', () => {
    expect(() => verify({ bend: { proposalPayload: Uint8Array.of(0x0a, 0x01, 0x02) } })).toThrowError(
      'TX_PROPOSAL_HASH',
    );
  });

  test('with another header than the endorsed one or two chaincode names is refused', () => {
    expect(() => verify({ bend: { actionHeader: Uint8Array.of(1) } })).toThrowError('TX_MALFORMED');
    expect(() => verify({ bend: { actionHeader: Uint8Array.of(0x12, 1, 1) } })).toThrowError(
      'TX_PROPOSAL_HASH',
    );
    expect(() => verify({ bend: { invokedName: 'other' } })).toThrowError('TX_HEADER_MISMATCH');
  });

  // Peers hold the endorsed header against the proposal and the other against the id; neither against each other.
  test('may name its client in another way than the endorsed proposal, but not another organisation’s', () => {
    const { creator, endorsers } = verify({ bend: { proposer: withUnknownField(hospitalA.client) } });

    expect([creator.mspId, endorsers.length]).toEqual(['HospitalAMSP', 3]);
    expect(() => verify({ bend: { proposer: hospitalB.client } })).toThrowError('TX_HEADER_MISMATCH');
    expect(() =>
      verify({ bend: { proposer: { ...hospitalB.client, serialized: Uint8Array.of(0xff) } } }),
    ).toThrowError('IDENTITY_MALFORMED');
  });

  test('has a time in which more nanoseconds than make a second count, as for Fabric', () => {
    const timeOf = (seconds: number, nanos: number): number =>
      parseTransaction(endorserTransaction({ ...genuine, bend: { timestamp: { seconds, nanos } } }).envelope)
        .timestamp;

    expect(timeOf(1_780_000_000, 1_500_000_000)).toBe(1_780_000_001_500);
    expect(timeOf(1_780_000_000, -1)).toBe(1_779_999_999_999);
    expect(timeOf(253_402_300_799, 999_999_999)).toBe(253_402_300_799_999);
    for (const [seconds, nanos] of [
      [0, -1],
      [253_402_300_800, 0],
      [253_402_300_799, 1_000_000_000],
      [-1, 0],
    ] as const)
      expect(() => timeOf(seconds, nanos)).toThrowError('TX_MALFORMED');
  });

  test('that the chaincode refused is refused', () => {
    expect(() => verify({ bend: { status: 500 } })).toThrowError('TX_RESPONSE');
  });

  test('is read in any spelling in its envelope, where it is not asked to be in its one', () => {
    const { envelope } = endorserTransaction(genuine);

    const { payload, signature } = parseTransaction(envelope);
    const another = concat(payload, Uint8Array.of(0x98, 0x06, 0x01));
    const spelled = (bytes: Uint8Array): Uint8Array => {
      const message = new common.Envelope();
      message.setPayload(bytes);
      message.setSignature(signature);
      return message.serializeBinary();
    };
    expect(parseTransaction(spelled(payload)).signature).toEqual(signature);
    expect(parseTransaction(spelled(another)).writes).toEqual(parseTransaction(envelope).writes);
    expect(() => parseTransaction(spelled(another), 'one')).toThrowError('TX_MALFORMED');
    expect(() => parseTransaction(concat(envelope, envelope))).toThrowError('TX_MALFORMED');
    expect(() => parseTransaction(envelope.subarray(0, -1))).toThrowError('TX_MALFORMED');
    expect(() => parseTransaction(new Uint8Array(0))).toThrowError('TX_MALFORMED');
  });
});

describe('the client’s signature', () => {
  test('missing, by another key or in its high form is refused', () => {
    const { envelope } = endorserTransaction(genuine);
    const { payload } = parseTransaction(envelope);
    const bad = [
      new Uint8Array(0),
      Uint8Array.of(0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00),
      signLedger(hospitalB.client.key, payload),
      signLedger(hospitalA.client.key, payload, 'high'),
    ];
    for (const signature of bad) {
      expect(() => verifyTransaction({ ...parseTransaction(envelope), signature }, trust, {})).toThrowError(
        'TX_CREATOR_SIGNATURE',
      );
    }
  });

  test('by someone outside the channel, or under a borrowed name, is refused', () => {
    const outsider = createOrganization('OutsiderMSP').issue({ role: 'client' });
    const borrowed: Holder = { ...outsider, serialized: serializedAs('HospitalAMSP', outsider.pem) };

    expect(() => verify({ creator: outsider })).toThrowError('IDENTITY_UNKNOWN_MSP');
    expect(() => verify({ creator: borrowed })).toThrowError('IDENTITY_UNTRUSTED');
    expect(() => verify({ creator: orderers[0]!.orderer })).toThrowError('IDENTITY_UNKNOWN_MSP');
  });

  test('with a certificate that had ended is refused, as far as Fabric could have known', () => {
    const issue = (notBefore: string, notAfter: string) =>
      hospitalA.organization.issue({ role: 'client', notBefore, notAfter });

    expect(() => verify({ creator: issue('2020-01-01', '2026-06-01') })).toThrowError('IDENTITY_EXPIRED');
    expect(() => verify({ creator: issue('2020-01-01', '2026-06-01T23:44:59Z') })).toThrowError(
      'IDENTITY_EXPIRED',
    );
    expect(verify({ creator: issue('2020-01-01', '2026-06-01T23:45:00Z') }).creator.roles).toEqual([
      'client',
    ]);
    expect(verify({ creator: issue('2026-06-03', '2030-01-01') }).creator.roles).toEqual(['client']);
    expect(verify({ creator: issue('2026-06-01', '2026-06-03') }).creator.mspId).toBe('HospitalAMSP');
  });

  test('with a certificate that the configuration in force revokes is refused', () => {
    const { organization, client } = hospitalA;
    const applications = (options: Parameters<typeof organization.msp>[0]) => [
      { name: 'HospitalAMSP', msp: organization.msp(options) },
      ...organizationsOf(hospitalB.organization, regulator.organization),
    ];
    const revoking = singleChannel({ applications: applications({ revoked: [client.der] }) }).trust;
    const forged = singleChannel({
      applications: applications({ revoked: [client.der], crlIssuing: issuing(hospitalB.client.key) }),
    });

    expect(() => verify({}, {}, revoking)).toThrowError('IDENTITY_REVOKED');
    // A list that the authority did not sign revokes nothing, as in Fabric.
    expect(verify({}, {}, forged.trust).creator.mspId).toBe('HospitalAMSP');
  });

  test('by the organisation’s own root certificate is refused', () => {
    expect(() => verify({ creator: hospitalA.organization.root })).toThrowError('IDENTITY_UNTRUSTED');
  });
});

describe('endorsements', () => {
  test('count in whatever spelling and form Fabric’s peers take them', () => {
    const endorsers = [withUnknownField(hospitalA.peer), withUnknownField(regulator.peer)];
    const endorse = (message: Uint8Array, endorser: Holder): Uint8Array =>
      concat(signLedger(endorser.key, message), Uint8Array.of(7));

    expect(verify({ endorsers, bend: { endorse } }).endorsers.map(({ mspId }) => mspId)).toEqual([
      'HospitalAMSP',
      'RegulatorMSP',
    ]);
  });

  test('over another payload, by another key, in their high form or of no form are refused', () => {
    const endorse: ((message: Uint8Array, endorser: Holder) => Uint8Array)[] = [
      (message, endorser) => signLedger(endorser.key, concat(message, Uint8Array.of(0))),
      (message) => signLedger(hospitalB.client.key, message),
      (message, endorser) => signLedger(endorser.key, message, 'high'),
      () => new Uint8Array(0),
    ];
    for (const bent of endorse) {
      expect(() => verify({ bend: { endorse: bent } })).toThrowError('ENDORSEMENT_SIGNATURE');
    }
  });

  test('by a client, an admin or an orderer are refused', () => {
    for (const role of ['client', 'admin', 'orderer'] as const) {
      const impostor = hospitalB.organization.issue({ role });
      expect(() => verify({ endorsers: [hospitalA.peer, impostor] })).toThrowError('ENDORSER_ROLE');
    }
  });

  test('need a majority of distinct organisations, however many peers of one sign', () => {
    const second = hospitalA.organization.issue({ role: 'peer' });

    expect(() => verify({ endorsers: [] })).toThrowError('ENDORSEMENT_POLICY');
    expect(() => verify({ endorsers: [hospitalA.peer, second, hospitalA.peer] })).toThrowError(
      'ENDORSEMENT_POLICY',
    );
    expect(verify({ endorsers: [hospitalA.peer, regulator.peer] }).endorsers).toHaveLength(2);
  });

  test('by organisations outside the policy or the channel do not count', () => {
    const policy = { minimum: 2, organizations: ['HospitalAMSP', 'HospitalBMSP'] };
    const outsider = createOrganization('OutsiderMSP').issue({ role: 'peer' });

    expect(() => verify({ endorsers: [hospitalA.peer, regulator.peer] }, policy)).toThrowError(
      'ENDORSEMENT_POLICY',
    );
    expect(verify({ endorsers: [hospitalA.peer, hospitalB.peer] }, policy).endorsers).toHaveLength(2);
    expect(() => verify({ endorsers: [hospitalA.peer, outsider] })).toThrowError('ENDORSEMENT_POLICY');
    expect(verify({ endorsers: [outsider, ...peers] }).endorsers).toHaveLength(3);
  });

  test('as many as the verifier asks for are needed', () => {
    expect(() => verify({ endorsers: peers.slice(0, 2) }, { minimum: 3 })).toThrowError('ENDORSEMENT_POLICY');
    expect(() => verify({}, { minimum: 0 })).toThrowError('ENDORSEMENT_POLICY');
    expect(() => verify({}, { organizations: [] })).toThrowError('ENDORSEMENT_POLICY');
  });

  // A member's client can add anything to what was endorsed; Fabric's peers pass it over and commit.
  test('that do not hold count for nothing and spoil nothing, wherever they stand', () => {
    const garbage: Holder = { ...hospitalB.peer, serialized: Uint8Array.of(0xff) };
    const client = hospitalB.organization.issue({ role: 'client' });
    const forged = (message: Uint8Array, endorser: Holder) =>
      signLedger(endorser === hospitalB.peer ? hospitalA.client.key : endorser.key, message);
    const enough = [hospitalA.peer, regulator.peer];

    for (const junk of [garbage, client, hospitalB.peer])
      for (const endorsers of [
        [junk, ...enough],
        [...enough, junk],
      ])
        expect(verify({ endorsers, bend: { endorse: forged } }).endorsers.map(({ mspId }) => mspId)).toEqual([
          'HospitalAMSP',
          'RegulatorMSP',
        ]);
    expect(() =>
      verify({ endorsers: [hospitalB.peer, hospitalA.peer], bend: { endorse: forged } }),
    ).toThrowError('ENDORSEMENT_SIGNATURE');
  });

  test('of one peer count once, and a forged copy before a genuine one does not hide it', () => {
    let count = 0;
    const forgedFirst = (message: Uint8Array, endorser: Holder) => {
      count += 1;
      return signLedger(count === 1 ? hospitalB.client.key : endorser.key, message);
    };
    const endorsers = [hospitalA.peer, hospitalA.peer, hospitalA.peer, regulator.peer];

    expect(verify({ endorsers, bend: { endorse: forgedFirst } }).endorsers).toHaveLength(2);
    const many = Array.from({ length: 200 }, () => hospitalA.peer);
    expect(() => verify({ endorsers: many })).toThrowError('ENDORSEMENT_POLICY');
  });
});
