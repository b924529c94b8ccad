import { chaincodeFolder } from './chaincode.ts';
import { createGenesis, writeConfiguration } from './channel.ts';
import { FabricNetworkError } from './errors.ts';
import { createMaterial } from './material.ts';
import { chaincodePackage } from './package.ts';
import { planNetwork } from './plan.ts';
import {
  type FabricOrganization,
  type NetworkState,
  readState,
  requireOrganizations,
  writeState,
} from './state.ts';
import type { FabricTools } from './tools.ts';

export type FabricNetworkOptions = {
  directory: string;
  /** Where the built Fabric programs are kept. */
  toolsFolder: string;
  /** These and the base port count on the first start only. */
  organizations: readonly FabricOrganization[];
  regulatorId: string;
  basePort: number;
  hosts?: 'names' | undefined;
  /** Another chaincode than the project's own, for tests. */
  chaincode?: { source: string; readiness: NetworkState['readiness'] };
  report: (text: string) => void;
};

/** Writes all that the programs need before they start: certificates, settings, packages, the genesis block. */
export async function prepare(options: FabricNetworkOptions, tools: FabricTools): Promise<void> {
  const state = stateOf(options);
  const plan = planNetwork(options.directory, state);
  await createMaterial(plan, new Date());
  writeConfiguration(plan, tools);
  await createGenesis(plan, tools);
  for (const peer of plan.peers)
    for (const definition of state.definitions) chaincodePackage(plan, peer, definition);
}

/** The state of the folder, made on the first start. */
export function stateOf({
  directory,
  organizations,
  regulatorId,
  basePort,
  chaincode,
  hosts,
}: FabricNetworkOptions): NetworkState {
  const kept = readState(directory);
  if (kept !== undefined) return kept;
  requireOrganizations(organizations);
  const regulator = organizations.find(({ organizationId }) => organizationId === regulatorId);
  if (regulator === undefined)
    throw new FabricNetworkError(
      'ARGUMENT_INVALID',
      `the regulator ${regulatorId} is not among the organisations`,
    );
  const state: NetworkState = {
    format: 'medseal/fabric-network/v1',
    channel: 'care',
    chaincode: 'medseal',
    basePort,
    ...(hosts === undefined ? {} : { hosts }),
    organizations: [...organizations],
    regulatorMspId: regulator.mspId,
    definitions: [{ version: '1.0', sequence: 1, source: chaincode?.source ?? chaincodeFolder }],
    readiness: chaincode?.readiness ?? {
      organizationId: regulatorId,
      function: 'member:initialize',
      args: [regulator.mspId],
    },
  };
  writeState(directory, state);
  return state;
}
