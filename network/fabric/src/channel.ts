import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, runCommand } from './command.ts';
import { configtx } from './configtx.ts';
import { administratorEnvironment } from './environment.ts';
import type { FabricPlan, OrdererPlan, PeerPlan } from './plan.ts';
import type { FabricTools } from './tools.ts';

export const genesisFile = (plan: FabricPlan): string => join(plan.directory, 'genesis.block');

/** Fabric's own settings of this version; ours come by environment, except the external builder, which only a file can name. */
export function writeConfiguration(plan: FabricPlan, tools: FabricTools): void {
  const folder = join(plan.directory, 'config');
  mkdirSync(folder, { recursive: true });
  const builder = fileURLToPath(new URL('../builder', import.meta.url));
  const core = readFileSync(join(tools.sampleConfig, 'core.yaml'), 'utf8');
  const own = core.replace(
    / {2}externalBuilders:\n(?: {4,}.*\n)+/,
    `  externalBuilders:\n    - name: ccaas_builder\n      path: ${JSON.stringify(builder)}\n\n`,
  );
  if (own === core) throw new Error('core.yaml of this Fabric version has no external builder to replace');
  writeFileSync(join(folder, 'core.yaml'), own);
  writeFileSync(join(folder, 'orderer.yaml'), readFileSync(join(tools.sampleConfig, 'orderer.yaml')));
  writeFileSync(join(folder, 'configtx.yaml'), configtx(plan));
}

/** Makes the channel's genesis block, once: its hash is what every verifier pins. */
export async function createGenesis(plan: FabricPlan, tools: FabricTools): Promise<void> {
  if (existsSync(genesisFile(plan))) return;
  await runCommand(tools.configtxgen, [
    '-configPath',
    join(plan.directory, 'config'),
    '-profile',
    'Alliance',
    '-channelID',
    plan.channel,
    '-outputBlock',
    genesisFile(plan),
  ]);
}

/** Lets the orderer serve the channel; one that serves it already is left as it is. */
export async function joinOrderer(plan: FabricPlan, tools: FabricTools, orderer: OrdererPlan): Promise<void> {
  const tls = (file: string): string => join(orderer.folder, 'tls', file);
  const target = [
    '-o',
    `127.0.0.1:${orderer.adminPort}`,
    '--ca-file',
    tls('ca.crt'),
    '--client-cert',
    tls('server.crt'),
    '--client-key',
    tls('server.key'),
  ];
  const listed = await eventually(() => runCommand(tools.osnadmin, ['channel', 'list', ...target]), 30_000);
  if (listed.includes(`"${plan.channel}"`)) return;
  await runCommand(tools.osnadmin, [
    'channel',
    'join',
    '--channelID',
    plan.channel,
    '--config-block',
    genesisFile(plan),
    ...target,
  ]);
}

export async function joinPeer(plan: FabricPlan, tools: FabricTools, peer: PeerPlan): Promise<void> {
  const env = administratorEnvironment(plan, peer);
  const listed = await eventually(() => runCommand(tools.peer, ['channel', 'list'], env), 30_000);
  if (listed.split('\n').includes(plan.channel)) return;
  await runCommand(tools.peer, ['channel', 'join', '-b', genesisFile(plan)], env);
}

/** Folder of the chaincode's sources, which the chaincode servers run. */
export const chaincodeFolder = dirname(
  createRequire(import.meta.url).resolve('@medseal/chaincode/package.json'),
);
