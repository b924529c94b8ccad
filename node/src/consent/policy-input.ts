import type { Actor } from '../identity/index.ts';
import type { Consent, DataPeriod, DecisionRequest, Exclusion, LedgerState } from './types.ts';

/** A consent as the policy sees it. Built member by member: nothing of a stored document passes through unnamed. */
export type PolicyConsent = {
  id: string;
  version: number;
  patient: string;
  custodian: string;
  status: string;
  ledger: LedgerState;
  signedAt: number;
  recipients: readonly string[];
  purposes: readonly string[];
  start: number;
  end: number;
  types: readonly string[] | 'all';
  labels: readonly string[];
  instances: readonly string[] | 'all';
  dataPeriod: PolicyDays | null;
  exclusions: readonly PolicyExclusion[];
};

type PolicyDays = { start: string | null; end: string | null };
type PolicyExclusion = {
  recipients: readonly string[];
  purposes: readonly string[];
  start: number | null;
  end: number | null;
  types: readonly string[];
  labels: readonly string[];
  instances: readonly string[];
  dataPeriod: PolicyDays | null;
};

/** A consent that is there but cannot be read. The policy finds it malformed and grants nothing. */
export type UnreadableConsent = { id: string };

/** Input of the policy (policies/schemas/input.json). */
export type PolicyInput = {
  now: number;
  organization: string;
  actor: {
    kind: string;
    organization: string | null;
    memberState: string | null;
    roles: readonly string[];
    patient: string | null;
  };
  request: { purpose: string; action: string; types: readonly string[] | 'all' };
  patient: string | null;
  ledger: { freshUntil: number };
  consents: readonly (PolicyConsent | UnreadableConsent)[];
};

// Date.parse takes almost any text for a date.
const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

export type InputFacts = {
  organizationId: string;
  /** Milliseconds. */
  freshUntil: number;
  memberState: string | undefined;
  consents: readonly (PolicyConsent | UnreadableConsent)[];
};

/** Gathers the policy's input. A time that is none becomes null, which the policy refuses. */
export function policyInput(request: DecisionRequest, facts: InputFacts): PolicyInput {
  return {
    now: instant.test(request.requestedAt) ? seconds(Date.parse(request.requestedAt)) : Number.NaN,
    organization: facts.organizationId,
    actor: actorFacts(request.actor, facts.memberState),
    request: {
      purpose: request.purpose,
      action: request.action,
      types: request.types,
    },
    patient: request.patient ?? null,
    ledger: { freshUntil: seconds(facts.freshUntil) },
    consents: facts.consents,
  };
}

/** A stored consent for the policy. */
export function policyConsent(
  { id, patientId, custodian, status, dateTime, terms }: Consent,
  { version, ledger }: { version: number; ledger: LedgerState },
): PolicyConsent {
  return {
    id,
    version,
    patient: patientId,
    custodian,
    status,
    ledger,
    signedAt: seconds(Date.parse(dateTime)),
    recipients: terms.recipients,
    purposes: terms.purposes,
    start: seconds(Date.parse(terms.period.start)),
    end: seconds(Date.parse(terms.period.end)),
    types: terms.types,
    labels: terms.labels,
    instances: terms.instances ?? 'all',
    dataPeriod: days(terms.dataPeriod),
    exclusions: terms.exclusions.map(policyExclusion),
  };
}

function policyExclusion(exclusion: Exclusion): PolicyExclusion {
  return {
    recipients: exclusion.recipients ?? [],
    purposes: exclusion.purposes ?? [],
    start: exclusion.period?.start === undefined ? null : seconds(Date.parse(exclusion.period.start)),
    end: exclusion.period?.end === undefined ? null : seconds(Date.parse(exclusion.period.end)),
    types: exclusion.types ?? [],
    labels: exclusion.labels ?? [],
    instances: exclusion.instances ?? [],
    dataPeriod: days(exclusion.dataPeriod),
  };
}

function days(period: DataPeriod | undefined): PolicyDays | null {
  return period === undefined ? null : { start: period.start ?? null, end: period.end ?? null };
}

function actorFacts(actor: Actor, memberState: string | undefined): PolicyInput['actor'] {
  const nobody = { organization: null, memberState: null, roles: [], patient: null };
  switch (actor.kind) {
    case 'staff':
      return { ...nobody, kind: 'staff', organization: actor.organizationId, roles: [...actor.roles] };
    case 'patient':
      return { ...nobody, kind: 'patient', patient: actor.patientId };
    case 'peer':
      return {
        kind: 'peer',
        organization: actor.organizationId,
        memberState: memberState ?? null,
        roles: [...actor.staff.roles],
        patient: null,
      };
    default:
      return { ...nobody, kind: 'system' };
  }
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
