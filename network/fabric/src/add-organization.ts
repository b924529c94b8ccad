import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { approveChaincode, installChaincode } from './chaincode.ts';
import { joinPeer, ordererFlags } from './channel.ts';
import { eventually, runCommand } from './command.ts';
import {
  type Administrator,
  configOf,
  memberMspIds,
  membershipUpdate,
  signedUpdate,
} from './config-update.ts';
import { administratorEnvironment } from './environment.ts';
import { FabricNetworkError } from './errors.ts';
import { createMaterial } from './material.ts';
import { type FabricPlan, type PeerPlan, planNetwork } from './plan.ts';
import { assertPortsFree } from './ports.ts';
import { untilEndorsable } from './ready.ts';
import {
  type FabricOrganization,
  type NetworkState,
  readState,
  requireOrganizations,
  writeState,
} from './state.ts';
import type { FabricTools } from './tools.ts';

/**
 * Makes another organisation a member of the running channel: certificates, a change of the channel's configuration
 * signed by a majority of the members' administrators, a peer and a chaincode server, and its approval of the chaincode.
 * Run again after a failure, it goes on where it stopped.
 */
export async function addOrganization(
  directory: string,
  tools: FabricTools,
  { organization, report }: { organization: FabricOrganization; report: (text: string) => void },
): Promise<void> {
  const { state, before, plan, peer } = await planAddition(directory, organization);
  await createMaterial(plan, new Date());
  if (await changeConfiguration(before, tools, peer))
    report(`the channel’s configuration names ${peer.mspId}, by the signatures of a majority`);
  writeState(directory, state);
  await joinPeer(plan, tools, peer);
  report(`its peer joined at port ${peer.port}`);
  for (const definition of state.definitions) await installChaincode(plan, tools, { peer, definition });
  const definition = state.definitions.at(-1);
  if (definition !== undefined) {
    await eventually(() => approveChaincode(plan, tools, { peer, definition }), 60_000);
    report(`it approved chaincode ${plan.chaincode} ${definition.version}`);
  }
  await untilEndorsable(plan, state.readiness);
  report('every organisation’s gateway finds endorsers, the new one’s too');
}

async function planAddition(
  directory: string,
  organization: FabricOrganization,
): Promise<{ state: NetworkState; before: FabricPlan; plan: FabricPlan; peer: PeerPlan }> {
  const kept = readState(directory);
  if (kept === undefined) throw new FabricNetworkError('NOT_RUNNING', `there is no network in ${directory}`);
  const others = kept.organizations.filter(
    ({ organizationId, mspId }) =>
      organizationId !== organization.organizationId || mspId !== organization.mspId,
  );
  const organizations = [...others, organization];
  requireOrganizations(organizations);
  const started = others.length < kept.organizations.length;
  const state = started ? kept : { ...kept, organizations };
  const plan = planNetwork(directory, state);
  const peer = plan.peers.find(({ organizationId }) => organizationId === organization.organizationId);
  if (peer === undefined) throw new FabricNetworkError('STATE_INVALID', 'the plan lacks the organisation');
  if (!started) await assertPortsFree({ ...plan, orderers: [], peers: [peer] });
  const before = { ...plan, peers: plan.peers.filter((each) => each !== peer) };
  return { state, before, plan, peer };
}

/** Resolves to false where the organisation was a member before. */
async function changeConfiguration(
  before: FabricPlan,
  tools: FabricTools,
  joining: PeerPlan,
): Promise<boolean> {
  const [submitter] = before.peers;
  if (submitter === undefined) throw new FabricNetworkError('STATE_INVALID', 'nobody can admit a member');
  const folder = mkdtempSync(join(tmpdir(), 'medseal-config-'));
  const env = administratorEnvironment(before, submitter);
  const channel = ['-c', before.channel, ...ordererFlags(before)];
  try {
    const [fetched, update] = [join(folder, 'config.block'), join(folder, 'update.pb')];
    await runCommand(tools.peer, ['channel', 'fetch', 'config', fetched, ...channel], env);
    const config = configOf(readFileSync(fetched));
    if (memberMspIds(config).includes(joining.mspId)) return false;
    const change = membershipUpdate(config, before.channel, {
      mspId: joining.mspId,
      rootPem: readFileSync(join(joining.folder, 'organization-msp', 'cacerts', 'ca.pem'), 'utf8'),
      tlsRootPem: readFileSync(join(joining.folder, 'organization-msp', 'tlscacerts', 'tlsca.pem'), 'utf8'),
      anchorPeer: { host: joining.host, port: joining.port },
    });
    const majority = before.peers.slice(0, Math.floor(before.peers.length / 2) + 1);
    writeFileSync(update, signedUpdate(change, before.channel, majority.map(administratorOf)));
    await runCommand(tools.peer, ['channel', 'update', '-f', update, ...channel], env);
    return true;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The administrator of the organisation that a peer belongs to. */
export function administratorOf({ mspId, folder }: PeerPlan): Administrator {
  const pem = (...path: string[]): string => readFileSync(join(folder, 'admin-msp', ...path), 'utf8');
  return { mspId, certificate: pem('signcerts', 'cert.pem'), key: pem('keystore', 'key.pem') };
}
