import { canonicalJson, fromHex, hex, sha256 } from '@medseal/evidence';
import { type KeyStore, openPatientKey } from '../crypto/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { Queryable } from '../lib/sql.ts';
import { decisionOf } from './decide.ts';
import { type DecisionContent, openDecision } from './decision-log.ts';
import { findDecision, findPolicy } from './decision-store.ts';
import { ConsentError } from './errors.ts';
import { type PolicyOutcome, parseOutcome, policyUnavailable } from './policy-outcome.ts';
import type { PolicyPort } from './ports.ts';
import { inputDigest, verifyReceipt } from './receipt.ts';
import type { DecisionReceipt, Finding, Permit, Reason } from './types.ts';

export type ReplayDeps = { db: Queryable; keyStore: KeyStore; tenant: string; policy: PolicyPort };

export type Replay = {
  receipt: DecisionReceipt;
  /** The one whose records it was about, by FHIR id; null where nobody was known. */
  patientId: string | null;
  reasons: readonly Reason[];
  /** Why single consents did not count; for the custodian only. */
  findings: readonly Finding[];
  checks: {
    /** The receipt's signatures hold and the sealed input is the one it commits to. */
    receiptHolds: boolean;
    /** The policy of that day is at hand and has the digest of the receipt. */
    policyKept: boolean;
    /** Evaluated again, the same input gives the same outcome. */
    sameOutcome: boolean;
  };
};

/**
 * Makes an earlier decision again, from its sealed input and the policy of that day. DECISION_NOT_FOUND when there is none
 * or its patient was erased; DECISION_UNREADABLE when the row was altered.
 */
export async function replayDecision(decisionId: string, deps: ReplayDeps): Promise<Replay> {
  const { content, patientErased } = await storedDecision(decisionId, deps);
  if (content === undefined || patientErased) throw new ConsentError('DECISION_NOT_FOUND');
  const { receipt, input, outcome } = content;
  const again = await evaluateAgain(content, deps);
  return {
    receipt,
    patientId: input.patient ?? null,
    reasons: outcome.permit ? [] : outcome.reasons,
    findings: outcome.permit ? [] : outcome.findings,
    checks: {
      receiptHolds: receiptHolds(content, decisionId, deps),
      policyKept: again !== undefined,
      sameOutcome: again !== undefined && canonicalJson(again) === canonicalJson(outcome),
    },
  };
}

type StoredContent =
  | { content: DecisionContent; leafId: bigint; patientErased: false }
  | { content: undefined; patientErased: boolean };

/** A decision's receipt with what proves it in the log: `salt` (hex) of its leaf's digest. Undefined as in `replayDecision`. */
export async function decisionEvidence(
  decisionId: string,
  deps: Pick<ReplayDeps, 'db' | 'keyStore' | 'tenant'>,
): Promise<{ receipt: DecisionReceipt; salt: string; leafId: bigint } | undefined> {
  const stored = await storedDecision(decisionId, deps);
  if (stored.content === undefined) return undefined;
  const { receipt, salt } = stored.content;
  return { receipt, salt, leafId: stored.leafId };
}

/** A permit as it was given, and whose records it is about. Undefined where there is none, or its patient was erased. */
export async function permitGiven(
  decisionId: string,
  deps: Pick<ReplayDeps, 'db' | 'keyStore' | 'tenant'>,
): Promise<{ patientId: PatientId; decision: Permit } | undefined> {
  const { content, patientErased } = await storedDecision(decisionId, deps);
  const patientId = content?.input.patient ?? null;
  if (content === undefined || patientErased || patientId === null) return undefined;
  const decision = decisionOf(content.outcome, content.receipt);
  return decision.permit ? { patientId: patientId as PatientId, decision } : undefined;
}

async function storedDecision(
  decisionId: string,
  { db, keyStore, tenant }: Pick<ReplayDeps, 'db' | 'keyStore' | 'tenant'>,
): Promise<StoredContent> {
  const row = await findDecision(db, decisionId);
  if (row === undefined) return { content: undefined, patientErased: false };
  const key = openPatientKey(
    { patient_token: row.patient_token, wrapped_key: row.patient_wrapped_key },
    keyStore,
  );
  if (key === undefined) return { content: undefined, patientErased: true };
  try {
    const sealed = { wrappedKey: row.wrapped_key, body: row.body_sealed };
    const content = openDecision(sealed, { key, decisionId, tenant });
    return { content, leafId: BigInt(row.leaf_id), patientErased: false };
  } catch (cause) {
    throw new ConsentError('DECISION_UNREADABLE', { cause });
  }
}

function receiptHolds(
  { receipt, input, salt }: DecisionContent,
  decisionId: string,
  deps: ReplayDeps,
): boolean {
  return (
    receipt.decisionId === decisionId &&
    receipt.organizationId === deps.tenant &&
    verifyReceipt(receipt, hex(deps.keyStore.publicKey('message'))) &&
    inputDigest(input, fromHex(salt)) === receipt.inputDigest
  );
}

async function evaluateAgain(
  { receipt, input }: DecisionContent,
  { db, policy }: ReplayDeps,
): Promise<PolicyOutcome | undefined> {
  const digest = receipt.policyDigest;
  const wasm = digest === policy.digest ? policy.wasm : await findPolicy(db, digest);
  if (wasm === undefined || hex(sha256(wasm)) !== digest) return undefined;
  try {
    return parseOutcome(policy.evaluateWith({ digest, wasm }, input));
  } catch {
    return policyUnavailable;
  }
}
