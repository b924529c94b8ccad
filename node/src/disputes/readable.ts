import {
  type CaseContent,
  type CaseDecision,
  type CaseFinding,
  claimTexts,
  findingTexts,
} from '@medseal/evidence';
import { z } from 'zod';
import { DisputeError } from './errors.ts';

const organizationId = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/);
const uuid = z.string().regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const opening = z.object({
  subject: z.union([
    z.object({ requestId: uuid, source: organizationId, requester: organizationId }),
    z.object({ accessId: uuid, custodian: organizationId }),
  ]),
  openedFor: z.enum(['patient', 'organization']),
  grounds: z.string().max(4_000),
});
const claim = z.object({
  claim: z.string().refine((name) => Object.hasOwn(claimTexts, name)),
  party: organizationId.nullable(),
  finding: z.string().refine((name) => Object.hasOwn(findingTexts, name)),
  by: z.array(organizationId).max(2),
  code: z.string().max(64).nullable(),
});
const finding = z.object({ claims: z.array(claim).max(32) });
const decision = z.object({
  outcome: z.enum(['upheld', 'partly-upheld', 'rejected']),
  reasons: z.string().max(8_000),
});

/**
 * Refuses an opening that is not about an access of the parties on the ledger, or that cannot be looked up: whoever opened the
 * case would have the others hand out what is not in dispute, or keep them from filing. DISPUTE_REQUEST_INVALID.
 */
export function requireOpening(content: CaseContent, parties: readonly string[]): void {
  const { data, error } = opening.safeParse(content);
  if (data === undefined) throw new DisputeError('DISPUTE_REQUEST_INVALID', { cause: error });
  const { subject } = data;
  const concerned = 'custodian' in subject ? [subject.custodian] : [subject.source, subject.requester];
  if (concerned.sort().join() !== parties.join()) throw new DisputeError('DISPUTE_REQUEST_INVALID');
}

/** A finding, where it can be shown. One that cannot is kept as it came: it is evidence of who made it. */
export function shownFinding(content: CaseFinding | undefined): CaseFinding | undefined {
  return finding.safeParse(content).success ? content : undefined;
}

/** The same of a decision. */
export function shownDecision(content: CaseDecision | undefined): CaseDecision | undefined {
  return decision.safeParse(content).success ? content : undefined;
}
