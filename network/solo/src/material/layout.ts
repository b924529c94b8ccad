import { join } from 'node:path';

/** Where everything of a network lies. */
export function layoutOf(directory: string) {
  const organization = (organizationId: string) => {
    const base = join(directory, 'organizations', organizationId);
    return {
      root: join(base, 'msp', 'ca.pem'),
      rootKey: join(base, 'ca', 'key.pem'),
      peer: pairIn(join(base, 'peer')),
      client: pairIn(join(base, 'client')),
      node: pairIn(join(base, 'node')),
    };
  };
  return {
    description: join(directory, 'network.json'),
    genesis: join(directory, 'genesis.block'),
    organization,
    ordererRoot: join(directory, 'orderer', 'ca.pem'),
    ordererRootKey: join(directory, 'orderer', 'ca-key.pem'),
    orderer: pairIn(join(directory, 'orderer')),
    tlsRoot: join(directory, 'tls-ca.pem'),
    tlsRootKey: join(directory, 'tls', 'ca-key.pem'),
    tls: pairIn(join(directory, 'tls')),
    chaincode: pairIn(join(directory, 'chaincode')),
    ledger: join(directory, 'ledger'),
    blocks: join(directory, 'ledger', 'blocks'),
    lock: join(directory, 'ledger', 'lock'),
  };
}

export type PairFiles = { certificate: string; key: string };

function pairIn(directory: string): PairFiles {
  return { certificate: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
}
