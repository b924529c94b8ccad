import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FabricNetworkError } from './errors.ts';

export type FabricOrganization = { organizationId: string; mspId: string };

/** A version of the chaincode as the channel's organisations agree to it. */
export type ChaincodeDefinition = {
  version: string;
  /** Fabric counts the definitions of a chaincode from 1. */
  sequence: number;
  /** Folder of the Node package that the chaincode servers run. */
  source: string;
};

/**
 * What is to run, written down beside the ledger: a restart must meet the ports and organisations of the first start,
 * and the supervisor follows this file when another command changes it.
 */
export type NetworkState = {
  format: 'medseal/fabric-network/v1';
  channel: string;
  chaincode: string;
  basePort: number;
  /** `names`: each program runs under a host name of its own, in a container; else all on this machine. */
  hosts?: 'names';
  organizations: FabricOrganization[];
  /** The MSP that every organisation's chaincode accepts as the alliance's regulator. */
  regulatorMspId?: string;
  /** One definition, or two while the second is brought into force. */
  definitions: ChaincodeDefinition[];
  /** Submitted on every start: it proves that the organisations endorse, and must be idempotent. */
  readiness: { organizationId: string; function: string; args: string[] };
};

export const stateFile = (directory: string): string => join(directory, 'network.json');

/** The state in `directory`, undefined where no network was made yet. */
export function readState(directory: string): NetworkState | undefined {
  const file = stateFile(directory);
  if (!existsSync(file)) return undefined;
  const state = JSON.parse(readFileSync(file, 'utf8')) as NetworkState;
  if (state.format !== 'medseal/fabric-network/v1')
    throw new FabricNetworkError(
      'STATE_INVALID',
      `${file} is of another version; choose another folder with --data, or remove it to start anew`,
    );
  return state;
}

/** Replaces the state in one step: whoever reads it sees the old one or the new one. */
export function writeState(directory: string, state: NetworkState): void {
  mkdirSync(directory, { recursive: true });
  const file = stateFile(directory);
  writeFileSync(`${file}.new`, `${JSON.stringify(state, undefined, 2)}\n`);
  renameSync(`${file}.new`, file);
}

const organizationIdText = /^[a-z][a-z0-9-]{0,62}$/;
const mspIdText = /^[A-Za-z][A-Za-z0-9.-]{0,127}$/;

/** Refuses names that Fabric or a file system would, and two organisations of one name. */
export function requireOrganizations(organizations: readonly FabricOrganization[]): void {
  for (const { organizationId, mspId } of organizations) {
    if (!organizationIdText.test(organizationId))
      throw new FabricNetworkError(
        'ARGUMENT_INVALID',
        `${JSON.stringify(organizationId)} is no organisation id: lower-case letters, digits and hyphens`,
      );
    if (!mspIdText.test(mspId) || /^Orderer\d+MSP$/.test(mspId))
      throw new FabricNetworkError('ARGUMENT_INVALID', `${JSON.stringify(mspId)} is no MSP id for a member`);
  }
  const ids = new Set(organizations.map(({ organizationId }) => organizationId));
  const mspIds = new Set(organizations.map(({ mspId }) => mspId));
  if (ids.size !== organizations.length || mspIds.size !== organizations.length)
    throw new FabricNetworkError('ARGUMENT_INVALID', 'two organisations share an id or an MSP id');
}
