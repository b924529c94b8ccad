import type { ConsentVersion } from '@medseal/evidence';
import type { AuditEntry } from '../audit/index.ts';
import type { LeafEvidence } from '../evidence-log/index.ts';
import type { Queryable } from '../lib/sql.ts';

/** The ledger, as far as cases need it (adapters/fabric fits). */
export type LedgerPort = {
  submit(contract: string, transaction: string, args: string[]): Promise<{ txId: string }>;
};

/** Blocks for an archive (system/ `Ledger` fits). */
export type BlockPort = {
  block(number: number): Promise<Uint8Array>;
  /** Configuration blocks since the pinned genesis block, up to this block. */
  configsUpTo(number: number): Promise<Uint8Array[]>;
};

/** What a leaf of this organisation's log commits to, opened. */
export type FoundAccess = { content: Record<string, unknown>; salt: string; leafId: bigint };

/** The evidence log (evidence-log/ `EvidenceLog` fits). */
export type LogPort = {
  findAccesses(by: { eventId: string } | { recordedAt: string }): Promise<FoundAccess[]>;
  accessHistory(
    patientId: string,
    page: { from: number; count: number },
  ): Promise<readonly { content: Record<string, unknown> }[]>;
  proofsFor(leafIds: readonly bigint[]): Promise<LeafEvidence[]>;
  latestAnchor(organizationId: string): Promise<{ treeSize: number } | undefined>;
  /** The checkpoint of exactly this size that a member anchored. */
  findAnchor(
    organizationId: string,
    treeSize: number,
  ): Promise<{ rootHash: Uint8Array; txId: string; blockNumber: number } | undefined>;
};

/** Consents (consent/ `consentEvidence` and `findRecordedConsents` fit). */
export type ConsentPort = {
  /** What proves a version that this organisation keeps. */
  evidence(named: { id: string; version: number }): Promise<FoundAccess | undefined>;
  /** Every version, up to a block, of the consents under which an organisation recorded one of these commitments. */
  recorded(question: {
    organizationId: string;
    digests: readonly string[];
    highestBlock: number;
  }): Promise<readonly (ConsentVersion & { txId: string; blockNumber: number })[]>;
};

/** Decisions that this organisation made (consent/ `Decisions` fits). */
export type DecisionPort = {
  evidence(
    decisionId: string,
  ): Promise<{ receipt: Record<string, unknown>; salt: string; leafId: bigint } | undefined>;
};

/** Exchanges in which this organisation took part (exchange/ `findExchanges` fits). */
export type ExchangePort = {
  find(requestId: string): Promise<readonly FoundExchange[]>;
};
export type FoundExchange = {
  direction: 'asked' | 'answered';
  partner: string;
  at: string;
  receipt?: object | undefined;
};

/** Records accesses: `record` joins the caller's transaction, last in it; `write` has one of its own. */
export type AccessPort = {
  record(tx: Queryable, entries: AuditEntry[]): Promise<void>;
  write(entry: AuditEntry): Promise<void>;
};
