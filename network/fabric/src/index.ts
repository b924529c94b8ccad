export { FabricNetworkError, type FabricNetworkErrorCode } from './errors.ts';
export { type FabricNetwork, startFabric } from './network.ts';
export { type FabricPlan, genesisFile, type PeerPlan, planNetwork } from './plan.ts';
export type { FabricNetworkOptions } from './prepare.ts';
export { type FabricOrganization, readState } from './state.ts';
export { stopNetwork, supervisorOf } from './supervisor.ts';
export { fabricVersion, isBuilt, whyNoFabric } from './tools.ts';
