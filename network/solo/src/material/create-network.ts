import { existsSync } from 'node:fs';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, systemClock } from '../clock.ts';
import { SoloError } from '../errors.ts';
import { type Authority, createAuthority, issueIdentity, issueTls, type KeyPair } from './certificates.ts';
import { configBlock } from './config-block.ts';
import { layoutOf, type PairFiles } from './layout.ts';

/** A member organisation of the network. */
export type Organization = { organizationId: string; mspId: string; name: string };

export type NetworkDescription = {
  format: 'medseal/solo-network/v1';
  channel: string;
  chaincode: { name: string; version: string };
  organizations: Organization[];
};

export type CreateNetworkOptions = {
  directory: string;
  organizations: readonly Organization[];
  channel?: string;
  chaincode?: { name: string; version: string };
  clock?: Clock;
};

export const ordererMspId = 'OrdererMSP';

/**
 * Writes the certificates and keys of every organisation and of the orderer, then the channel's first block. The block
 * comes last: a folder without it is not a network, and is written anew. Nothing is ever overwritten after that.
 */
export async function createNetwork(options: CreateNetworkOptions): Promise<void> {
  const files = layoutOf(options.directory);
  const organizations = checked(options.organizations);
  if (existsSync(files.genesis))
    throw new SoloError('NETWORK_DIFFERENT', `${options.directory} holds a network already`);
  if (existsSync(files.blocks))
    throw new SoloError('NETWORK_INCOMPLETE', `${options.directory} holds blocks, but no genesis.block`);
  const now = (options.clock ?? systemClock).now();
  const description: NetworkDescription = {
    format: 'medseal/solo-network/v1',
    channel: checkedName(options.channel ?? 'care', /^[a-z][a-z0-9.-]{0,248}$/, 'channel'),
    chaincode: options.chaincode ?? { name: 'medseal', version: '1.0' },
    organizations,
  };
  const tlsRootPem = await writeTls(options.directory, now);
  const ordererRootPem = await writeOrderer(options.directory, now);
  const roots: { mspId: string; rootPem: string }[] = [];
  for (const organization of organizations)
    roots.push({
      mspId: organization.mspId,
      rootPem: await writeOrganization(options.directory, organization, now),
    });
  await write(files.description, `${JSON.stringify(description, undefined, 2)}\n`);
  const orderer = { mspId: ordererMspId, rootPem: ordererRootPem, endpoint: 'localhost' };
  const block = configBlock({ channel: description.channel, organizations: roots, orderer, tlsRootPem, now });
  await writeDurably(files.genesis, block);
}

async function writeTls(directory: string, now: Date): Promise<string> {
  const files = layoutOf(directory);
  const authority = await createAuthority('Medseal solo ledger', 'TLS authority of the solo ledger', now);
  await writeAuthority(authority, files.tlsRoot, files.tlsRootKey);
  await writePair(files.tls, await issueTls(authority, { commonName: 'solo ledger', now }));
  await writePair(files.chaincode, await issueTls(authority, { commonName: 'chaincode', now }));
  return authority.certificate;
}

async function writeOrderer(directory: string, now: Date): Promise<string> {
  const files = layoutOf(directory);
  const authority = await createAuthority('Medseal solo ledger', 'Orderer authority of the solo ledger', now);
  await writeAuthority(authority, files.ordererRoot, files.ordererRootKey);
  await writePair(
    files.orderer,
    await issueIdentity(authority, { commonName: 'orderer', role: 'orderer', now }),
  );
  return authority.certificate;
}

async function writeOrganization(directory: string, organization: Organization, now: Date): Promise<string> {
  const { organizationId, name } = organization;
  const files = layoutOf(directory).organization(organizationId);
  const authority = await createAuthority(name, `${name} CA`, now);
  await writeAuthority(authority, files.root, files.rootKey);
  const peer = { commonName: `peer.${organizationId}`, role: 'peer', now } as const;
  await writePair(files.peer, await issueIdentity(authority, peer));
  const client = { commonName: `client.${organizationId}`, role: 'client', now } as const;
  await writePair(files.client, await issueIdentity(authority, client));
  await writePair(files.node, await issueTls(authority, { commonName: `node.${organizationId}`, now }));
  return authority.certificate;
}

async function writeAuthority(authority: Authority, certificate: string, key: string): Promise<void> {
  await write(certificate, authority.certificate);
  await write(key, authority.key, 0o600);
}

async function writePair(files: PairFiles, pair: KeyPair): Promise<void> {
  await write(files.certificate, pair.certificate);
  await write(files.key, pair.key, 0o600);
}

async function write(path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode });
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(`${path}.new`, 'w');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.new`, path);
}

function checked(organizations: readonly Organization[]): Organization[] {
  if (organizations.length === 0) throw new SoloError('ARGUMENT_INVALID', 'a network needs an organisation');
  const ids = new Set(organizations.map(({ organizationId }) => organizationId));
  const mspIds = new Set([ordererMspId, ...organizations.map(({ mspId }) => mspId)]);
  if (ids.size !== organizations.length || mspIds.size !== organizations.length + 1)
    throw new SoloError('ARGUMENT_INVALID', 'two organisations share an id or an MSP id');
  return organizations.map(({ organizationId, mspId, name }) => ({
    organizationId: checkedName(organizationId, /^[a-z][a-z0-9-]{0,62}$/, 'organisation id'),
    mspId: checkedName(mspId, /^[A-Za-z][A-Za-z0-9.-]{0,127}$/, 'MSP id'),
    name: checkedName(name, /^[^\p{Cc}]{1,128}$/u, 'organisation name'),
  }));
}

function checkedName(value: string, pattern: RegExp, what: string): string {
  if (!pattern.test(value))
    throw new SoloError('ARGUMENT_INVALID', `${what} ${JSON.stringify(value)} is not valid`);
  return value;
}
