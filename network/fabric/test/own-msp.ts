import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { common, msp } from '@hyperledger/fabric-protos';
import { encode, fill } from '../../solo/src/protobuf.ts';
import { administratorOf } from '../src/add-organization.ts';
import { ordererFlags } from '../src/channel.ts';
import { runCommand } from '../src/command.ts';
import { configOf, signedUpdate } from '../src/config-update.ts';
import { administratorEnvironment } from '../src/environment.ts';
import type { ForeignAuthority } from './foreign-authority.ts';
import type { TestNetwork } from './network.ts';

/** What an organisation makes of its own MSP. */
export type MspChange = (own: msp.FabricMSPConfig) => void;

/** Has an organisation change the channel's configuration of itself, by its own administrator's signature alone. */
export async function changeOwnMsp(
  { plan, tools }: TestNetwork,
  { organizationId, change }: { organizationId: string; change: MspChange },
): Promise<void> {
  const network = plan();
  const peer = network.peers.find((each) => each.organizationId === organizationId);
  if (peer === undefined) throw new Error(`no organisation ${organizationId}`);
  const folder = mkdtempSync(join(tmpdir(), 'medseal-own-msp-'));
  const env = administratorEnvironment(network, peer);
  const channel = ['-c', network.channel, ...ordererFlags(network)];
  try {
    const [fetched, update] = [join(folder, 'config.block'), join(folder, 'update.pb')];
    await runCommand(tools.peer, ['channel', 'fetch', 'config', fetched, ...channel], env);
    const changed = ownUpdate(configOf(readFileSync(fetched)), {
      channel: network.channel,
      mspId: peer.mspId,
      change,
    });
    writeFileSync(update, signedUpdate(changed, network.channel, [administratorOf(peer)]));
    await runCommand(tools.peer, ['channel', 'update', '-f', update, ...channel], env);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Own = { channel: string; mspId: string; change: MspChange };

function ownUpdate(config: common.Config, { channel, mspId, change }: Own): Uint8Array {
  const all = config.getChannelGroup();
  const application = all?.getGroupsMap().get('Application');
  const own = application?.getGroupsMap().get(mspId);
  const before = own?.getValuesMap().get('MSP');
  if (before === undefined) throw new Error(`the configuration has no ${mspId}`);
  const value = fill(new common.ConfigValue(), (changed) => {
    changed.setVersion(before.getVersion() + 1);
    changed.setModPolicy(before.getModPolicy());
    changed.setValue(changedMsp(before.getValue_asU8(), change));
  });
  const path = (values: [string, common.ConfigValue][]): common.ConfigGroup =>
    versioned(all, [['Application', versioned(application, [[mspId, versioned(own, [], values)]])]]);
  return encode(new common.ConfigUpdate(), (update) => {
    update.setChannelId(channel);
    update.setReadSet(path([]));
    update.setWriteSet(path([['MSP', value]]));
  });
}

function versioned(
  group: common.ConfigGroup | undefined,
  groups: [string, common.ConfigGroup][],
  values: [string, common.ConfigValue][] = [],
): common.ConfigGroup {
  return fill(new common.ConfigGroup(), (only) => {
    only.setVersion(group?.getVersion() ?? 0);
    for (const [name, child] of groups) only.getGroupsMap().set(name, child);
    for (const [name, child] of values) only.getValuesMap().set(name, child);
  });
}

/** The MSP as changed, and with a field that nobody knows. */
function changedMsp(value: Uint8Array, change: MspChange): Uint8Array {
  const outer = msp.MSPConfig.deserializeBinary(value);
  const inner = msp.FabricMSPConfig.deserializeBinary(outer.getConfig_asU8());
  change(inner);
  outer.setConfig(Buffer.concat([inner.serializeBinary(), Uint8Array.of(0x98, 0x06, 1)]));
  return outer.serializeBinary();
}

/** More roots, whatever their keys, any of which gives roles. */
export function withRoots(roots: readonly string[]): MspChange {
  return (own) => {
    for (const root of roots) own.addRootCerts(Buffer.from(root));
    const units = own.getFabricNodeOus();
    for (const unit of [
      units?.getClientOuIdentifier(),
      units?.getPeerOuIdentifier(),
      units?.getAdminOuIdentifier(),
      units?.getOrdererOuIdentifier(),
    ])
      unit?.setCertificate('');
  };
}

/** Its members sign SHA3-256 from then on. */
export const withSha3: MspChange = (own) => {
  const crypto = new msp.FabricCryptoConfig();
  crypto.setSignatureHashFamily('SHA3');
  crypto.setIdentityIdentifierHashFunction('SHA256');
  own.setCryptoConfig(crypto);
};

/** Gives an organisation's peer another certificate, of another of its roots; it uses it from its next start on. */
export async function replacePeerIdentity(
  { plan }: TestNetwork,
  { organizationId, authority }: { organizationId: string; authority: ForeignAuthority },
): Promise<void> {
  const peer = plan().peers.find((each) => each.organizationId === organizationId);
  if (peer === undefined) throw new Error(`no organisation ${organizationId}`);
  const { certificate, key } = await authority.issue('P-384', 'peer');
  const write = (content: string, ...path: string[]): void =>
    writeFileSync(join(peer.folder, 'peer-msp', ...path), content);
  const units = join(peer.folder, 'peer-msp', 'config.yaml');
  write(authority.certificate, 'cacerts', 'foreign.pem');
  write(certificate, 'signcerts', 'cert.pem');
  write(key, 'keystore', 'key.pem');
  writeFileSync(units, readFileSync(units, 'utf8').replaceAll(/"Certificate": "[^"]*",/g, ''));
}
