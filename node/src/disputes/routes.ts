import { maxCaseConsents, maxCaseExhibits } from '@medseal/evidence';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { actorOf, IdentityError, requireStaff } from '../identity/index.ts';
import { exactPaths } from '../lib/exact-paths.ts';
import type { Disputes } from './disputes.ts';
import { DisputeError } from './errors.ts';
import { keptEntry } from './exhibit.ts';
import type { FiledEvidence } from './gather-evidence.ts';
import type { CasePage } from './list-store.ts';
import type { OpenRequest } from './open-case.ts';
import type { CaseActor, CaseViewState } from './types.ts';

const text = (max: number): z.ZodString => z.string().trim().min(1).max(max);
const caseIdText = z.string().regex(/^[0-9a-f]{32}$/);
const organizationId = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const exhibits = z.array(keptEntry).max(maxCaseExhibits).default([]);
const ofPatient = z.strictObject({ patientSeq: z.int().min(1).optional(), grounds: text(4_000), exhibits });
const ofStaff = z.strictObject({
  requestId: z.uuid(),
  partner: organizationId.optional(),
  grounds: text(4_000),
  exhibits,
});
const item = z.strictObject({
  content: z.record(z.string(), z.unknown()),
  salt: digest,
  leaf: z.unknown(),
  leafIndex: z.int().min(0),
  inclusionProof: z.array(digest).max(53),
});
const evidence: z.ZodType<FiledEvidence> = z.strictObject({
  treeSize: z.int().min(0),
  access: item.nullable(),
  decision: item.nullable(),
  receipt: z.record(z.string(), z.unknown()).nullable(),
  consents: z.array(item.nullable()).max(maxCaseConsents),
});
const filing = z.strictObject({
  exhibits,
  evidence: evidence.optional(),
  statement: z.string().max(4_000).default(''),
});
const decision = z.strictObject({
  outcome: z.enum(['upheld', 'partly-upheld', 'rejected']),
  reasons: text(8_000),
});
const examination = z.strictObject({ without: z.array(organizationId).max(2).optional() });
const whole = z
  .string()
  .regex(/^\d{1,6}$/)
  .transform(Number);
const states = z.enum([
  ...['pending', 'refused', 'opened', 'overdue', 'answered'],
  ...['examined', 'decided', 'closed', 'withdrawn'],
] as const satisfies readonly CaseViewState[]);
const listing = z.strictObject({
  state: z
    .string()
    .transform((list) => list.split(','))
    .pipe(z.array(states).max(9))
    .optional(),
  due: z.enum(['overdue', 'soon']).optional(),
  awaiting: z.literal('us').optional(),
  unseen: z.literal('yes').optional(),
  skip: whole.default(0),
  limit: whole.pipe(z.int().min(1).max(200)).default(50),
});
const empty = z.union([z.undefined(), z.strictObject({})]);

/** Cases on the API port. Patients open and follow their own; privacy officers file; the regulator's staff judges. */
export function disputeRoutes(disputes: Disputes): Router {
  const router = Router(exactPaths);
  router.post('/disputes', async (request, response) => {
    const actor = caseActor(response);
    response.status(201).json(await disputes.open({ actor, ...openingOf(actor, request.body) }));
  });
  router.get('/disputes', async (request, response) => {
    const actor = caseActor(response);
    response.json(await disputes.list({ actor, page: pageOf(request.query) }));
  });
  router.get('/disputes/:caseId', async (request, response) => {
    response.json(await disputes.get(caseRequest(request, response)));
  });
  router.get('/disputes/:caseId/archive', async (request, response) => {
    response.json(await disputes.export(caseRequest(request, response)));
  });
  router.post('/disputes/:caseId/withdrawal', async (request, response) => {
    parse(empty, request.body);
    response.json(await disputes.withdraw(caseRequest(request, response)));
  });
  filingRoutes(router, disputes);
  regulatorRoutes(router, disputes);
  return router;
}

function filingRoutes(router: Router, disputes: Disputes): void {
  router.get('/disputes/:caseId/evidence', async (request, response) => {
    const actor = requireStaff(response, ['privacy-officer']);
    response.json(await disputes.draft({ ...caseRequest(request, response), actor }));
  });
  router.post('/disputes/:caseId/filing/delivery', async (request, response) => {
    const actor = requireStaff(response, ['privacy-officer']);
    parse(empty, request.body);
    response.json(await disputes.deliver({ ...caseRequest(request, response), actor }));
  });
  router.get('/disputes/:caseId/filing', async (request, response) => {
    const actor = requireStaff(response, ['privacy-officer']);
    response.json(await disputes.filing({ ...caseRequest(request, response), actor }));
  });
  router.post('/disputes/:caseId/filing', async (request, response) => {
    const actor = requireStaff(response, ['privacy-officer']);
    const filed = parse(filing, request.body);
    const { caseId } = caseRequest(request, response);
    response.json(await disputes.file({ actor, caseId, evidence: undefined, ...filed }));
  });
}

function regulatorRoutes(router: Router, disputes: Disputes): void {
  router.post('/disputes/:caseId/examination', async (request, response) => {
    const actor = requireStaff(response, ['regulator']);
    const asked = parse(examination, request.body ?? {});
    response.json(await disputes.examine({ ...caseRequest(request, response), actor, ...asked }));
  });
  router.post('/disputes/:caseId/decision', async (request, response) => {
    const actor = requireStaff(response, ['regulator']);
    const decided = parse(decision, request.body);
    response.json(await disputes.decide({ ...caseRequest(request, response), actor, ...decided }));
  });
  router.post('/disputes/:caseId/closure', async (request, response) => {
    const actor = requireStaff(response, ['regulator']);
    parse(empty, request.body);
    response.json(await disputes.close({ ...caseRequest(request, response), actor }));
  });
}

function caseActor(response: Response): CaseActor {
  const actor = actorOf(response);
  if (actor.kind === 'patient') return actor;
  if (actor.kind !== 'staff') throw new IdentityError('IDENTITY_FORBIDDEN');
  return requireStaff(response, ['privacy-officer', 'regulator']);
}

function caseRequest(request: Request, response: Response): { actor: CaseActor; caseId: string } {
  return { actor: caseActor(response), caseId: parse(caseIdText, request.params['caseId']) };
}

function openingOf(actor: CaseActor, body: unknown): Omit<OpenRequest, 'actor'> {
  if (actor.kind === 'patient') {
    const opening = parse(ofPatient, body);
    const { patientSeq, grounds } = opening;
    const [exhibit] = opening.exhibits;
    if (patientSeq !== undefined)
      return { access: { patientId: actor.patientId, patientSeq }, grounds, exhibits: opening.exhibits };
    if (exhibit === undefined)
      throw new DisputeError('DISPUTE_REQUEST_INVALID', { message: 'At: patientSeq.' });
    return { access: { patientId: actor.patientId, exhibit }, grounds, exhibits: opening.exhibits };
  }
  const { requestId, partner, ...rest } = parse(ofStaff, body);
  return { access: { requestId, partner }, ...rest };
}

function pageOf(query: unknown): CasePage {
  const { state, ...page } = parse(listing, query);
  return { ...page, states: state };
}

/** Names the field that is wrong, never its value. */
function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const path = parsed.error.issues[0]?.path.filter((part) => typeof part === 'string').join('.') ?? '';
  const field = /^[A-Za-z.]{1,80}$/.test(path) ? path : 'request';
  throw new DisputeError('DISPUTE_REQUEST_INVALID', { message: `At: ${field}.` });
}
