export { SoloError, type SoloErrorCode } from './errors.ts';
export { lockDirectory } from './lock.ts';
export {
  type CreateNetworkOptions,
  createNetwork,
  type Organization,
  ordererMspId,
} from './material/create-network.ts';
export { layoutOf } from './material/layout.ts';
export { type LedgerProcess, type SpawnLedgerOptions, spawnLedger } from './spawn-ledger.ts';
export { type Ledger, type StartLedgerOptions, startLedger, warning } from './start-ledger.ts';
