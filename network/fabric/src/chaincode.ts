import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { endorserFlags, ordererFlags } from './channel.ts';
import { eventually, runCommand } from './command.ts';
import { administratorEnvironment } from './environment.ts';
import { FabricNetworkError } from './errors.ts';
import { chaincodePackage } from './package.ts';
import { chaincodePortOf, type FabricPlan, listenHost, type PeerPlan } from './plan.ts';
import type { Program } from './processes.ts';
import type { ChaincodeDefinition } from './state.ts';
import type { FabricTools } from './tools.ts';

/** Folder of the project's own contracts. */
export const chaincodeFolder = dirname(
  createRequire(import.meta.url).resolve('@medseal/chaincode/package.json'),
);

const lifecycle = (
  { plan, tools, peer }: { plan: FabricPlan; tools: FabricTools; peer: PeerPlan },
  args: readonly string[],
): Promise<string> =>
  runCommand(tools.peer, ['lifecycle', 'chaincode', ...args], administratorEnvironment(plan, peer));

function definitionFlags(plan: FabricPlan, { version, sequence }: ChaincodeDefinition): string[] {
  return [
    ...['--channelID', plan.channel, '--name', plan.chaincode],
    ...['--version', version, '--sequence', String(sequence)],
  ];
}

/** Installs the organisation's package on its peer, unless it is there. */
export async function installChaincode(
  plan: FabricPlan,
  tools: FabricTools,
  { peer, definition }: { peer: PeerPlan; definition: ChaincodeDefinition },
): Promise<void> {
  const { file, packageId } = chaincodePackage(plan, peer, definition);
  const installed = await lifecycle({ plan, tools, peer }, ['queryinstalled', '-O', 'json']);
  if (!installed.includes(packageId)) await lifecycle({ plan, tools, peer }, ['install', file]);
}

/** The organisation agrees to the definition and names its own package; saying it again changes nothing. */
export async function approveChaincode(
  plan: FabricPlan,
  tools: FabricTools,
  { peer, definition }: { peer: PeerPlan; definition: ChaincodeDefinition },
): Promise<void> {
  const { packageId } = chaincodePackage(plan, peer, definition);
  const named = ['--channelID', plan.channel, '--name', plan.chaincode];
  const sequence = ['--sequence', String(definition.sequence)];
  const approved = await lifecycle({ plan, tools, peer }, [
    'queryapproved',
    ...named,
    ...sequence,
    '-O',
    'json',
  ]).catch(
    () => '', // not approved yet, which is an error of this command
  );
  if (approved.includes(packageId)) return;
  const flags = [...ordererFlags(plan), ...definitionFlags(plan, definition), '--package-id', packageId];
  await lifecycle({ plan, tools, peer }, ['approveformyorg', ...flags]);
}

/** The definition in force on the channel, by the word of one peer. */
export async function committedDefinition(
  plan: FabricPlan,
  tools: FabricTools,
  peer: PeerPlan = firstPeer(plan),
): Promise<{ version: string; sequence: number } | undefined> {
  const text = await lifecycle({ plan, tools, peer }, [
    ...['querycommitted', '--channelID', plan.channel, '-O', 'json'],
  ]);
  const { chaincode_definitions: definitions = [] } = JSON.parse(text) as {
    chaincode_definitions?: { name: string; version: string; sequence: number }[];
  };
  return definitions.find(({ name }) => name === plan.chaincode);
}

/**
 * Brings the definition into force: every organisation approves, one of them commits with the endorsement of all.
 * Resolves once every peer has seen it.
 */
export async function commitChaincode(
  plan: FabricPlan,
  tools: FabricTools,
  definition: ChaincodeDefinition,
): Promise<void> {
  const isCommitted = async (peer?: PeerPlan): Promise<boolean> =>
    (await committedDefinition(plan, tools, peer))?.sequence === definition.sequence;
  if (!(await isCommitted())) {
    await Promise.all(
      plan.peers.map((peer) => eventually(() => approveChaincode(plan, tools, { peer, definition }), 60_000)),
    );
    const flags = [...ordererFlags(plan), ...definitionFlags(plan, definition), ...endorserFlags(plan.peers)];
    await eventually(() => lifecycle({ plan, tools, peer: firstPeer(plan) }, ['commit', ...flags]), 60_000);
  }
  for (const peer of plan.peers.slice(1))
    await eventually(async () => {
      if (!(await isCommitted(peer)))
        throw new FabricNetworkError('COMMAND_FAILED', `${peer.name} has not seen the new definition yet`);
    }, 60_000);
}

function firstPeer({ peers }: FabricPlan): PeerPlan {
  const [peer] = peers;
  if (peer === undefined) throw new FabricNetworkError('STATE_INVALID', 'the network has no organisation');
  return peer;
}

export const chaincodeServerName = ({ organizationId }: PeerPlan, { version }: ChaincodeDefinition): string =>
  `chaincode-${organizationId}-${version}`;

/** One organisation's chaincode server (chaincode as a service); only its own peer can connect. */
export function chaincodeServer(plan: FabricPlan, peer: PeerPlan, definition: ChaincodeDefinition): Program {
  const shim = createRequire(join(definition.source, 'package.json')).resolve('fabric-shim/cli.js');
  const tls = (file: string): string => join(peer.folder, 'chaincode', 'tls', 'server', file);
  const options = {
    '--chaincode-address': `${listenHost(peer.chaincodeHost)}:${chaincodePortOf(peer, definition)}`,
    '--chaincode-id': chaincodePackage(plan, peer, definition).packageId,
    '--chaincode-tls-cert-file': tls('server.crt'),
    '--chaincode-tls-key-file': tls('server.key'),
    '--chaincode-tls-client-cacert-file': tls('ca.crt'),
    '--module-path': definition.source,
  };
  return {
    name: chaincodeServerName(peer, definition),
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', shim, 'server', ...Object.entries(options).flat()],
    env: {
      CORE_CHAINCODE_LOGGING_LEVEL: 'ERROR',
      ...(plan.regulatorMspId === undefined ? {} : { MEDSEAL_REGULATOR_MSP: plan.regulatorMspId }),
    },
  };
}
