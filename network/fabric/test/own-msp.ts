// @peculiar/x509 needs this polyfill before it is loaded.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { common, msp } from '@hyperledger/fabric-protos';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { encode, fill } from '../../solo/src/protobuf.ts';
import { administratorOf } from '../src/add-organization.ts';
import { ordererFlags } from '../src/channel.ts';
import { runCommand } from '../src/command.ts';
import { configOf, signedUpdate } from '../src/config-update.ts';
import { administratorEnvironment } from '../src/environment.ts';
import type { TestNetwork } from './network.ts';

/**
 * Has an organisation change the channel's configuration of itself, by its own administrator's signature alone: one more root in
 * its MSP, on a curve that only Fabric takes, and a field that nobody knows.
 */
export async function addForeignRoot({ plan, tools }: TestNetwork, organizationId: string): Promise<void> {
  const network = plan();
  const peer = network.peers.find((each) => each.organizationId === organizationId);
  if (peer === undefined) throw new Error(`no organisation ${organizationId}`);
  const folder = mkdtempSync(join(tmpdir(), 'medseal-own-msp-'));
  const env = administratorEnvironment(network, peer);
  const channel = ['-c', network.channel, ...ordererFlags(network)];
  try {
    const [fetched, update] = [join(folder, 'config.block'), join(folder, 'update.pb')];
    await runCommand(tools.peer, ['channel', 'fetch', 'config', fetched, ...channel], env);
    const change = ownUpdate(configOf(readFileSync(fetched)), {
      channel: network.channel,
      mspId: peer.mspId,
      root: await rootOnAnotherCurve(),
    });
    writeFileSync(update, signedUpdate(change, network.channel, [administratorOf(peer)]));
    await runCommand(tools.peer, ['channel', 'update', '-f', update, ...channel], env);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Own = { channel: string; mspId: string; root: string };

function ownUpdate(config: common.Config, { channel, mspId, root }: Own): Uint8Array {
  const all = config.getChannelGroup();
  const application = all?.getGroupsMap().get('Application');
  const own = application?.getGroupsMap().get(mspId);
  const before = own?.getValuesMap().get('MSP');
  if (before === undefined) throw new Error(`the configuration has no ${mspId}`);
  const value = fill(new common.ConfigValue(), (changed) => {
    changed.setVersion(before.getVersion() + 1);
    changed.setModPolicy(before.getModPolicy());
    changed.setValue(withRoot(before.getValue_asU8(), root));
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

/** The MSP with one more root and a field that nobody knows. */
function withRoot(value: Uint8Array, root: string): Uint8Array {
  const outer = msp.MSPConfig.deserializeBinary(value);
  const inner = msp.FabricMSPConfig.deserializeBinary(outer.getConfig_asU8());
  inner.addRootCerts(Buffer.from(root));
  outer.setConfig(Buffer.concat([inner.serializeBinary(), Uint8Array.of(0x98, 0x06, 1)]));
  return outer.serializeBinary();
}

async function rootOnAnotherCurve(): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const root = await X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=another root',
      notBefore: new Date('2020-01-01'),
      notAfter: new Date('2040-01-01'),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    webcrypto,
  );
  return root.toString('pem');
}
