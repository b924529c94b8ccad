import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';
import { chaincodeServerArguments, commitChaincode, installChaincode } from './chaincode.ts';
import {
  chaincodeFolder,
  createGenesis,
  genesisFile,
  joinOrderer,
  joinPeer,
  writeConfiguration,
} from './channel.ts';
import { eventually, runCommand } from './command.ts';
import { administratorEnvironment, ordererEnvironment, peerEnvironment } from './environment.ts';
import { createMaterial } from './material.ts';
import { type FabricOrganization, type FabricPlan, type PeerPlan, planNetwork } from './plan.ts';
import { endLeftovers, keepProcesses, type Processes } from './processes.ts';
import { buildTools, type FabricTools } from './tools.ts';

export type FabricNetwork = {
  plan: FabricPlan;
  genesisFile: string;
  processes: Processes;
  /** Starts again an orderer, peer or chaincode server that was ended, by its name. */
  restart(name: string): Promise<void>;
  stop(): Promise<void>;
};

const definition = { version: '1.0', sequence: 1 };

/** Restarts must meet the ports and organisations of the first start, so these are written down beside the ledger. */
function keptOptions(
  directory: string,
  wanted: { organizations: readonly FabricOrganization[]; basePort: number },
): typeof wanted {
  const file = join(directory, 'network.json');
  mkdirSync(directory, { recursive: true });
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(wanted, undefined, 2));
  return JSON.parse(readFileSync(file, 'utf8')) as typeof wanted;
}

function portTaken(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      answer(true);
    });
    socket.once('error', () => answer(false));
  });
}

async function assertPortsFree({ orderers, peers }: FabricPlan): Promise<void> {
  for (const { port } of [...orderers, ...peers]) {
    if (await portTaken(port))
      throw new Error(`port ${port} is in use by another program; stop it or choose others with --ports`);
  }
}

/** How each process of the network is started, by its name. */
function starters(plan: FabricPlan, tools: FabricTools, processes: Processes): Map<string, () => void> {
  const orderers = plan.orderers.map((orderer): [string, () => void] => {
    const name = `orderer-${orderer.id}`;
    return [name, () => void processes.start(name, tools.orderer, [], ordererEnvironment(plan, orderer))];
  });
  const peers = plan.peers.map((peer): [string, () => void] => {
    const name = `peer-${peer.organizationId}`;
    return [
      name,
      () => void processes.start(name, tools.peer, ['node', 'start'], peerEnvironment(plan, peer)),
    ];
  });
  return new Map([...orderers, ...peers]);
}

function startChaincodeServer(processes: Processes, peer: PeerPlan, packageId: string): void {
  const shim = createRequire(join(chaincodeFolder, 'package.json')).resolve('fabric-shim/cli.js');
  const args = [
    '--disable-warning=ExperimentalWarning',
    ...chaincodeServerArguments(peer, { shim, module: chaincodeFolder, packageId }),
  ];
  processes.start(`chaincode-${peer.organizationId}`, process.execPath, args, { PATH: '/usr/bin:/bin' });
}

/** Names the regulator, once for the life of the channel; proves at the same time that all organisations endorse. */
async function initializeChaincode(plan: FabricPlan, tools: FabricTools, regulator: PeerPlan): Promise<void> {
  const [orderer] = plan.orderers;
  if (orderer === undefined) return;
  const endorsers = plan.peers.flatMap(({ port, folder }) => [
    '--peerAddresses',
    `127.0.0.1:${port}`,
    '--tlsRootCertFiles',
    join(folder, 'tls', 'ca.crt'),
  ]);
  const call = JSON.stringify({ function: 'member:initialize', Args: [regulator.mspId] });
  const env = administratorEnvironment(plan, regulator);
  const target = [
    '-o',
    `127.0.0.1:${orderer.port}`,
    '--tls',
    '--cafile',
    join(orderer.folder, 'tls', 'ca.crt'),
    '-C',
    plan.channel,
    '-n',
    plan.chaincode,
  ];
  await eventually(
    () =>
      runCommand(
        tools.peer,
        ['chaincode', 'invoke', ...target, ...endorsers, '--waitForEvent', '-c', call],
        env,
      ),
    90_000,
  );
}

/**
 * Builds Fabric where needed and starts 4 BFT orderers of 4 organisations, a peer and a chaincode server for each member;
 * creates the channel and deploys the chaincode on the first start. Resolves once a transaction was endorsed and committed.
 */
export async function startFabric(options: {
  directory: string;
  toolsFolder: string;
  organizations: readonly FabricOrganization[];
  regulatorId: string;
  basePort: number;
  report: (text: string) => void;
}): Promise<FabricNetwork> {
  const { directory, report } = options;
  const tools = await buildTools(options.toolsFolder, report);
  const ended = await endLeftovers(directory);
  if (ended.length > 0) report(`ended ${ended.length} processes that an earlier run had left`);
  const plan = planNetwork({
    directory,
    ...keptOptions(directory, { organizations: options.organizations, basePort: options.basePort }),
  });
  await assertPortsFree(plan);
  await createMaterial(plan, new Date());
  writeConfiguration(plan, tools);
  await createGenesis(plan, tools);
  const processes = keepProcesses(directory);
  const start = starters(plan, tools, processes);
  const packageIds = new Map<string, string>();
  try {
    for (const startOne of start.values()) startOne();
    await Promise.all(plan.orderers.map((orderer) => joinOrderer(plan, tools, orderer)));
    report('4 orderers serve the channel');
    await Promise.all(plan.peers.map((peer) => joinPeer(plan, tools, peer)));
    report(`${plan.peers.length} peers joined`);
    for (const peer of plan.peers)
      packageIds.set(peer.organizationId, await installChaincode(plan, tools, peer, definition));
    for (const peer of plan.peers)
      startChaincodeServer(processes, peer, packageIds.get(peer.organizationId) ?? '');
    await commitChaincode(plan, tools, definition, packageIds);
    report('chaincode committed by all organisations');
    const regulator = plan.peers.find(({ organizationId }) => organizationId === options.regulatorId);
    if (regulator === undefined)
      throw new Error(`the regulator ${options.regulatorId} is not among the organisations`);
    await initializeChaincode(plan, tools, regulator);
    report('a transaction was endorsed by all organisations and committed');
  } catch (error) {
    await processes.endAll();
    throw error;
  }
  return {
    plan,
    genesisFile: genesisFile(plan),
    processes,
    restart: async (name) => {
      const peer = plan.peers.find(({ organizationId }) => name === `chaincode-${organizationId}`);
      if (peer === undefined) start.get(name)?.();
      else startChaincodeServer(processes, peer, packageIds.get(peer.organizationId) ?? '');
    },
    stop: () => processes.endAll(),
  };
}
