import { concat, hex, parseBlock } from '../../evidence/src/index.ts';
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
import { configEnvelope } from '../../evidence/test/configuration.ts';
import { blockOf } from '../../evidence/test/ledger.ts';
import { createOrganization, type TestOrganization } from '../../evidence/test/organizations.ts';
import { makeProof, policyOf, type TestLog } from '../../evidence/test/proof.ts';
import { type CorpusCase, corpusCase } from './case.ts';
import { edited, encoded } from './wire.ts';

/** What an organisation may make of its MSP, alone, and Fabric takes or nearly so. */
const unjudgeable: Record<string, (organization: TestOrganization) => Uint8Array> = {
  'of another kind': (organization) => concat(organization.msp({}), Uint8Array.of(0x08, 1)),
  'with unit identifiers': (organization) =>
    edited(organization.msp({}), [2], (config) => concat(config, encoded(7, Uint8Array.of()))),
};

/** Its members are such for Fabric, too, but no peers and no clients. */
const withoutRoles: typeof unjudgeable = {
  'without roles': (organization) => organization.msp({ nodeUnits: false }),
};

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
  /** One organisation's own rules are such that this verifier cannot judge them. */
  const unjudged = (
    name: string,
    at: number,
    expected: Parameters<typeof corpusCase>[3],
    kinds = unjudgeable,
  ) =>
    Object.entries(kinds).map(([kind, of]) => {
      const applications = members.map(({ organization }, place) => ({
        name: organization.mspId,
        msp: place === at ? of(organization) : organization.msp({}),
      }));
      const channel = bftChannel({ applications });
      const proof = makeProof(channel, log, { transaction: { endorsers: [hospitalA.peer, regulator.peer] } });
      return corpusCase(`${name} ${kind}`, proof, JSON.stringify(policyOf(channel, log)), expected);
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
      'tampered ENDORSER_ROLE',
    ),
    ...unjudged('the client’s organisation has an MSP', 0, 'valid', {
      'with a root and an intermediate more that are none': (organization) =>
        edited(organization.msp({}), [2], (config) =>
          concat(config, encoded(2, Uint8Array.of(1)), encoded(3, Uint8Array.of(1))),
        ),
    }),
    ...unjudged('the client’s organisation has an MSP', 0, 'tampered ENDORSER_ROLE', withoutRoles),
    ...unjudged('another organisation has an MSP', 1, 'valid', withoutRoles),
    ...unjudged('another organisation has an MSP', 1, 'valid'),
    ...unjudged('the client’s organisation has an MSP', 0, 'tampered IDENTITY_UNTRUSTED'),
    trusting('two of three', {}, 'valid'),
    trusting('three', { endorsement: { minimum: 3 } }, 'tampered ENDORSEMENT_POLICY'),
    trusting(
      'T36 other organisations',
      { endorsement: { organizations: ['HospitalBMSP', 'HospitalAMSP'] } },
      'tampered ENDORSEMENT_POLICY',
    ),
    trusting(
      'one alone, which confirms nothing',
      { endorsement: { organizations: ['RegulatorMSP'] } },
      'tampered ENDORSEMENT_POLICY',
    ),
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
