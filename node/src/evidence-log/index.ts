export type { AccessWriter, Companion } from './access-writer.ts';
export type { AnchorOutcome } from './anchor.ts';
export { leafColumns } from './append.ts';
export { type EvidenceLogCode, EvidenceLogError } from './errors.ts';
export { createEvidenceLog, type EvidenceLog, type EvidenceLogDeps } from './evidence-log.ts';
export { createHistoryTiles, proveInHistory } from './history.ts';
export { keepBlock as keepHistoryBlock } from './history-store.ts';
export { findRecord as findNotaryRecord, highestRecord as highestNotaryRecord } from './notarize-store.ts';
export { type NotarizeWorkerDeps, runNotary } from './notarize-worker.ts';
export {
  type LedgerFailure,
  type LedgerPort,
  type LedgerTransaction,
  ledgerFailure,
  type NotaryOutcome,
  type NotaryPort,
  type NotaryRecord,
  type NotaryTransaction,
  type NotaryValue,
  type NotaryView,
} from './ports.ts';
export { evidenceLogRoutes } from './routes.ts';
export type { TileCache } from './tile-store.ts';
export type {
  AccessHistoryEntry,
  AnchoredCheckpoint,
  Leaf,
  LeafEvidence,
  LeafKind,
  LogStatus,
  NewLeaf,
  TreeHead,
} from './types.ts';
export type { LogProblem, LogVerdict } from './verify-log.ts';
export {
  createWitnessing,
  type Witnessing,
  type WitnessingDeps,
  type WitnessStatus,
} from './witness-module.ts';
export { witnessPeerRoutes, witnessRoutes } from './witness-routes.ts';
export { type AnchorPace, anchorPace } from './worker.ts';
