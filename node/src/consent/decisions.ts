import { hex } from '@medseal/evidence';
import { createKeys, directoryToken, type KeyStore, type PatientKey } from '../crypto/index.ts';
import type { Members } from '../identity/index.ts';
import type { OrganizationId } from '../lib/brand.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Database, Queryable } from '../lib/sql.ts';
import { type DecideDeps, decide, type PreparedDecision, prepareDecision } from './decide.ts';
import { createDecisionLog } from './decision-log.ts';
import { keepPolicy } from './decision-store.ts';
import type { LedgerView, PolicyPort } from './ports.ts';
import { receiptSigner } from './receipt.ts';
import { releases } from './releases.ts';
import { decisionEvidence, permitGiven, type Replay, replayDecision } from './replay.ts';
import { stillHolds } from './still-holds.ts';
import type { Decision, DecisionRequest, RecordDescriptor } from './types.ts';

/** The node's decision point. */
export type Decisions = {
  /** Resolves when the decision is durable. */
  decide(request: DecisionRequest): Promise<Decision>;
  /** Leaves it to the caller to make the decision durable, before anything is released. */
  prepare(request: DecisionRequest, key?: PatientKey): Promise<PreparedDecision>;
  releases(decision: Decision, descriptor: RecordDescriptor): 'release' | 'withhold';
  /** Whether the consents a permit rests on are unchanged; a revocation waits until `tx` ends. */
  stillHolds(tx: Queryable, decision: Pick<Decision, 'permit' | 'receipt'>): Promise<boolean>;
  replay(decisionId: string): Promise<Replay>;
  /** What proves a decision in the log; undefined where there is none, or its patient was erased. */
  evidence: (decisionId: string) => ReturnType<typeof decisionEvidence>;
  /** A permit as it was given, and whose records it is about; undefined as above. */
  permitGiven: (decisionId: string) => ReturnType<typeof permitGiven>;
};

export type DecisionDeps = {
  db: Database;
  /**
   * Writes the decisions, over connections of its own: a transaction that waits for a decision holds one of `db`, and
   * as many of them as there are connections would wait for each other.
   */
  journal: Database;
  keyStore: KeyStore;
  clock: Clock;
  tenant: OrganizationId;
  members: Pick<Members, 'get'>;
  ledgerView: LedgerView;
  policy: PolicyPort;
  logger: Logger;
};

/** Opens the decision point. The policy is kept in the database first, so that every decision can be replayed. */
export async function createDecisions(deps: DecisionDeps): Promise<Decisions> {
  const { journal, keyStore, tenant, policy, clock } = deps;
  await keepPolicy(journal, { digest: policy.digest, wasm: policy.wasm, at: clock.now() });
  // Here already, so that no decision waits for a transaction that creates it and itself waits for the decision.
  const directory = directoryToken(keyStore);
  const keys = await createKeys(journal, [directory], { keyStore, at: clock.now() });
  const directoryKey = keys.get(hex(directory));
  if (directoryKey === undefined) throw new Error('no key to seal decisions about nobody with');
  const decideDeps: DecideDeps = {
    ...deps,
    decisions: createDecisionLog({ ...deps, db: journal, directoryKey }),
    signReceipt: receiptSigner(tenant, keyStore),
  };
  return {
    decide: (request) => decide(request, decideDeps),
    prepare: (request, key) => prepareDecision(request, decideDeps, key),
    releases,
    stillHolds: (tx, decision) => stillHolds(tx, decision, keyStore),
    replay: (decisionId) => replayDecision(decisionId, deps),
    evidence: (decisionId) => decisionEvidence(decisionId, deps),
    permitGiven: (decisionId) => permitGiven(decisionId, deps),
  };
}
