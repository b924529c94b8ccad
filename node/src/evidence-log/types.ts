import type { Leaf, LeafKind } from '@medseal/evidence';
import type { AuditEvent } from '../audit/index.ts';

export type { Leaf, LeafKind };

/** What is appended: the salted digest of something, and when it happened (ISO 8601, UTC, milliseconds). */
export type NewLeaf = { kind: LeafKind; digest: Uint8Array; at: string };

/** A leaf as the database keeps it. */
export type StoredLeaf = { leafId: bigint; kind: LeafKind; digest: Uint8Array; at: string };

/** The size and root of a log. */
export type TreeHead = { treeSize: number; rootHash: Uint8Array };

/** A checkpoint of a member's log as a valid block of the channel holds it. */
export type AnchoredCheckpoint = TreeHead & {
  organizationId: string;
  /** Signed note (C2SP). */
  note: string;
  txId: string;
  blockNumber: number;
};

/** Where a transaction is on the channel. */
export type LedgerPlace = { txId: string; blockNumber: number };

/** Where a leaf stands: proved against an anchored checkpoint, or not anchored yet. */
export type LeafEvidence =
  | {
      state: 'anchored';
      leaf: Leaf;
      leafIndex: number;
      /** Hex hashes, RFC 9162 §2.1.3.1. */
      inclusionProof: string[];
      /** Signed note of the checkpoint that the proof leads to. */
      checkpoint: string;
      anchor: LedgerPlace;
      /** A later transaction that read the anchor; only where such a one was asked for. */
      confirmation?: LedgerPlace;
    }
  | { state: 'pending'; leaf: Leaf };

/** One entry of a patient's own access history. `content` with `salt` gives the digest of the leaf. */
export type AccessHistoryEntry = {
  content: { v: 1; patientSeq: number; auditEvent: AuditEvent };
  /** Hex. */
  salt: string;
  evidence: LeafEvidence;
};

/** How far the log is. */
export type LogStatus = {
  treeSize: number;
  anchoredSize: number;
  /** Leaves that wait for their place in the tree, counted up to 10,000. */
  pending: number;
  /** Age of the oldest leaf that no confirmed checkpoint covers. */
  oldestUnanchoredAt: string | undefined;
  /** Code of what kept the last background round from anchoring; EVIDENCE_LOG_DIVERGED needs a human. */
  problem: string | undefined;
};
