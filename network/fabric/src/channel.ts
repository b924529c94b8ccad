import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, runCommand } from './command.ts';
import { configtx } from './configtx.ts';
import { administratorEnvironment } from './environment.ts';
import { FabricNetworkError } from './errors.ts';
import { type FabricPlan, genesisFile, type OrdererPlan, type PeerPlan } from './plan.ts';
import type { FabricTools } from './tools.ts';

/** Fabric's own settings of this version; ours come by environment, except the external builder, which only a file can name. */
export function writeConfiguration(plan: FabricPlan, tools: FabricTools): void {
  const folder = join(plan.directory, 'config');
  mkdirSync(folder, { recursive: true });
  // A copy, since the peer may run where this repository is not.
  cpSync(fileURLToPath(new URL('../builder', import.meta.url)), join(folder, 'builder'), { recursive: true });
  const core = readFileSync(join(tools.sampleConfig, 'core.yaml'), 'utf8');
  const own = core.replace(
    / {2}externalBuilders:\n(?: {4,}.*\n)+/,
    `  externalBuilders:\n    - name: ccaas_builder\n      path: ${JSON.stringify(join(folder, 'builder'))}\n\n`,
  );
  if (own === core)
    throw new FabricNetworkError(
      'CONFIG_UNEXPECTED',
      'core.yaml of this Fabric version has no external builder to replace',
    );
  writeFileSync(join(folder, 'core.yaml'), own);
  writeFileSync(join(folder, 'orderer.yaml'), readFileSync(join(tools.sampleConfig, 'orderer.yaml')));
  if (!existsSync(genesisFile(plan))) writeFileSync(join(folder, 'configtx.yaml'), configtx(plan));
}

/** Makes the channel's genesis block, once: its hash is what every verifier pins. */
export async function createGenesis(plan: FabricPlan, tools: FabricTools): Promise<void> {
  if (existsSync(genesisFile(plan))) return;
  await runCommand(tools.configtxgen, [
    ...['-configPath', join(plan.directory, 'config')],
    ...['-profile', 'Alliance', '-channelID', plan.channel],
    ...['-outputBlock', genesisFile(plan)],
  ]);
}

/** Lets the orderer serve the channel; one that serves it already is left as it is. */
export async function joinOrderer(plan: FabricPlan, tools: FabricTools, orderer: OrdererPlan): Promise<void> {
  const tls = (file: string): string => join(orderer.folder, 'tls', file);
  const target = [
    ...['-o', `${orderer.host}:${orderer.adminPort}`, '--ca-file', tls('ca.crt')],
    ...['--client-cert', tls('server.crt'), '--client-key', tls('server.key')],
  ];
  const listed = await eventually(() => runCommand(tools.osnadmin, ['channel', 'list', ...target]), 30_000);
  if (listed.includes(`"${plan.channel}"`)) return;
  const channel = ['--channelID', plan.channel, '--config-block', genesisFile(plan)];
  await runCommand(tools.osnadmin, ['channel', 'join', ...channel, ...target]);
}

/** Lets the peer follow the channel from its first block on. */
export async function joinPeer(plan: FabricPlan, tools: FabricTools, peer: PeerPlan): Promise<void> {
  const env = administratorEnvironment(plan, peer);
  const listed = await eventually(() => runCommand(tools.peer, ['channel', 'list'], env), 30_000);
  if (listed.split('\n').includes(plan.channel)) return;
  await runCommand(tools.peer, ['channel', 'join', '-b', genesisFile(plan)], env);
}

/** Flags of the `peer` command line that name an orderer and the authority of its certificate. */
export function ordererFlags({ orderers }: FabricPlan): string[] {
  const [orderer] = orderers;
  if (orderer === undefined) throw new FabricNetworkError('STATE_INVALID', 'the plan has no orderer');
  return [
    ...['-o', `${orderer.host}:${orderer.port}`],
    ...['--tls', '--cafile', join(orderer.folder, 'tls', 'ca.crt')],
  ];
}

/** Flags of the `peer` command line that name the peers to endorse. */
export function endorserFlags(peers: readonly PeerPlan[]): string[] {
  return peers.flatMap(({ host, port, folder }) => [
    ...['--peerAddresses', `${host}:${port}`],
    ...['--tlsRootCertFiles', join(folder, 'tls', 'ca.crt')],
  ]);
}
