export { type FabricNetwork, startFabric } from './network.ts';
export { type FabricOrganization, type FabricPlan, type PeerPlan, planNetwork } from './plan.ts';
export { endLeftovers, leftovers } from './processes.ts';
export { fabricVersion, hasGo } from './tools.ts';
