import { existsSync, readFileSync } from 'node:fs';
import { SoloError } from '../errors.ts';
import { type SigningIdentity, signingIdentity } from '../identity.ts';
import { type NetworkDescription, type Organization, ordererMspId } from './create-network.ts';
import { layoutOf, type PairFiles } from './layout.ts';

/** A network as the ledger process holds it: every organisation's peer key, the orderer's, and the first block. */
export type Network = {
  directory: string;
  channel: string;
  chaincode: { name: string; version: string };
  organizations: (Organization & { rootPem: string; peer: SigningIdentity })[];
  orderer: { mspId: string; rootPem: string; identity: SigningIdentity };
  tls: { rootPem: string; certificate: string; key: string };
  genesis: Uint8Array;
};

/** Whether a folder holds a complete network. */
export function networkExists(directory: string): boolean {
  return existsSync(layoutOf(directory).genesis);
}

export function openNetwork(directory: string): Network {
  const files = layoutOf(directory);
  try {
    const description = JSON.parse(readFileSync(files.description, 'utf8')) as NetworkDescription;
    if (description.format !== 'medseal/solo-network/v1')
      throw new Error('network.json is of another format');
    return {
      directory,
      channel: description.channel,
      chaincode: description.chaincode,
      organizations: description.organizations.map((organization) => {
        const own = files.organization(organization.organizationId);
        const peer = readIdentity(organization.mspId, own.peer);
        return { ...organization, rootPem: readFileSync(own.root, 'utf8'), peer };
      }),
      orderer: {
        mspId: ordererMspId,
        rootPem: readFileSync(files.ordererRoot, 'utf8'),
        identity: readIdentity(ordererMspId, files.orderer),
      },
      tls: { rootPem: readFileSync(files.tlsRoot, 'utf8'), ...readPair(files.tls) },
      genesis: new Uint8Array(readFileSync(files.genesis)),
    };
  } catch (cause) {
    throw new SoloError('NETWORK_INCOMPLETE', `no complete network in ${directory}`, { cause });
  }
}

/** Refuses to serve other organisations than those the network was made with. */
export function assertOrganizations(network: Network, expected: readonly Organization[]): void {
  const key = (list: readonly Organization[]): string =>
    list
      .map(({ organizationId, mspId }) => `${organizationId}:${mspId}`)
      .sort()
      .join();
  if (key(network.organizations) !== key(expected))
    throw new SoloError(
      'NETWORK_DIFFERENT',
      `${network.directory} was made for ${key(network.organizations)}, not for ${key(expected)}`,
    );
}

function readIdentity(mspId: string, files: PairFiles): SigningIdentity {
  return signingIdentity(mspId, readPair(files));
}

function readPair(files: PairFiles): { certificate: string; key: string } {
  return { certificate: readFileSync(files.certificate, 'utf8'), key: readFileSync(files.key, 'utf8') };
}
