import { unwatchFile, watchFile } from 'node:fs';
import { commitChaincode, installChaincode } from './chaincode.ts';
import { joinOrderer, joinPeer } from './channel.ts';
import { FabricNetworkError } from './errors.ts';
import { endLeftovers } from './leftovers.ts';
import { type FabricPlan, genesisFile, planNetwork } from './plan.ts';
import { assertPortsFree } from './ports.ts';
import { type FabricNetworkOptions, prepare, stateOf } from './prepare.ts';
import { keepProcesses, type Processes } from './processes.ts';
import { programsOf } from './programs.ts';
import { proveReady } from './ready.ts';
import { type NetworkState, readState, stateFile, writeState } from './state.ts';
import { becomeSupervisor } from './supervisor.ts';
import { buildTools, type FabricTools } from './tools.ts';
import { watchOrderers } from './watch-orderers.ts';

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
    await assertPortsFree(planNetwork(directory, stateOf(options)));
    await prepare(options, tools);
    return run(options, tools, release);
  } catch (error) {
    release();
    throw error;
  }
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
  const endWatch = watchOrderers(plan, processes, report);
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
      await endWatch();
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
