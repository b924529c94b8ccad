import type { AuditEntry } from '../audit/index.ts';
import type { ConsentEvidence, Permit, PreparedDecision } from '../consent/index.ts';
import type { LeafEvidence } from '../evidence-log/index.ts';
import type { Members } from '../identity/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { Clock } from '../lib/clock.ts';
import type { Queryable } from '../lib/sql.ts';
import type { AnchorBlocks, OpenedVersion } from '../records/index.ts';
import type { Anchor, ConsentPort } from './ports.ts';

type Place = { txId: string; blockNumber: number };

/** Whether a later transaction that read an anchor belongs into a bundle, and which one. */
export type Confirmation = { state: 'unneeded' } | { state: 'awaited' } | { state: 'confirmed'; by: Place };

/** Where leaves stand, and the blocks that anchor them (records/ `ProofPort` fits, but for the last). */
export type ProofPort = {
  proofsFor(leafIds: bigint[]): Promise<LeafEvidence[]>;
  blocks(place: { anchor: Place; confirmation?: Place | undefined }): Promise<AnchorBlocks>;
  /** For a partner's anchor of this size. */
  confirmationOf(organizationId: string, treeSize: number): Promise<Confirmation>;
};

/** What proves disclosures that this organisation made or received. */
export type ProofDeps = {
  db: Queryable;
  clock: Clock;
  members: Pick<Members, 'get'>;
  decisions: {
    prepare: ConsentPort['prepare'];
    releases: ConsentPort['releases'];
    permitGiven(decisionId: string): Promise<{ patientId: PatientId; decision: Permit } | undefined>;
  };
  consents: { evidence(version: { id: string; version: number }): Promise<ConsentEvidence | undefined> };
  records: {
    openVersion(asked: {
      patientId: PatientId;
      type: string;
      id: string;
      version: number;
    }): Promise<OpenedVersion | undefined>;
  };
  log: {
    findAnchor(organizationId: string, treeSize: number): Promise<(Anchor & { note: string }) | undefined>;
    findAccesses(by: { recordedAt: string }): Promise<{ content: Record<string, unknown> }[]>;
  };
  proofs: ProofPort;
  /** Resolves when the entry is durable, together with the decision it rests on. */
  access: { write(entry: AuditEntry, decision?: PreparedDecision['record']): Promise<void> };
};
