import { hex } from '@medseal/evidence';
import { type KeyStore, type PatientKey, patientToken } from '../crypto/index.ts';
import type { Companion } from '../evidence-log/index.ts';
import type { Members } from '../identity/index.ts';
import type { OrganizationId, PatientId } from '../lib/brand.ts';
import type { Clock } from '../lib/clock.ts';
import { newId, newSecret } from '../lib/ids.ts';
import type { Logger } from '../lib/logger.ts';
import type { Queryable } from '../lib/sql.ts';
import { type ConsentRow, findForRecipient } from './consent-store.ts';
import type { DecisionEntry, DecisionLog } from './decision-log.ts';
import { ledgerState } from './ledger-state.ts';
import { openConsentRow } from './open-consent.ts';
import {
  type PolicyConsent,
  type PolicyInput,
  policyConsent,
  policyInput,
  type UnreadableConsent,
} from './policy-input.ts';
import { type PolicyOutcome, parseOutcome, policyUnavailable } from './policy-outcome.ts';
import type { LedgerView, PolicyPort } from './ports.ts';
import { inputDigest, type ReceiptSigner } from './receipt.ts';
import { recipientToken } from './tokens.ts';
import type { Decision, DecisionReceipt, DecisionRequest } from './types.ts';

/** A decision that is not durable before its `record` is written, or `keep` has resolved. */
export type PreparedDecision = {
  decision: Decision;
  record: Companion;
  /** Makes the decision durable by itself. */
  keep(): Promise<void>;
};

/** What deciding needs. */
export type DecideDeps = {
  db: Queryable;
  keyStore: KeyStore;
  clock: Clock;
  tenant: OrganizationId;
  members: Pick<Members, 'get'>;
  ledgerView: LedgerView;
  policy: PolicyPort;
  decisions: DecisionLog;
  signReceipt: ReceiptSigner;
  logger: Logger;
};

/**
 * Decides whether an actor may do this to a patient's records, and leaves a signed receipt, durable before this resolves.
 * A policy that cannot answer denies. Rejects when the database fails: then there is no decision, and nothing may be
 * released.
 */
export async function decide(request: DecisionRequest, deps: DecideDeps): Promise<Decision> {
  const { decision, entry } = await evaluateRequest(request, deps);
  await deps.decisions.write(entry);
  return decision;
}

/**
 * Decides like `decide` and leaves it to the caller to make `record` durable, in one transaction with what the caller
 * writes anyway. Nothing may be released before that. `key` is the patient's, where the caller has it.
 */
export async function prepareDecision(
  request: DecisionRequest,
  deps: DecideDeps,
  key?: PatientKey,
): Promise<PreparedDecision> {
  const { decision, entry } = await evaluateRequest(request, deps);
  const known = { ...entry, key };
  return {
    decision,
    record: { entry: known, write: deps.decisions.join },
    keep: () => deps.decisions.write(known),
  };
}

async function evaluateRequest(
  request: DecisionRequest,
  deps: DecideDeps,
): Promise<{ decision: Decision; entry: DecisionEntry }> {
  const input = await gatherInput(request, deps);
  const outcome = evaluate(input, deps);
  const salt = newSecret(32);
  const receipt = deps.signReceipt({
    decisionId: newId(),
    organizationId: deps.tenant,
    at: deps.clock.now().toISOString(),
    permit: outcome.permit,
    ruleIds: outcome.rules,
    consents: outcome.permit ? consentsOf(outcome) : [],
    policyDigest: deps.policy.digest,
    inputDigest: inputDigest(input, salt),
  });
  const content = { v: 1 as const, salt: hex(salt), input, outcome, receipt };
  return { decision: decisionOf(outcome, receipt), entry: { patientId: request.patient, content } };
}

async function gatherInput(request: DecisionRequest, deps: DecideDeps): Promise<PolicyInput> {
  const { actor, patient } = request;
  const isPeer = actor.kind === 'peer';
  const [member, consents] = isPeer
    ? await Promise.all([
        deps.members.get(actor.organizationId),
        consentsFor(patient, actor.organizationId, deps),
      ])
    : [undefined, []];
  const input = policyInput(request, {
    organizationId: deps.tenant,
    freshUntil: deps.ledgerView.freshUntil(),
    memberState: member?.state,
    consents,
  });
  return asJson(input);
}

/** The same statement is run for a patient who is not here, so that the answer takes as long. */
async function consentsFor(
  patient: PatientId | undefined,
  organizationId: string,
  deps: DecideDeps,
): Promise<(PolicyConsent | UnreadableConsent)[]> {
  const rows = await findForRecipient(deps.db, {
    patientToken: patientToken(deps.keyStore, patient ?? (newId() as PatientId)),
    recipientToken: recipientToken(deps.keyStore, organizationId),
  });
  return rows.flatMap((row) => readConsent(row, deps));
}

function readConsent(row: ConsentRow, deps: DecideDeps): (PolicyConsent | UnreadableConsent)[] {
  try {
    const opened = openConsentRow(row, deps);
    if (opened === undefined) return [];
    return [policyConsent(opened.consent, { version: row.version, ledger: ledgerState(row, deps) })];
  } catch (error) {
    deps.logger.error('consent.unreadable', { ledgerId: row.ledger_id, version: row.version, error });
    return [{ id: row.ledger_id }];
  }
}

/** The input as the policy will read it: what JSON cannot say is gone, and the policy refuses what is then missing. */
function asJson(input: PolicyInput): PolicyInput {
  try {
    const text = JSON.stringify(input);
    // Half a surrogate pair is written as an escape; it has no canonical form.
    return /\\ud[89a-f]/.test(text) ? ({} as PolicyInput) : JSON.parse(text);
  } catch {
    return {} as PolicyInput;
  }
}

function evaluate(input: PolicyInput, { policy, logger }: DecideDeps): PolicyOutcome {
  try {
    return parseOutcome(policy.evaluate(input));
  } catch (error) {
    logger.error('policy.unavailable', { policyDigest: policy.digest, error });
    return policyUnavailable;
  }
}

function consentsOf(outcome: PolicyOutcome & { permit: true }): DecisionReceipt['consents'] {
  return outcome.grants.flatMap(({ consentId: id, consentVersion: version }) =>
    id === undefined || version === undefined ? [] : [{ id, version }],
  );
}

/** The decision that an outcome of the policy is, with the receipt that was signed for it. */
export function decisionOf(outcome: PolicyOutcome, receipt: DecisionReceipt): Decision {
  if (!outcome.permit) return { permit: false, reasons: outcome.reasons, receipt };
  const { exclusions, redactions, obligations } = outcome;
  const grants = outcome.grants.map((grant) => ({ ...grant, exclusions }));
  return { permit: true, grants, redactions, obligations, receipt };
}
