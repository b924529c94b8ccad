import { describe, expect, test } from 'vitest';
import {
  bftChannel,
  hospitalB,
  type Orderer,
  orderers,
  orderersWith,
  regulator,
  singleChannel,
  type TestChannel,
} from '../test/alliance.ts';
import { configEnvelope, organizationsOf } from '../test/configuration.ts';
import { blockOf, endorserTransaction } from '../test/ledger.ts';
import {
  createOrganization,
  type Holder,
  type MspOptions,
  type OrganizationOptions,
  signLedger,
  type TestOrganization,
} from '../test/organizations.ts';
import { authorityKinds, issuing, type KeyKind, memberKinds } from '../test/signing.ts';
import { concat, fromHex } from './bytes.ts';
import { verifyTransaction } from './fabric-endorsement.ts';
import { parseTransaction } from './fabric-transaction.ts';
import type { ChannelTrust } from './fabric-trust.ts';
import { applyConfig, followConfig, verifyBlock } from './fabric-verify.ts';

const v3 = ['V3_0'];

/** A channel in which the first hospital is this organisation. */
function channelOf(organization: TestOrganization, options: MspOptions = {}, capabilities = v3) {
  return singleChannel({
    capabilities,
    applications: [
      { name: organization.mspId, msp: organization.msp(options) },
      ...organizationsOf(hospitalB.organization, regulator.organization),
    ],
  });
}

type Sign = (message: Uint8Array, holder: Holder) => Uint8Array;
const plainly: Sign = (message, { key }) => signLedger(key, message);

/** A transaction of one client that one peer of its organisation and one other endorsed. */
function transaction({ client, peer }: { client: Holder; peer: Holder }, sign: Sign = plainly): Uint8Array {
  return endorserTransaction({
    creator: client,
    endorsers: [peer, hospitalB.peer],
    writes: [['key', Uint8Array.of(1)]],
    bend: { endorse: sign, sign },
  }).envelope;
}

/** The organisations that endorsed, for a verifier of evidence. */
function judged(envelope: Uint8Array, trust: ChannelTrust): string[] {
  return verifyTransaction(parseTransaction(envelope), trust, {}).endorsers.map(({ mspId }) => mspId);
}

/** What a node takes that follows the channel. */
function followed(envelope: Uint8Array, { trust, signer }: TestChannel): string[] {
  const block = blockOf({ number: 7, envelopes: [envelope], signer });
  return verifyBlock(block, trust).transactions.flatMap(({ endorserMspIds }) => endorserMspIds);
}

function hospital(kind: KeyKind, root: OrganizationOptions = {}) {
  const organization = createOrganization('HospitalAMSP', root);
  return {
    organization,
    client: organization.issue({ role: 'client', kind }),
    peer: organization.issue({ role: 'peer', kind }),
  };
}

describe('members with keys of kind', () => {
  test.each(memberKinds)('%s count, as clients and as endorsers', (kind) => {
    const own = hospital(kind);
    const channel = channelOf(own.organization);

    expect(judged(transaction(own), channel.trust)).toEqual(['HospitalAMSP', 'HospitalBMSP']);
    expect(followed(transaction(own), channel)).toEqual(['HospitalAMSP', 'HospitalBMSP']);
  });

  test.each(memberKinds)(
    '%s do not count with what another key signed, of its kind or of another',
    (kind) => {
      const own = hospital(kind);
      const { trust } = channelOf(own.organization);
      for (const other of memberKinds) {
        const impostor = createOrganization('HospitalAMSP').issue({ role: 'client', kind: other });
        const by =
          (forged: Holder): Sign =>
          (message, holder) =>
            plainly(message, holder === forged ? impostor : holder);

        expect(() => judged(transaction(own, by(own.client)), trust)).toThrowError('TX_CREATOR_SIGNATURE');
        expect(() => judged(transaction(own, by(own.peer)), trust)).toThrowError('ENDORSEMENT_SIGNATURE');
      }
    },
  );

  test.each(['P-224', 'P-256', 'P-384', 'P-521'] as const)('%s sign SHA-256, in the low half', (kind) => {
    const own = hospital(kind);
    const { trust } = channelOf(own.organization);
    const refused: Sign[] = [
      (message, { key }) => signLedger(key, message, 'high'),
      ...['sha384', 'sha512', 'sha3-256'].map(
        (hash): Sign =>
          (message, { key }) =>
            signLedger(key, message, 'low', hash),
      ),
      (message, holder) => plainly(message, holder).subarray(0, -1),
    ];

    for (const sign of refused)
      expect(() => judged(transaction(own, sign), trust)).toThrowError('TX_CREATOR_SIGNATURE');
    const longer: Sign = (message, holder) => concat(plainly(message, holder), Uint8Array.of(7));
    expect(judged(transaction(own, longer), trust)).toHaveLength(2);
  });

  test('Ed25519 sign the message itself, and nothing follows', () => {
    const own = hospital('ed25519');
    const { trust } = channelOf(own.organization);
    const longer: Sign = (message, holder) =>
      holder === hospitalB.peer
        ? plainly(message, holder)
        : concat(plainly(message, holder), Uint8Array.of(7));

    expect(() => judged(transaction(own, longer), trust)).toThrowError('TX_CREATOR_SIGNATURE');
  });

  // msp/mspimplsetup.go, setupV3: supportedPublicKeyAlgorithms.
  test('Ed25519 count on channels with the capability V3_0 alone, RSA on none', () => {
    const edwards = hospital('ed25519');
    const rsa = hospital('rsa');

    for (const capabilities of [[], ['V2_0'], ['V1_4_3', 'V2_0']])
      expect(() =>
        judged(transaction(edwards), channelOf(edwards.organization, {}, capabilities).trust),
      ).toThrowError('IDENTITY_UNTRUSTED');
    expect(() => judged(transaction(rsa), channelOf(rsa.organization).trust)).toThrowError(
      'IDENTITY_UNTRUSTED',
    );
  });

  test('Ed25519 count from the configuration on that gives the channel the capability', () => {
    const own = hospital('ed25519');
    const before = channelOf(own.organization, {}, ['V2_0']);
    const next = configEnvelope({ ...before.config, capabilities: ['V2_0', 'V3_0'], sequence: 1 });
    const block = blockOf({ number: 5, envelopes: [next], lastConfig: 5, signer: before.signer });

    for (const take of [applyConfig, followConfig])
      expect(judged(transaction(own), take(before.trust, block))).toHaveLength(2);
  });

  test('any stop no node with a wrong signature beside enough that hold, and are not taken for one that does not', () => {
    const own = hospital('P-384');
    const channel = channelOf(own.organization);
    const forged: Sign = (message, holder) => plainly(message, holder === own.peer ? own.client : holder);
    const endorsed = (endorsers: Holder[], creator = own.client) =>
      endorserTransaction({
        creator,
        endorsers,
        writes: [['key', Uint8Array.of(1)]],
        bend: { endorse: forged },
      }).envelope;
    const enough = [own.peer, hospitalB.peer, regulator.peer];

    expect(followed(endorsed(enough), channel)).toHaveLength(3);
    expect(() => followed(endorsed(enough.slice(0, 2)), channel)).toThrowError('ENDORSEMENT_SIGNATURE');
    const thief = { ...own.client, key: own.peer.key };
    expect(() => followed(endorsed(enough, thief), channel)).toThrowError('TX_CREATOR_SIGNATURE');
  });

  // OpenSSL and Go differ under such keys; a client that has one must not stop who cannot judge it.
  test('Ed25519 of small order or in another encoding are not judged', () => {
    const own = hospital('P-256');
    const channel = channelOf(own.organization);
    for (const key of [`01${'00'.repeat(31)}`, `ee${'ff'.repeat(30)}7f`, '00'.repeat(32)]) {
      const client = own.organization.issue({ role: 'client', ed25519: fromHex(key) });
      const anything: Sign = (message, holder) =>
        holder === client ? concat(Uint8Array.of(1), new Uint8Array(63)) : plainly(message, holder);
      const envelope = transaction({ client, peer: own.peer }, anything);

      expect(() => judged(envelope, channel.trust)).toThrowError('CERTIFICATE_MALFORMED');
      expect(followed(envelope, channel)).toHaveLength(2);
    }
  });
});

describe('an organisation whose MSP names a family of hashes', () => {
  const own = hospital('P-256');
  const sha3: Sign = (message, holder) =>
    signLedger(holder.key, message, 'low', holder === hospitalB.peer ? 'sha256' : 'sha3-256');

  test('SHA3 signs SHA3-256, and nothing else', () => {
    const channel = channelOf(own.organization, { hashFamily: 'SHA3' });

    expect(judged(transaction(own, sha3), channel.trust)).toHaveLength(2);
    // An organisation sets this alone, and Fabric commits what it then signs: it must not stop a node.
    expect(followed(transaction(own, sha3), channel)).toHaveLength(2);
    expect(() => judged(transaction(own), channel.trust)).toThrowError('TX_CREATOR_SIGNATURE');
    expect(() => followed(transaction(own), channel)).toThrowError('ENDORSEMENT_SIGNATURE');
  });

  test('SHA2 or none signs SHA-256, another none that holds', () => {
    for (const hashFamily of ['SHA2', '']) {
      const { trust } = channelOf(own.organization, { hashFamily });
      expect(judged(transaction(own), trust)).toHaveLength(2);
      expect(() => judged(transaction(own, sha3), trust)).toThrowError('TX_CREATOR_SIGNATURE');
    }
    for (const hashFamily of ['SHA1', 'sha2', 'SHA256']) {
      const { trust } = channelOf(own.organization, { hashFamily });
      for (const sign of [plainly, sha3])
        expect(() => judged(transaction(own, sign), trust)).toThrowError('TX_CREATOR_SIGNATURE');
    }
  });

  test('and members with Ed25519 keys has them sign the message itself', () => {
    const edwards = hospital('ed25519');

    for (const hashFamily of ['SHA3', 'SHA1'])
      expect(
        judged(transaction(edwards), channelOf(edwards.organization, { hashFamily }).trust),
      ).toHaveLength(2);
  });
});

describe('an organisation’s root of kind', () => {
  test.each(authorityKinds)(
    '%s vouches for members with P-256 keys, and another root of its name does not',
    (kind) => {
      const own = hospital('P-256', { kind });
      const { trust } = channelOf(own.organization);
      const other = hospital('P-256', { kind });

      expect(judged(transaction(own), trust)).toHaveLength(2);
      // A fresh RSA key is not made for each root of the tests.
      if (kind !== 'rsa' && kind !== 'rsa-pss')
        expect(() => judged(transaction(other), trust)).toThrowError('IDENTITY_UNTRUSTED');
    },
  );

  test.each(authorityKinds)(
    '%s vouches through an intermediate of kind P-384, and one of its own kind under another',
    (kind) => {
      const upper = createOrganization('HospitalAMSP', { kind });
      const lower = createOrganization('HospitalAMSP', { kind: 'P-521', hash: 'sha512' });
      for (const [organization, below] of [
        [upper, upper.intermediate('P-384')],
        [lower, lower.intermediate(kind)],
      ] as const) {
        const own = {
          client: below.issue({ role: 'client' }),
          peer: below.issue({ role: 'peer', kind: 'P-384' }),
        };
        const { trust } = channelOf(organization, { intermediates: [below.authority] });
        const without = channelOf(organization, {}).trust;

        expect(judged(transaction(own), trust)).toHaveLength(2);
        expect(() => judged(transaction(own), without)).toThrowError('IDENTITY_UNTRUSTED');
      }
    },
  );

  test.each(authorityKinds)('%s revokes whom its list names', (kind) => {
    const own = hospital('P-256', { kind });
    const revoking = channelOf(own.organization, { revoked: [own.client.der] }).trust;
    const stranger = issuing(hospitalB.client.key);
    const forged = channelOf(own.organization, { revoked: [own.client.der], crlIssuing: stranger }).trust;

    expect(() => judged(transaction(own), revoking)).toThrowError('IDENTITY_REVOKED');
    expect(judged(transaction(own), forged)).toHaveLength(2);
  });

  test('any vouches for nobody with a signature of another algorithm than its key’s', () => {
    const own = createOrganization('HospitalAMSP', { kind: 'rsa' });
    const { trust } = channelOf(own);
    const strange = (role: 'client' | 'peer') => own.issue({ role, issuing: issuing(hospitalB.client.key) });

    expect(() =>
      judged(transaction({ client: strange('client'), peer: strange('peer') }), trust),
    ).toThrowError('IDENTITY_UNTRUSTED');
  });

  test.each(['rsa', 'P-256'] as const)(
    'of kind %s revokes with SHA-1, too, as lists alone may be signed',
    (kind) => {
      const own = hospital('P-256', { kind });
      const old = issuing(own.organization.root.key, kind, 'sha1');
      const revoking = (...revoked: Uint8Array[]) =>
        channelOf(own.organization, { revoked, crlIssuing: old });

      expect(judged(transaction(own), revoking(hospitalB.client.der).trust)).toBeDefined();
      expect(() => judged(transaction(own), revoking(own.client.der).trust)).toThrowError('IDENTITY_REVOKED');
    },
  );
});

describe('orderers with keys of kind', () => {
  const { envelope } = endorserTransaction({
    creator: hospitalB.client,
    endorsers: [hospitalB.peer, regulator.peer],
    writes: [['key', Uint8Array.of(1)]],
  });

  test.each(memberKinds)('%s sign blocks, one or a quorum of them, and nobody in their place', (kind) => {
    const alone = orderers[0]!.organization.issue({ role: 'orderer', kind });
    const single = singleChannel({ capabilities: v3 });
    const signed = (orderer: Holder) =>
      blockOf({ number: 7, envelopes: [envelope], signer: { kind: 'single', orderer } });
    const numbered = orderersWith(kind);
    const quorum = bftChannel({ capabilities: v3, numbered });
    const ordered = (signers: Orderer[]) =>
      blockOf({ number: 7, envelopes: [envelope], signer: { kind: 'bft', signers } });
    const [first, second, third] = numbered as [Orderer, Orderer, Orderer];

    expect(verifyBlock(signed(alone), single.trust).transactions).toHaveLength(1);
    expect(() => verifyBlock(signed({ ...alone, key: first.orderer.key }), single.trust)).toThrowError(
      'ORDERER_SIGNATURE',
    );
    expect(verifyBlock(ordered([first, second, third]), quorum.trust).transactions).toHaveLength(1);
    const swapped = { ...third, orderer: first.orderer };
    expect(() => verifyBlock(ordered([first, second, swapped]), quorum.trust)).toThrowError(
      'ORDERER_SIGNATURE',
    );
  });
});
