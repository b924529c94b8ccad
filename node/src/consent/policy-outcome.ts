import { z } from 'zod';
import { ConsentError } from './errors.ts';
import type { Finding, Grant, GrantExclusion, Reason } from './types.ts';

/** What the policy said, checked. */
export type PolicyOutcome =
  | {
      permit: true;
      rules: string[];
      grants: Omit<Grant, 'exclusions'>[];
      /** Taken back from every grant. */
      exclusions: GrantExclusion[];
      redactions: string[];
      obligations: string[];
    }
  | { permit: false; rules: string[]; reasons: Reason[]; findings: Finding[] };

const name = z.string().min(1);
const names = z.array(name);
const selection = z.union([z.literal('all'), names.min(1)]);
const text = z.strictObject({ zh: name, en: name });
const dataPeriod = z.strictObject({ start: name.optional(), end: name.optional() });
const reason = { rule: name, zh: name, en: name, next: text };

const exclusion = z.strictObject({
  types: names.min(1).optional(),
  labels: names.min(1).optional(),
  instances: names.min(1).optional(),
  dataPeriod: dataPeriod.optional(),
});
const grant = z.strictObject({
  consentId: name.optional(),
  consentVersion: z.int().min(1).optional(),
  types: selection,
  labels: z.union([z.literal('all'), names]),
  instances: names.optional(),
  dataPeriod: dataPeriod.optional(),
});
const outcome = z.discriminatedUnion('permit', [
  z.strictObject({
    permit: z.literal(true),
    rules: names.min(1),
    grants: z.array(grant).min(1),
    exclusions: z.array(exclusion),
    redactions: names,
    obligations: names,
  }),
  z.strictObject({
    permit: z.literal(false),
    rules: names.min(1),
    reasons: z.array(z.strictObject(reason)).min(1),
    findings: z.array(z.strictObject({ ...reason, consentId: z.string() })),
  }),
]);

/** Checks what came out of the policy; anything unexpected is POLICY_UNAVAILABLE, so that nothing half understood permits. */
export function parseOutcome(value: unknown): PolicyOutcome {
  const parsed = outcome.safeParse(value);
  if (!parsed.success)
    throw new ConsentError('POLICY_UNAVAILABLE', { message: 'the policy gave no decision' });
  return parsed.data as PolicyOutcome;
}

/** The denial when the policy cannot be evaluated. */
export const policyUnavailable: PolicyOutcome = {
  permit: false,
  rules: ['policy.unavailable'],
  reasons: [
    {
      rule: 'policy.unavailable',
      zh: '暂时无法判断是否许可，因此不予许可。',
      en: 'It cannot be decided right now, so it is not allowed.',
      next: {
        zh: '请稍后再试；持续不行，请把请求编号告诉技术人员。',
        en: 'Try again shortly; if it persists, give the request number to your technical staff.',
      },
    },
  ],
  findings: [],
};
