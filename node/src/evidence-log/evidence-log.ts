import { logOrigin } from '@medseal/chaincode/rules';
import { type NoteSigner, noteSigner, verifierKey } from '@medseal/evidence';
import { type AuditEntry, type AuditSource, createAuditSeal } from '../audit/index.ts';
import { type KeyStore, patientToken } from '../crypto/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Database, Queryable } from '../lib/sql.ts';
import { accessHistory } from './access-history.ts';
import { type AccessWriter, createAccessWriter } from './access-writer.ts';
import { type AnchorDeps, type AnchorOutcome, anchor } from './anchor.ts';
import { append } from './append.ts';
import { findAnchor, followingAnchor, latestAnchor } from './checkpoint-store.ts';
import { projectAnchors } from './confirm.ts';
import { type FoundAccess, findAccesses } from './find-accesses.ts';
import { latestOnLedger } from './ledger-head.ts';
import type { LedgerPort, LedgerTransaction } from './ports.ts';
import { confirmedProofsFor, proofsFor } from './proofs.ts';
import { type AccessDeps, prepareAccess, recordAccess } from './record-access.ts';
import { sequence } from './sequence.ts';
import { logStatus } from './status.ts';
import { createTileCache } from './tile-store.ts';
import type { AccessHistoryEntry, AnchoredCheckpoint, LeafEvidence, LogStatus, NewLeaf } from './types.ts';
import { type LogVerdict, verifyLog } from './verify-log.ts';
import { type AnchorPace, startAnchoring } from './worker.ts';

export type EvidenceLogDeps = {
  db: Database;
  keyStore: KeyStore;
  source: AuditSource;
  ledger: LedgerPort;
  clock: Clock;
  logger: Logger;
  pace?: AnchorPace;
  /** Whether anchors are read back, so that proofs can carry a confirmation; off unless said. */
  readsBack?: boolean;
};

/** The organisation's evidence log. */
export type EvidenceLog = {
  /** Appends leaves in the caller's transaction; returns their ids in the same order. */
  append(tx: Queryable, leaves: readonly NewLeaf[]): Promise<bigint[]>;
  /** Records accesses in the caller's transaction: audit event, leaf, patient's sequence. Once a transaction, last. */
  recordAccess(tx: Queryable, entries: readonly AuditEntry[]): Promise<void>;
  /** Records accesses that have no transaction, many in one commit. */
  accessWriter: AccessWriter;
  /** Proves leaves against the latest anchored checkpoint, or the latest up to a block, in the order asked. */
  proofsFor(leafIds: readonly bigint[], highestBlock?: number): Promise<LeafEvidence[]>;
  /** As `proofsFor`, against the latest anchor that a later transaction read; that one is named too. */
  confirmedProofsFor(leafIds: readonly bigint[], highestBlock?: number): Promise<LeafEvidence[]>;
  /** A patient's accesses from place `from` (1 is the first), at most 500, with proofs. */
  accessHistory(patientId: string, page: { from: number; count: number }): Promise<AccessHistoryEntry[]>;
  /** Accesses by the id of their event, or all of one instant, opened. */
  findAccesses(by: { eventId: string } | { recordedAt: string }): Promise<FoundAccess[]>;
  /** Projects a verified transaction; called in the block listener's SQL transaction. */
  projectAnchors(tx: Queryable, transaction: LedgerTransaction): Promise<void>;
  /** The checkpoint a member anchored at exactly this size, by our own projection. */
  findAnchor(organizationId: string, treeSize: number): Promise<AnchoredCheckpoint | undefined>;
  latestAnchor(organizationId: string): Promise<AnchoredCheckpoint | undefined>;
  /** The anchor after the one of this size: its transaction read that one. */
  followingAnchor(organizationId: string, treeSize: number): Promise<AnchoredCheckpoint | undefined>;
  /** Places every committed leaf in the tree and anchors it once; what the worker does all the time. */
  anchorNow(): Promise<AnchorOutcome>;
  /** Recomputes the whole log and holds it against the ledger's latest anchor. */
  verifyOwnLog(): Promise<LogVerdict>;
  status(): Promise<LogStatus>;
  /** The log's public key as the ledger wants it (member entry, `logKey`). */
  logKey: string;
  /** Starts placing and anchoring in the background. */
  start(): { stop(): Promise<void> };
};

/** Builds the log over the node's database, keys and ledger. */
export function createEvidenceLog(deps: EvidenceLogDeps): EvidenceLog {
  const { db, keyStore, source, ledger, clock, logger } = deps;
  const { organizationId } = source;
  const tiles = createTileCache();
  const seal = createAuditSeal(keyStore, organizationId);
  const tokenOf = (patientId: string): Uint8Array => patientToken(keyStore, patientId as PatientId);
  const access: AccessDeps = { source, seal, tokenOf };
  const anchoring: AnchorDeps = {
    db,
    ledger,
    tiles,
    signer: logSigner(keyStore, organizationId),
    organizationId,
    clock,
  };
  let problem: string | undefined;
  return {
    append,
    recordAccess: async (tx, entries) => {
      const accesses = entries.map((entry) => prepareAccess(entry, access));
      await recordAccess(tx, accesses, access);
    },
    accessWriter: createAccessWriter({ db, ...access }),
    proofsFor: (leafIds, highestBlock) =>
      proofsFor(db, leafIds, { tiles, tenant: organizationId, highestBlock }),
    confirmedProofsFor: (leafIds, highestBlock) =>
      confirmedProofsFor(db, leafIds, { tiles, tenant: organizationId, highestBlock }),
    accessHistory: (patientId, page) =>
      accessHistory(
        db,
        { patientToken: tokenOf(patientId), ...page },
        { seal, tiles, tenant: organizationId },
      ),
    findAccesses: (by) => findAccesses(db, by, { seal }),
    projectAnchors: (tx, transaction) =>
      projectAnchors(tx, transaction, { organizationId, confirmedAt: clock.now().toISOString() }),
    findAnchor: (memberId, treeSize) => findAnchor(db, memberId, treeSize),
    latestAnchor: (memberId) => latestAnchor(db, memberId),
    followingAnchor: (memberId, treeSize) => followingAnchor(db, memberId, treeSize),
    anchorNow: async () => {
      await sequence(db, organizationId);
      return anchor(anchoring);
    },
    verifyOwnLog: async () =>
      verifyLog(db, { tenant: organizationId, anchored: await latestOnLedger(ledger, organizationId) }),
    status: async () => ({ ...(await logStatus(db, organizationId)), problem }),
    logKey: verifierKey(logOrigin(organizationId), keyStore.publicKey('log')),
    start: () => {
      const report = (found: string | undefined): void => {
        problem = found;
      };
      return startAnchoring({ ...anchoring, logger, report, readsBack: deps.readsBack ?? false }, deps.pace);
    },
  };
}

function logSigner(keyStore: KeyStore, organizationId: string): NoteSigner {
  return noteSigner(logOrigin(organizationId), keyStore.publicKey('log'), (text) =>
    keyStore.sign('log', text),
  );
}
