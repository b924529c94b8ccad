import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, runCommand } from './command.ts';
import { administratorEnvironment } from './environment.ts';
import type { FabricPlan, OrdererPlan, PeerPlan } from './plan.ts';
import type { FabricTools } from './tools.ts';

export type ChaincodeDefinition = { version: string; sequence: number };

const label = (plan: FabricPlan, { version }: ChaincodeDefinition): string => `${plan.chaincode}_${version}`;

/** The package that a peer installs: where this organisation's chaincode server listens, and no code. */
async function writePackage(
  plan: FabricPlan,
  peer: PeerPlan,
  definition: ChaincodeDefinition,
): Promise<string> {
  const folder = join(peer.folder, 'chaincode', definition.version);
  mkdirSync(folder, { recursive: true });
  const connection = { address: `127.0.0.1:${peer.chaincodePort}`, dial_timeout: '10s', tls_required: false };
  writeFileSync(join(folder, 'connection.json'), JSON.stringify(connection));
  writeFileSync(
    join(folder, 'metadata.json'),
    JSON.stringify({ type: 'ccaas', label: label(plan, definition) }),
  );
  const tar = (file: string, ...members: string[]) =>
    runCommand('tar', [
      '--sort=name',
      '--mtime=@0',
      '--owner=0',
      '--group=0',
      '-C',
      folder,
      '-cf',
      file,
      ...members,
    ]);
  await tar(join(folder, 'code.tar'), 'connection.json');
  await runCommand('gzip', ['-nf', join(folder, 'code.tar')]);
  await tar(join(folder, 'package.tar'), 'metadata.json', 'code.tar.gz');
  await runCommand('gzip', ['-nf', join(folder, 'package.tar')]);
  return join(folder, 'package.tar.gz');
}

function ordererFlags({ port, folder }: OrdererPlan): string[] {
  return ['-o', `127.0.0.1:${port}`, '--tls', '--cafile', join(folder, 'tls', 'ca.crt')];
}

function definitionFlags(plan: FabricPlan, { version, sequence }: ChaincodeDefinition): string[] {
  return [
    '--channelID',
    plan.channel,
    '--name',
    plan.chaincode,
    '--version',
    version,
    '--sequence',
    String(sequence),
  ];
}

function firstOrderer(plan: FabricPlan): OrdererPlan {
  const [orderer] = plan.orderers;
  if (orderer === undefined) throw new Error('the plan has no orderer');
  return orderer;
}

/** Installs the package on the organisation's peer; resolves to the package id, under which its chaincode server registers. */
export async function installChaincode(
  plan: FabricPlan,
  tools: FabricTools,
  peer: PeerPlan,
  definition: ChaincodeDefinition,
): Promise<string> {
  const env = administratorEnvironment(plan, peer);
  const file = await writePackage(plan, peer, definition);
  const packageId = (
    await runCommand(tools.peer, ['lifecycle', 'chaincode', 'calculatepackageid', file], env)
  ).trim();
  const installed = await runCommand(
    tools.peer,
    ['lifecycle', 'chaincode', 'queryinstalled', '-O', 'json'],
    env,
  );
  if (!installed.includes(packageId))
    await runCommand(tools.peer, ['lifecycle', 'chaincode', 'install', file], env);
  return packageId;
}

/** The organisation agrees to the definition and to its own package. */
async function approveChaincode(
  plan: FabricPlan,
  tools: FabricTools,
  peer: PeerPlan,
  approval: ChaincodeDefinition & { packageId: string },
): Promise<void> {
  const flags = [
    ...ordererFlags(firstOrderer(plan)),
    ...definitionFlags(plan, approval),
    '--package-id',
    approval.packageId,
  ];
  await runCommand(
    tools.peer,
    ['lifecycle', 'chaincode', 'approveformyorg', ...flags],
    administratorEnvironment(plan, peer),
  );
}

async function isCommitted(
  plan: FabricPlan,
  tools: FabricTools,
  { version, sequence }: ChaincodeDefinition,
): Promise<boolean> {
  const [peer] = plan.peers;
  if (peer === undefined) return false;
  const env = administratorEnvironment(plan, peer);
  const text = await runCommand(
    tools.peer,
    ['lifecycle', 'chaincode', 'querycommitted', '--channelID', plan.channel, '-O', 'json'],
    env,
  );
  const { chaincode_definitions: definitions = [] } = JSON.parse(text) as {
    chaincode_definitions?: { name: string; version: string; sequence: number }[];
  };
  return definitions.some(
    (each) => each.name === plan.chaincode && each.version === version && each.sequence === sequence,
  );
}

/** Brings the definition into force: every organisation approves, one of them commits with the endorsement of all. */
export async function commitChaincode(
  plan: FabricPlan,
  tools: FabricTools,
  definition: ChaincodeDefinition,
  packageIds: ReadonlyMap<string, string>,
): Promise<void> {
  const [first] = plan.peers;
  if (first === undefined || (await isCommitted(plan, tools, definition))) return;
  for (const peer of plan.peers) {
    const packageId = packageIds.get(peer.organizationId) ?? '';
    await eventually(() => approveChaincode(plan, tools, peer, { ...definition, packageId }), 60_000);
  }
  const endorsers = plan.peers.flatMap(({ port, folder }) => [
    '--peerAddresses',
    `127.0.0.1:${port}`,
    '--tlsRootCertFiles',
    join(folder, 'tls', 'ca.crt'),
  ]);
  const flags = [...ordererFlags(firstOrderer(plan)), ...definitionFlags(plan, definition), ...endorsers];
  await eventually(
    () =>
      runCommand(
        tools.peer,
        ['lifecycle', 'chaincode', 'commit', ...flags],
        administratorEnvironment(plan, first),
      ),
    60_000,
  );
}

/** Arguments of the chaincode server of one organisation (chaincode as a service). */
export function chaincodeServerArguments(
  peer: PeerPlan,
  { shim, module, packageId }: { shim: string; module: string; packageId: string },
): string[] {
  return [
    shim,
    'server',
    '--chaincode-address',
    `127.0.0.1:${peer.chaincodePort}`,
    '--chaincode-id',
    packageId,
    '--module-path',
    module,
  ];
}
