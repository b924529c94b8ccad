export type { ConsentDeps } from './consent-deps.ts';
export { type ConsentEvidence, consentEvidence } from './consent-evidence.ts';
export { startConsentSubmitter } from './consent-submitter.ts';
export { type Consents, createConsents } from './consents.ts';
export type { PreparedDecision } from './decide.ts';
export { createDecisions, type DecisionDeps, type Decisions } from './decisions.ts';
export type { ConsentDraft } from './draft.ts';
export { type ConsentCode, ConsentError } from './errors.ts';
export { outboxStatus } from './outbox-store.ts';
export { parseConsent } from './parse-consent.ts';
export type {
  AccessPort,
  AssertionPort,
  EvidencePort,
  LedgerPort,
  LedgerView,
  PolicyPort,
} from './ports.ts';
export { type ConsentTransaction, projectConsents } from './project-consents.ts';
export { verifyReceipt } from './receipt.ts';
export { findRecordedConsents, type RecordedConsent } from './recorded-consents.ts';
export { releases } from './releases.ts';
export type { Replay } from './replay.ts';
export type { RevocationDraft } from './revoke.ts';
export { type ConsentRouteDeps, consentRoutes } from './routes.ts';
export { type SubmitDeps, submitConsents } from './submit-consents.ts';
export type {
  Action,
  Consent,
  ConsentPurpose,
  ConsentResource,
  ConsentTerms,
  ConsentView,
  Decision,
  DecisionReceipt,
  DecisionRequest,
  Denial,
  Grant,
  LedgerState,
  Permit,
  Purpose,
  Reason,
  RecordDescriptor,
  RevocationStatement,
} from './types.ts';
