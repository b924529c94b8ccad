import { unwatchFile, watchFile } from 'node:fs';
import { chaincodeFolder, commitChaincode, installChaincode } from './chaincode.ts';
import { createGenesis, joinOrderer, joinPeer, writeConfiguration } from './channel.ts';
import { FabricNetworkError } from './errors.ts';
import { endLeftovers } from './leftovers.ts';
import { createMaterial } from './material.ts';
import { type FabricPlan, genesisFile, planNetwork } from './plan.ts';
import { assertPortsFree } from './ports.ts';
import { keepProcesses, type Processes } from './processes.ts';
import { programsOf } from './programs.ts';
import { proveReady } from './ready.ts';
import {
  type FabricOrganization,
  type NetworkState,
  readState,
  requireOrganizations,
  stateFile,
  writeState,
} from './state.ts';
import { becomeSupervisor } from './supervisor.ts';
import { buildTools, type FabricTools } from './tools.ts';

export type FabricNetworkOptions = {
  directory: string;
  /** Where the built Fabric programs are kept. */
  toolsFolder: string;
  /** These and the base port count on the first start only. */
  organizations: readonly FabricOrganization[];
  regulatorId: string;
  basePort: number;
  /** Another chaincode than the project's own, for tests. */
  chaincode?: { source: string; readiness: NetworkState['readiness'] };
  report: (text: string) => void;
};

export type FabricNetwork = {
  directory: string;
  plan(): FabricPlan;
  tools: FabricTools;
  genesisFile: string;
  processes: Processes;
  /** Starts an orderer, peer or chaincode server again that was ended, by its name. */
  restart(name: string): void;
  /** Brings channel and chaincode to where the state says; resolves once a transaction was endorsed and committed. */
  deploy(): Promise<void>;
  stop(): Promise<void>;
};

/** As {@link openFabric}, deployed; what was started is stopped again if that fails. */
export async function startFabric(options: FabricNetworkOptions): Promise<FabricNetwork> {
  const network = await openFabric(options);
  try {
    await network.deploy();
    return network;
  } catch (error) {
    await network.stop();
    throw error;
  }
}

/**
 * Builds Fabric where needed and starts 4 BFT orderers of 4 organisations, a peer and a chaincode server for each member.
 * From then on it follows the state file: another command may add an organisation or a chaincode version to it.
 */
export async function openFabric(options: FabricNetworkOptions): Promise<FabricNetwork> {
  const { directory, report } = options;
  const tools = await buildTools(options.toolsFolder, report);
  const release = becomeSupervisor(directory);
  try {
    const ended = await endLeftovers(directory);
    if (ended.length > 0) report(`ended ${ended.length} processes that an earlier run had left`);
    const plan = planNetwork(directory, stateOf(options));
    await assertPortsFree(plan);
    await createMaterial(plan, new Date());
    writeConfiguration(plan, tools);
    await createGenesis(plan, tools);
    return run(options, tools, release);
  } catch (error) {
    release();
    throw error;
  }
}

/** The state of the folder, made on the first start. */
function stateOf({
  directory,
  organizations,
  regulatorId,
  basePort,
  chaincode,
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
    organizations: [...organizations],
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

function run(
  { directory, report }: FabricNetworkOptions,
  tools: FabricTools,
  release: () => void,
): FabricNetwork {
  const processes = keepProcesses(directory, report);
  const state = (): NetworkState => readState(directory) as NetworkState; // written before this runs
  const plan = (): FabricPlan => planNetwork(directory, state());
  const wanted = () => programsOf(plan(), tools, state());
  const follow = (): void => {
    const programs = wanted();
    for (const program of programs) if (!processes.names().includes(program.name)) processes.start(program);
    for (const name of processes.names())
      if (!programs.some((program) => program.name === name)) void processes.end(name, 'SIGTERM'); // of a past version
  };
  follow();
  watchFile(stateFile(directory), { interval: 200 }, follow);
  return {
    directory,
    plan,
    tools,
    genesisFile: genesisFile({ directory }),
    processes,
    restart: (name) => {
      const program = wanted().find((each) => each.name === name);
      if (program !== undefined) processes.start(program);
    },
    deploy: () => deploy(directory, tools, report),
    stop: async () => {
      unwatchFile(stateFile(directory), follow);
      await processes.endAll();
      release();
    },
  };
}

/** Whatever of this was done before is found done. */
export async function deploy(
  directory: string,
  tools: FabricTools,
  report: (text: string) => void,
): Promise<void> {
  const state = readState(directory) as NetworkState;
  const plan = planNetwork(directory, state);
  await Promise.all(plan.orderers.map((orderer) => joinOrderer(plan, tools, orderer)));
  report(`${plan.orderers.length} orderers serve the channel`);
  await Promise.all(plan.peers.map((peer) => joinPeer(plan, tools, peer)));
  report(`${plan.peers.length} peers joined`);
  await Promise.all(
    plan.peers.map(async (peer) => {
      for (const definition of state.definitions) await installChaincode(plan, tools, { peer, definition });
    }),
  );
  const definition = state.definitions.at(-1);
  if (definition === undefined) throw new FabricNetworkError('STATE_INVALID', 'the state names no chaincode');
  await commitChaincode(plan, tools, definition);
  report(`chaincode ${plan.chaincode} ${definition.version} is committed by all organisations`);
  await proveReady(plan, state.readiness);
  report('a transaction was committed, and every organisation’s gateway finds endorsers');
  if (state.definitions.length > 1) writeState(directory, { ...state, definitions: [definition] });
}
