import common from '@hyperledger/fabric-protos/lib/common/common_pb.js';
import configtx, { type ConfigGroup } from '@hyperledger/fabric-protos/lib/common/configtx_pb.js';
import configuration from '@hyperledger/fabric-protos/lib/common/configuration_pb.js';
import ordering from '@hyperledger/fabric-protos/lib/orderer/configuration_pb.js';
import { concat } from '../src/bytes.ts';
import { envelope, timestampOf } from './ledger.ts';
import type { TestOrganization } from './organizations.ts';

export type ConfigOptions = {
  channelId?: string;
  sequence?: number;
  consensus?: string;
  applications: { name: string; msp: Uint8Array }[];
  orderers: { name: string; msp: Uint8Array }[];
  consenters?: { id: number; mspId: string; pem: string }[];
  at?: string;
  /** What the channel can do, as `V3_0`. */
  capabilities?: string[];
  /** Bytes after the configuration's own. */
  suffix?: Uint8Array;
};

/** The envelope of a configuration. */
export function configEnvelope(options: ConfigOptions): Uint8Array {
  const { channelId = 'care', sequence = 0, consensus = 'etcdraft', at = '2026-06-01T00:00:00Z' } = options;
  const consensusType = new ordering.ConsensusType();
  consensusType.setType(consensus);
  const orderer = groupOf(options.orderers);
  setValue(orderer, 'ConsensusType', consensusType.serializeBinary());
  if (options.consenters !== undefined) {
    const list = new configuration.Orderers();
    for (const { id, mspId, pem } of options.consenters) {
      const consenter = new configuration.Consenter();
      consenter.setId(id);
      consenter.setMspId(mspId);
      consenter.setIdentity(Buffer.from(pem));
      list.addConsenterMapping(consenter);
    }
    setValue(orderer, 'Orderers', list.serializeBinary());
  }
  const channel = new configtx.ConfigGroup();
  channel.getGroupsMap().set('Orderer', orderer);
  channel.getGroupsMap().set('Application', groupOf(options.applications));
  const capabilities = new configuration.Capabilities();
  for (const name of options.capabilities ?? [])
    capabilities.getCapabilitiesMap().set(name, new configuration.Capability());
  if (options.capabilities !== undefined) setValue(channel, 'Capabilities', capabilities.serializeBinary());
  const config = new configtx.Config();
  config.setSequence(sequence);
  config.setChannelGroup(channel);
  const content = new configtx.ConfigEnvelope();
  content.setConfig(config);
  const header = new common.ChannelHeader();
  header.setType(1);
  header.setChannelId(channelId);
  header.setTimestamp(timestampOf(at));
  return envelope({
    channelHeader: header.serializeBinary(),
    signatureHeader: new Uint8Array(0),
    data: concat(content.serializeBinary(), options.suffix ?? new Uint8Array(0)),
    signature: Uint8Array.of(1),
  });
}

function groupOf(organizations: { name: string; msp: Uint8Array }[]): ConfigGroup {
  const group = new configtx.ConfigGroup();
  for (const { name, msp } of organizations) {
    const organization = new configtx.ConfigGroup();
    setValue(organization, 'MSP', msp);
    group.getGroupsMap().set(name, organization);
  }
  return group;
}

function setValue(group: ConfigGroup, name: string, bytes: Uint8Array): void {
  const value = new configtx.ConfigValue();
  value.setValue(bytes);
  group.getValuesMap().set(name, value);
}

export function organizationsOf(...organizations: TestOrganization[]): { name: string; msp: Uint8Array }[] {
  return organizations.map((organization) => ({ name: organization.mspId, msp: organization.msp() }));
}
