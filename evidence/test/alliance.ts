import { hex } from '../src/bytes.ts';
import { parseBlock } from '../src/fabric-block.ts';
import { type ChannelTrust, channelTrust } from '../src/fabric-trust.ts';
import { type ConfigOptions, configEnvelope, organizationsOf } from './configuration.ts';
import { type BlockSigner, blockOf } from './ledger.ts';
import { createOrganization } from './organizations.ts';
import type { KeyKind } from './signing.ts';

/** Three member organisations, each with a client and a peer, and four orderer organisations. */
export const members = ['HospitalAMSP', 'HospitalBMSP', 'RegulatorMSP'].map((mspId) => {
  const organization = createOrganization(mspId);
  return {
    organization,
    client: organization.issue({ role: 'client' }),
    peer: organization.issue({ role: 'peer' }),
  };
});
export const [hospitalA, hospitalB, regulator] = members as [Member, Member, Member];
export type Member = (typeof members)[number];

export const orderers = [1, 2, 3, 4].map((id) => {
  const organization = createOrganization(`Orderer${id}MSP`);
  return { id, organization, orderer: organization.issue({ role: 'orderer' }) };
});

export type Orderer = (typeof orderers)[number];

/** Orderers of the same organisations with keys of another kind. */
export function orderersWith(kind: KeyKind): Orderer[] {
  return orderers.map(({ id, organization }) => ({
    id,
    organization,
    orderer: organization.issue({ role: 'orderer', kind }),
  }));
}

function consentersOf(numbered: readonly Orderer[]): { id: number; mspId: string; pem: string }[] {
  return numbered.map(({ id, organization, orderer }) => ({
    id,
    mspId: organization.mspId,
    pem: orderer.pem,
  }));
}

export type TestChannel = {
  genesis: Uint8Array;
  genesisHash: string;
  trust: ChannelTrust;
  signer: BlockSigner;
  config: ConfigOptions;
};

/** A channel ordered by one orderer organisation. */
export function singleChannel(overrides: Partial<ConfigOptions> = {}): TestChannel {
  const [first] = orderers;
  return channel(
    {
      applications: organizationsOf(...members.map(({ organization }) => organization)),
      orderers: organizationsOf(first!.organization),
      ...overrides,
    },
    { kind: 'single', orderer: first!.orderer },
  );
}

/** A channel ordered by four organisations that tolerate one faulty one. */
export function bftChannel({
  numbered = orderers,
  ...overrides
}: Partial<ConfigOptions> & { numbered?: readonly Orderer[] } = {}): TestChannel {
  return channel(
    {
      consensus: 'BFT',
      applications: organizationsOf(...members.map(({ organization }) => organization)),
      orderers: organizationsOf(...orderers.map(({ organization }) => organization)),
      consenters: consentersOf(numbered),
      ...overrides,
    },
    { kind: 'bft', signers: orderers.slice(0, 3) },
  );
}

function channel(config: ConfigOptions, signer: BlockSigner): TestChannel {
  const genesis = blockOf({ number: 0, envelopes: [configEnvelope(config)], signer });
  const genesisHash = hex(parseBlock(genesis).hash);
  return { genesis, genesisHash, trust: channelTrust(genesis, { genesisHash }), signer, config };
}
