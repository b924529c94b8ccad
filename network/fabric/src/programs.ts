import { chaincodeServer } from './chaincode.ts';
import { ordererEnvironment, peerEnvironment } from './environment.ts';
import type { FabricPlan } from './plan.ts';
import type { Program } from './processes.ts';
import type { NetworkState } from './state.ts';
import type { FabricTools } from './tools.ts';

/** Every program that is to run, in the order of starting. */
export function programsOf(plan: FabricPlan, tools: FabricTools, { definitions }: NetworkState): Program[] {
  return [
    ...plan.orderers.map((orderer) => ({
      name: orderer.name,
      command: tools.orderer,
      args: [],
      env: ordererEnvironment(plan, orderer),
    })),
    ...plan.peers.map((peer) => ({
      name: peer.name,
      command: tools.peer,
      args: ['node', 'start'],
      env: peerEnvironment(plan, peer),
    })),
    ...plan.peers.flatMap((peer) => definitions.map((definition) => chaincodeServer(plan, peer, definition))),
  ];
}
