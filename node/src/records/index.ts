export { type RecordsCode, RecordsError } from './errors.ts';
export type { AccessPort, ConsentPort, LogPort, PseudonymPort } from './ports.ts';
export { type PseudonymWorkerDeps, resolvePseudonyms, runPseudonymWorker } from './pseudonym-worker.ts';
export type { AnchorBlocks, ProofPort } from './record-proof.ts';
export { createRecords, type Records } from './records.ts';
export type { ReleaseRequest } from './release.ts';
export { type RecordRouteDeps, recordRoutes } from './routes.ts';
export { openSealing, type Sealing, sealHere } from './sealing.ts';
export type { Caller, OpenedRecord, RecordsDeps, ReleasedRecord } from './types.ts';
