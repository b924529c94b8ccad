import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chaincodeFolder, committedDefinition } from './chaincode.ts';
import { FabricNetworkError } from './errors.ts';
import { deploy } from './network.ts';
import { planNetwork } from './plan.ts';
import { type NetworkState, readState, writeState } from './state.ts';
import type { FabricTools } from './tools.ts';

/**
 * Brings another version of the chaincode into force on the running channel: its servers run beside the present ones until
 * every organisation has installed and approved it and it is committed. Run again after a failure, it goes on where it
 * stopped. Resolves to false where the version is in force already.
 */
export async function upgradeChaincode(
  directory: string,
  tools: FabricTools,
  options: { version: string; source: string | undefined; report: (text: string) => void },
): Promise<boolean> {
  const { version, source = chaincodeFolder, report } = options;
  const state = readState(directory);
  if (state === undefined) throw new FabricNetworkError('NOT_RUNNING', `there is no network in ${directory}`);
  requireUpgrade(state, version, source);
  if (state.definitions.length === 1) {
    const [present] = state.definitions;
    const committed = await committedDefinition(planNetwork(directory, state), tools);
    if (present === undefined || committed === undefined)
      throw new FabricNetworkError('STATE_INVALID', 'no chaincode is in force yet');
    if (committed.version === version) return false;
    const next = { version, sequence: committed.sequence + 1, source };
    writeState(directory, { ...state, definitions: [present, next] });
  }
  await deploy(directory, tools, report);
  return true;
}

function requireUpgrade({ definitions }: NetworkState, version: string, source: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$/.test(version))
    throw new FabricNetworkError('ARGUMENT_INVALID', '--version takes the new version, e.g. 1.1');
  if (!existsSync(join(source, 'package.json')))
    throw new FabricNetworkError('ARGUMENT_INVALID', `${source} is no Node package with a chaincode`);
  const [, pending] = definitions;
  if (pending !== undefined && pending.version !== version)
    throw new FabricNetworkError(
      'ARGUMENT_INVALID',
      `an upgrade to ${pending.version} was begun and not finished; finish it first: npm run fabric:upgrade-chaincode -- --version ${pending.version}`,
    );
}
