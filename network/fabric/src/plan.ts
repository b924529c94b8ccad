import { join } from 'node:path';
import type { ChaincodeDefinition, FabricOrganization, NetworkState } from './state.ts';

export type OrdererPlan = {
  id: number;
  /** Name of its process, log and pid file. */
  name: string;
  mspId: string;
  folder: string;
  /** Where the others reach it. */
  host: string;
  port: number;
  adminPort: number;
  operationsPort: number;
};

export type PeerPlan = FabricOrganization & {
  name: string;
  folder: string;
  host: string;
  port: number;
  operationsPort: number;
  chaincodeHost: string;
  /** Where this organisation's chaincode servers listen: the next version beside the present one while it is brought in. */
  chaincodePorts: readonly [number, number];
};

export type FabricPlan = {
  directory: string;
  channel: string;
  chaincode: string;
  regulatorMspId: string | undefined;
  orderers: OrdererPlan[];
  peers: PeerPlan[];
};

/** Number of orderers of the BFT quorum: 4 organisations bear one that is faulty (3f + 1, f = 1). */
export const ordererCount = 4;
export const loopback = '127.0.0.1';
const portsOfOrderer = 3;
const portsOfPeer = 4;

/** Folders and ports of a network: 3 ports an orderer, then 4 a peer, from the base port on. */
export function planNetwork(
  directory: string,
  {
    organizations,
    basePort,
    channel,
    chaincode,
    hosts,
    regulatorMspId,
  }: Pick<NetworkState, 'organizations' | 'basePort' | 'channel' | 'chaincode' | 'hosts' | 'regulatorMspId'>,
): FabricPlan {
  const orderers = Array.from({ length: ordererCount }, (_, place): OrdererPlan => {
    const id = place + 1;
    const port = basePort + place * portsOfOrderer;
    const name = `orderer-${id}`;
    return {
      ...{ id, name, port, host: hostOf(name, hosts) },
      mspId: `Orderer${id}MSP`,
      folder: join(directory, 'orderers', name),
      adminPort: port + 1,
      operationsPort: port + 2,
    };
  });
  const peers = organizations.map((organization, place): PeerPlan => {
    const port = basePort + ordererCount * portsOfOrderer + place * portsOfPeer;
    const name = `peer-${organization.organizationId}`;
    return {
      ...organization,
      name,
      host: hostOf(name, hosts),
      chaincodeHost: hostOf(`chaincode-${organization.organizationId}`, hosts),
      folder: join(directory, 'organizations', organization.organizationId),
      port,
      operationsPort: port + 1,
      chaincodePorts: [port + 2, port + 3],
    };
  });
  return { directory, channel, chaincode, regulatorMspId, orderers, peers };
}

/** All on this machine's loopback interface, or each under its own name, as containers are. */
function hostOf(name: string, hosts: NetworkState['hosts']): string {
  return hosts === 'names' ? name : loopback;
}

/** Where a program listens whose host is `host`: a container must be reached from the others. */
export function listenHost(host: string): string {
  return host === loopback ? loopback : '0.0.0.0';
}

/** Every port that the network binds, with the process that does. */
export function portsOf({ orderers, peers }: FabricPlan): [number, string][] {
  return [
    ...orderers.flatMap(({ name, port, adminPort, operationsPort }) =>
      [port, adminPort, operationsPort].map((each): [number, string] => [each, name]),
    ),
    ...peers.flatMap(({ name, port, operationsPort, chaincodePorts, organizationId }) => [
      ...[port, operationsPort].map((each): [number, string] => [each, name]),
      ...chaincodePorts.map((each): [number, string] => [each, `chaincode-${organizationId}`]),
    ]),
  ];
}

/** Consecutive definitions take turns with the two ports, so that both can be served during an upgrade. */
export function chaincodePortOf({ chaincodePorts }: PeerPlan, { sequence }: ChaincodeDefinition): number {
  return chaincodePorts[sequence % 2 === 1 ? 0 : 1];
}

/** The genesis block's file: the hash of its header is what every verifier pins. */
export function genesisFile({ directory }: Pick<FabricPlan, 'directory'>): string {
  return join(directory, 'genesis.block');
}
