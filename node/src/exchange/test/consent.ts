import { type Decision, type DecisionRequest, releases } from '../../consent/index.ts';
import { receiptSigner } from '../../consent/receipt.ts';
import type { KeyStore } from '../../crypto/index.ts';
import type { OrganizationId, PatientId } from '../../lib/brand.ts';
import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/ids.ts';
import type { ConsentPort } from '../ports.ts';

/** A patient's word, reduced to what the exchange can tell apart. */
export type TestGrant = { id: string; version: number; recipient: string; types: string[] };

/** Decides by a table, with real signed receipts; the real policy is tested in consent/. */
export type TestConsent = ConsentPort & {
  grants: Map<PatientId, TestGrant>;
  redactions: string[];
  /** Called once, after the next decision and before its answer is written. */
  afterDecision: (() => void) | undefined;
  requests: DecisionRequest[];
};

const noConsent = {
  rule: 'consent.none',
  zh: '没有允许贵机构这样查看的患者授权。',
  en: 'There is no patient consent that allows your organisation to see this.',
  next: { zh: '请患者授权后再试。', en: 'Ask the patient to consent.' },
};

export function createTestConsent(parts: {
  organizationId: OrganizationId;
  keyStore: KeyStore;
  clock: Clock;
}): TestConsent {
  const consent: TestConsent = {
    grants: new Map(),
    redactions: ['note'],
    afterDecision: undefined,
    requests: [],
    prepare: async (request) => {
      consent.requests.push(request);
      const decision = decisionFor(request, consent, parts);
      consent.afterDecision?.();
      consent.afterDecision = undefined;
      const nothing = async (): Promise<void> => undefined;
      return { decision, record: { entry: decision, write: nothing }, keep: nothing };
    },
    releases,
    stillHolds: async (_tx, { receipt: { consents } }) =>
      consents.every(({ id, version }) =>
        [...consent.grants.values()].some((grant) => grant.id === id && grant.version === version),
      ),
  };
  return consent;
}

function decisionFor(
  { actor, patient, types }: DecisionRequest,
  { grants, redactions }: TestConsent,
  { organizationId, keyStore, clock }: { organizationId: OrganizationId; keyStore: KeyStore; clock: Clock },
): Decision {
  const grant = patient === undefined ? undefined : grants.get(patient);
  const isOwn = actor.kind === 'staff' && actor.roles.includes('clinician');
  const isGranted = actor.kind === 'peer' && grant?.recipient === actor.organizationId;
  const permit = isOwn || isGranted;
  const receipt = receiptSigner(
    organizationId,
    keyStore,
  )({
    decisionId: newId(),
    organizationId,
    at: clock.now().toISOString(),
    permit,
    ruleIds: [permit ? 'test.permit' : noConsent.rule],
    consents: isGranted && grant !== undefined ? [{ id: grant.id, version: grant.version }] : [],
    policyDigest: '1'.repeat(64),
    inputDigest: '2'.repeat(64),
  });
  if (!permit) return { permit: false, reasons: [noConsent], receipt };
  const allowed = isGranted ? (grant?.types ?? []).filter((type) => types.includes(type)) : [...types];
  return {
    permit: true,
    grants: [{ types: allowed, labels: [], exclusions: [] }],
    redactions,
    obligations: ['ENCRYPT'],
    receipt,
  };
}
