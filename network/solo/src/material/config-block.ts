import { common, msp, orderer, peer } from '@hyperledger/fabric-protos';
import type { Message } from 'google-protobuf';
import { batch } from '../blocks/batch.ts';
import { transactionId, unsignedBlock } from '../blocks/block.ts';
import { signatureHeader } from '../identity.ts';
import { encode, fill, parse, timestampOf } from '../protobuf.ts';
import { metaPolicy, rolePolicy } from './policies.ts';

/** An organisation as the channel knows it. */
export type ConfigOrganization = { mspId: string; rootPem: string; endpoint?: string };

export type ChannelDescription = {
  channel: string;
  organizations: readonly ConfigOrganization[];
  orderer: ConfigOrganization;
  tlsRootPem: string;
  now: Date;
};

/**
 * The channel's first block, laid out as configtxgen does: what a verifier pins. The consensus type is `solo`, which
 * no Fabric since 3.0 can run, so that evidence of this ledger cannot be mistaken for that of a real network.
 */
export function configBlock(description: ChannelDescription): Uint8Array {
  const config = fill(new common.ConfigEnvelope(), (envelope) =>
    envelope.setConfig(
      fill(new common.Config(), (value) => value.setChannelGroup(channelGroup(description))),
    ),
  );
  const block = unsignedBlock({
    number: 0,
    previousHash: new Uint8Array(),
    envelopes: [envelopeOf(description, config)],
  });
  const metadata = block.getMetadata() ?? new common.BlockMetadata();
  const lastConfig = fill(new common.LastConfig(), (value) => value.setIndex(0));
  const ordererMetadata = encode(new common.OrdererBlockMetadata(), (value) =>
    value.setLastConfig(lastConfig),
  );
  metadata.setMetadataList([
    encode(new common.Metadata(), (value) => value.setValue(ordererMetadata)),
    encode(new common.Metadata(), (value) => value.setValue(lastConfig.serializeBinary())),
    Uint8Array.of(peer.TxValidationCode.VALID),
    new Uint8Array(),
    new Uint8Array(),
  ]);
  return block.serializeBinary();
}

function envelopeOf({ channel, now }: ChannelDescription, config: common.ConfigEnvelope): Uint8Array {
  const header = parse(common.SignatureHeader, signatureHeader(new Uint8Array()), 'signature header');
  const channelHeader = encode(new common.ChannelHeader(), (value) => {
    value.setType(common.HeaderType.CONFIG);
    value.setVersion(1);
    value.setTimestamp(timestampOf(now));
    value.setChannelId(channel);
    value.setTxId(transactionId(header.getNonce_asU8(), header.getCreator_asU8()));
  });
  const payload = encode(new common.Payload(), (value) => {
    value.setHeader(
      fill(new common.Header(), (pair) => {
        pair.setChannelHeader(channelHeader);
        pair.setSignatureHeader(header.serializeBinary());
      }),
    );
    value.setData(config.serializeBinary());
  });
  return encode(new common.Envelope(), (value) => value.setPayload(payload));
}

function channelGroup(description: ChannelDescription): common.ConfigGroup {
  return group({
    groups: { Application: applicationGroup(description), Orderer: ordererGroup(description) },
    values: {
      BlockDataHashingStructure: fill(new common.BlockDataHashingStructure(), (value) =>
        value.setWidth(0xffffffff),
      ),
      Capabilities: capabilities('V3_0'),
      HashingAlgorithm: fill(new common.HashingAlgorithm(), (value) => value.setName('SHA256')),
    },
    policies: membershipPolicies(),
  });
}

function applicationGroup({ organizations, tlsRootPem }: ChannelDescription): common.ConfigGroup {
  return group({
    groups: Object.fromEntries(
      organizations.map((organization) => [organization.mspId, organizationGroup(organization, tlsRootPem)]),
    ),
    values: { Capabilities: capabilities('V2_5') },
    policies: {
      ...membershipPolicies(),
      Endorsement: metaPolicy('MAJORITY', 'Endorsement'),
      LifecycleEndorsement: metaPolicy('MAJORITY', 'Endorsement'),
    },
  });
}

function ordererGroup({ orderer: organization, tlsRootPem }: ChannelDescription): common.ConfigGroup {
  return group({
    groups: { [organization.mspId]: organizationGroup(organization, tlsRootPem) },
    values: {
      BatchSize: fill(new orderer.BatchSize(), (value) => {
        value.setMaxMessageCount(batch.maxTransactions);
        value.setAbsoluteMaxBytes(batch.maxTransactionBytes);
        value.setPreferredMaxBytes(batch.preferredBlockBytes);
      }),
      BatchTimeout: fill(new orderer.BatchTimeout(), (value) =>
        value.setTimeout(`${batch.timeoutMilliseconds}ms`),
      ),
      Capabilities: capabilities('V2_0'),
      ChannelRestrictions: new orderer.ChannelRestrictions(),
      ConsensusType: fill(new orderer.ConsensusType(), (value) => value.setType('solo')),
    },
    policies: { ...membershipPolicies(), BlockValidation: metaPolicy('ANY', 'Writers') },
  });
}

/** An organisation's place in the configuration: its roots, its roles, who may change it. */
export function organizationGroup(organization: ConfigOrganization, tlsRootPem: string): common.ConfigGroup {
  const { mspId, rootPem, endpoint } = organization;
  const values: Record<string, Message> = {
    MSP: fill(new msp.MSPConfig(), (value) => value.setConfig(mspConfig({ mspId, rootPem, tlsRootPem }))),
  };
  if (endpoint !== undefined)
    values['Endpoints'] = fill(new common.OrdererAddresses(), (value) => value.setAddressesList([endpoint]));
  return group({
    groups: {},
    values,
    policies: {
      Admins: rolePolicy(mspId, 'admin'),
      Endorsement: rolePolicy(mspId, 'peer'),
      Readers: rolePolicy(mspId, 'member'),
      Writers: rolePolicy(mspId, endpoint === undefined ? 'member' : 'orderer'),
    },
  });
}

function mspConfig(organization: { mspId: string; rootPem: string; tlsRootPem: string }): Uint8Array {
  const root = Buffer.from(organization.rootPem);
  const unit = (name: string): msp.FabricOUIdentifier =>
    fill(new msp.FabricOUIdentifier(), (value) => {
      value.setCertificate(root);
      value.setOrganizationalUnitIdentifier(name);
    });
  return encode(new msp.FabricMSPConfig(), (config) => {
    config.setName(organization.mspId);
    config.setRootCertsList([root]);
    config.setTlsRootCertsList([Buffer.from(organization.tlsRootPem)]);
    config.setCryptoConfig(
      fill(new msp.FabricCryptoConfig(), (value) => {
        value.setSignatureHashFamily('SHA2');
        value.setIdentityIdentifierHashFunction('SHA256');
      }),
    );
    config.setFabricNodeOus(
      fill(new msp.FabricNodeOUs(), (value) => {
        value.setEnable(true);
        value.setClientOuIdentifier(unit('client'));
        value.setPeerOuIdentifier(unit('peer'));
        value.setAdminOuIdentifier(unit('admin'));
        value.setOrdererOuIdentifier(unit('orderer'));
      }),
    );
  });
}

function membershipPolicies(): Record<string, common.Policy> {
  return {
    Admins: metaPolicy('MAJORITY', 'Admins'),
    Readers: metaPolicy('ANY', 'Readers'),
    Writers: metaPolicy('ANY', 'Writers'),
  };
}

function capabilities(name: string): common.Capabilities {
  return fill(new common.Capabilities(), (value) =>
    value.getCapabilitiesMap().set(name, new common.Capability()),
  );
}

/** A node of the configuration tree; keys are written in their sorted order, so that the block is deterministic. */
function group(parts: {
  groups: Record<string, common.ConfigGroup>;
  values: Record<string, Message>;
  policies: Record<string, common.Policy>;
}): common.ConfigGroup {
  return fill(new common.ConfigGroup(), (result) => {
    result.setModPolicy('Admins');
    for (const [name, child] of sorted(parts.groups)) result.getGroupsMap().set(name, child);
    for (const [name, value] of sorted(parts.values))
      result.getValuesMap().set(
        name,
        fill(new common.ConfigValue(), (entry) => {
          entry.setValue(value.serializeBinary());
          entry.setModPolicy('Admins');
        }),
      );
    for (const [name, policy] of sorted(parts.policies))
      result.getPoliciesMap().set(
        name,
        fill(new common.ConfigPolicy(), (entry) => {
          entry.setPolicy(policy);
          entry.setModPolicy('Admins');
        }),
      );
  });
}

function sorted<T>(entries: Record<string, T>): [string, T][] {
  return Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1));
}
