import { join } from 'node:path';

export type FabricOrganization = { organizationId: string; mspId: string };

export type OrdererPlan = {
  id: number;
  mspId: string;
  folder: string;
  port: number;
  adminPort: number;
  operationsPort: number;
};

export type PeerPlan = FabricOrganization & {
  folder: string;
  port: number;
  /** Where chaincode would dial in; unused with chaincode as a service, but the peer wants a port. */
  chaincodeListenPort: number;
  operationsPort: number;
  /** Where this organisation's chaincode server listens. */
  chaincodePort: number;
};

export type FabricPlan = {
  directory: string;
  channel: string;
  chaincode: string;
  orderers: OrdererPlan[];
  peers: PeerPlan[];
};

/** Number of orderers of the BFT quorum: 4 organisations bear one that is faulty (3f + 1, f = 1). */
export const ordererCount = 4;

/** Folders and ports of a network: 3 ports an orderer, then 4 a peer, from `basePort` on. */
export function planNetwork(options: {
  directory: string;
  organizations: readonly FabricOrganization[];
  basePort: number;
  channel?: string;
  chaincode?: string;
}): FabricPlan {
  const { directory, organizations, basePort } = options;
  const orderers = Array.from({ length: ordererCount }, (_, place): OrdererPlan => {
    const id = place + 1;
    const port = basePort + place * 3;
    return {
      id,
      mspId: `Orderer${id}MSP`,
      folder: join(directory, 'orderers', `orderer-${id}`),
      port,
      adminPort: port + 1,
      operationsPort: port + 2,
    };
  });
  const peers = organizations.map((organization, place): PeerPlan => {
    const port = basePort + ordererCount * 3 + place * 4;
    return {
      ...organization,
      folder: join(directory, 'organizations', organization.organizationId),
      port,
      chaincodeListenPort: port + 1,
      operationsPort: port + 2,
      chaincodePort: port + 3,
    };
  });
  return {
    directory,
    channel: options.channel ?? 'care',
    chaincode: options.chaincode ?? 'medseal',
    orderers,
    peers,
  };
}
