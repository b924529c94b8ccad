import { createPrivateKey, randomBytes } from 'node:crypto';
import { common, msp, peer } from '@hyperledger/fabric-protos';
import { organizationGroup } from '../../solo/src/material/config-block.ts';
import { encode, fill } from '../../solo/src/protobuf.ts';
import { signLowS } from '../../solo/src/signature.ts';
import { FabricNetworkError } from './errors.ts';

export type NewOrganization = {
  mspId: string;
  rootPem: string;
  tlsRootPem: string;
  /** Where the other organisations' peers meet this one's. */
  anchorPeer: { host: string; port: number };
};

/** An administrator whose signature counts for an organisation. */
export type Administrator = { mspId: string; certificate: string; key: string };

/** The configuration that a block of the channel holds. */
export function configOf(block: Uint8Array): common.Config {
  const [envelopeBytes] = common.Block.deserializeBinary(block).getData()?.getDataList_asU8() ?? [];
  const envelope = common.Envelope.deserializeBinary(envelopeBytes ?? new Uint8Array());
  const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
  const config = common.ConfigEnvelope.deserializeBinary(payload.getData_asU8()).getConfig();
  if (config === undefined) throw unexpected('the block holds no configuration');
  return config;
}

/** MSP ids of the members. */
export function memberMspIds(config: common.Config): string[] {
  return [...applicationOf(config).getGroupsMap().keys()];
}

/**
 * What must change for the organisation to become a member: Fabric takes the versions of everything the change rests on
 * (read set) and of what comes to be (write set, the changed group one version higher), and refuses it if the
 * configuration has moved on meanwhile (docs, "Updating a channel configuration").
 */
export function membershipUpdate(
  config: common.Config,
  channelId: string,
  organization: NewOrganization,
): Uint8Array {
  const application = applicationOf(config);
  if (application.getGroupsMap().has(organization.mspId))
    throw unexpected(`${organization.mspId} is a member already`);
  const changed = versionsOf(application);
  changed.setVersion(application.getVersion() + 1);
  changed.setModPolicy(application.getModPolicy());
  changed.getGroupsMap().set(organization.mspId, memberGroup(organization));
  return encode(new common.ConfigUpdate(), (update) => {
    update.setChannelId(channelId);
    update.setReadSet(channelWith(config, versionsOf(application)));
    update.setWriteSet(channelWith(config, changed));
  });
}

function memberGroup({ mspId, rootPem, tlsRootPem, anchorPeer }: NewOrganization): common.ConfigGroup {
  const group = organizationGroup({ mspId, rootPem }, tlsRootPem);
  const address = fill(new peer.AnchorPeer(), (value) => {
    value.setHost(anchorPeer.host);
    value.setPort(anchorPeer.port);
  });
  const anchors = fill(new common.ConfigValue(), (value) => {
    value.setModPolicy('Admins');
    value.setValue(encode(new peer.AnchorPeers(), (peers) => peers.setAnchorPeersList([address])));
  });
  group.getValuesMap().set('AnchorPeers', anchors);
  return group;
}

/** A group with the versions of what is in it, and nothing else. */
function versionsOf(group: common.ConfigGroup): common.ConfigGroup {
  const versions = new common.ConfigGroup();
  versions.setVersion(group.getVersion());
  group.getGroupsMap().forEach((child, name) => {
    versions.getGroupsMap().set(
      name,
      fill(new common.ConfigGroup(), (only) => only.setVersion(child.getVersion())),
    );
  });
  group.getValuesMap().forEach((child, name) => {
    versions.getValuesMap().set(
      name,
      fill(new common.ConfigValue(), (only) => only.setVersion(child.getVersion())),
    );
  });
  group.getPoliciesMap().forEach((child, name) => {
    versions.getPoliciesMap().set(
      name,
      fill(new common.ConfigPolicy(), (only) => only.setVersion(child.getVersion())),
    );
  });
  return versions;
}

function channelWith(config: common.Config, application: common.ConfigGroup): common.ConfigGroup {
  return fill(new common.ConfigGroup(), (channel) => {
    channel.setVersion(config.getChannelGroup()?.getVersion() ?? 0);
    channel.getGroupsMap().set('Application', application);
  });
}

function applicationOf(config: common.Config): common.ConfigGroup {
  const application = config.getChannelGroup()?.getGroupsMap().get('Application');
  if (application === undefined) throw unexpected('the configuration names no members');
  return application;
}

/** The update with the administrators' signatures, as `peer channel update` takes it. */
export function signedUpdate(
  update: Uint8Array,
  channelId: string,
  administrators: readonly Administrator[],
): Uint8Array {
  const content = encode(new common.ConfigUpdateEnvelope(), (envelope) => {
    envelope.setConfigUpdate(update);
    envelope.setSignaturesList(administrators.map((administrator) => signatureOf(update, administrator)));
  });
  const channelHeader = encode(new common.ChannelHeader(), (header) => {
    header.setType(common.HeaderType.CONFIG_UPDATE);
    header.setChannelId(channelId);
  });
  const payload = encode(new common.Payload(), (value) => {
    value.setHeader(fill(new common.Header(), (header) => header.setChannelHeader(channelHeader)));
    value.setData(content);
  });
  return encode(new common.Envelope(), (envelope) => envelope.setPayload(payload));
}

function signatureOf(update: Uint8Array, { mspId, certificate, key }: Administrator): common.ConfigSignature {
  const creator = encode(new msp.SerializedIdentity(), (identity) => {
    identity.setMspid(mspId);
    identity.setIdBytes(Buffer.from(certificate));
  });
  const header = encode(new common.SignatureHeader(), (value) => {
    value.setCreator(creator);
    value.setNonce(randomBytes(24));
  });
  return fill(new common.ConfigSignature(), (signature) => {
    signature.setSignatureHeader(header);
    signature.setSignature(signLowS(createPrivateKey(key), Buffer.concat([header, update])));
  });
}

function unexpected(message: string): FabricNetworkError {
  return new FabricNetworkError('CONFIG_UNEXPECTED', message);
}
