import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { Actor } from '../identity/index.ts';
import { actorOf, parseAssertion, requireStaff } from '../identity/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { Clock } from '../lib/clock.ts';
import { exactPaths } from '../lib/exact-paths.ts';
import type { Consents } from './consents.ts';
import type { Decisions } from './decisions.ts';
import { ConsentError } from './errors.ts';
import type { AccessPort } from './ports.ts';
import type { Reading } from './read-consents.ts';

export type ConsentRouteDeps = {
  consents: Consents;
  decisions: Pick<Decisions, 'replay'>;
  access: Pick<AccessPort, 'write'>;
  clock: Clock;
};

const draftBody = z.strictObject({ terms: z.unknown() });
const grantBody = z.strictObject({ consent: z.unknown(), assertion: z.unknown() });
const revocationBody = z.strictObject({ statement: z.unknown(), assertion: z.unknown() });
const empty = z.union([z.undefined(), z.strictObject({})]);
const logicalId = z.string().regex(/^[A-Za-z0-9\-.]{1,64}$/);
const purposeCode = z.string().regex(/^[A-Z]{2,16}$/);
const listQuery = z.strictObject({ patient: logicalId.optional() });

/** Consents and decisions on the API port. Patients draft, grant and revoke; staff of the custodian read. */
export function consentRoutes({ consents, decisions, access, clock }: ConsentRouteDeps): Router {
  const router = Router(exactPaths);
  grantingRoutes(router, consents);
  revocationRoutes(router, consents);
  readingRoutes(router, consents);
  router.get('/decisions/:decisionId', async (request, response) => {
    const actor = requireStaff(response, ['privacy-officer']);
    const decisionId = parse(z.uuid(), request.params.decisionId);
    const replay = await decisions.replay(decisionId);
    // Whose records were asked for, and what their consents say, is shown to nobody without a trace.
    await access.write({
      interaction: 'read',
      outcome: 'success',
      actor,
      purpose: 'HOPERAT',
      decisionId,
      at: clock.now().toISOString(),
      patientId: replay.patientId ?? undefined,
      requestId: requestIdOf(response),
    });
    response.json(replay);
  });
  return router;
}

function grantingRoutes(router: Router, consents: Consents): void {
  router.post('/consents/drafts', async (request, response) => {
    const patientId = requirePatient(actorOf(response));
    const { terms } = parse(draftBody, request.body);
    response.json(await consents.draft({ patientId, terms }));
  });
  router.post('/consents', async (request, response) => {
    const patientId = requirePatient(actorOf(response));
    const { consent, assertion } = parse(grantBody, request.body);
    const view = await consents.grant({ patientId, consent, assertion: parseAssertion(assertion) });
    response.status(201).json(view);
  });
}

function revocationRoutes(router: Router, consents: Consents): void {
  router.post('/consents/:consentId/revocation-drafts', async (request, response) => {
    const patientId = requirePatient(actorOf(response));
    parse(empty, request.body);
    const consentId = parse(logicalId, request.params.consentId);
    response.json(await consents.draftRevocation({ patientId, consentId }));
  });
  router.post('/consents/:consentId/revocation', async (request, response) => {
    const patientId = requirePatient(actorOf(response));
    const { statement, assertion } = parse(revocationBody, request.body);
    requireSame(statement, parse(logicalId, request.params.consentId));
    response.json(await consents.revoke({ patientId, statement, assertion: parseAssertion(assertion) }));
  });
}

function readingRoutes(router: Router, consents: Consents): void {
  router.get('/consents', async (request, response) => {
    const reading = readingOf(request, response);
    const { patient } = parse(listQuery, request.query);
    const own = reading.actor.kind === 'patient' ? reading.actor.patientId : undefined;
    const patientId = patient ?? own;
    if (patientId === undefined) throw new ConsentError('CONSENT_REQUEST_INVALID', { field: 'patient' });
    response.json({ consents: await consents.list({ ...reading, patientId: patientId as PatientId }) });
  });
  router.get('/consents/:consentId', async (request, response) => {
    const consentId = parse(logicalId, request.params.consentId);
    response.json(await consents.get({ ...readingOf(request, response), consentId }));
  });
}

/** Who reads, and for which purpose of use: patients on their own request, staff to treat unless the header says otherwise. */
function readingOf(request: Request, response: Response): Reading {
  const actor = actorOf(response);
  const asked = request.get('Purpose-Of-Use') ?? (actor.kind === 'patient' ? 'PATRQT' : 'TREAT');
  return { actor, purpose: parse(purposeCode, asked), requestId: requestIdOf(response) };
}

function requirePatient(actor: Actor): PatientId {
  if (actor.kind !== 'patient') throw new ConsentError('CONSENT_FORBIDDEN');
  return actor.patientId;
}

/** The statement that was signed is about the consent in the path. */
function requireSame(statement: unknown, consentId: string): void {
  const named = z.object({ consentId: z.literal(consentId) }).safeParse(statement);
  if (!named.success) throw new ConsentError('CONSENT_INVALID', { field: 'statement.consentId' });
}

function requestIdOf({ locals }: Response): string | undefined {
  const id: unknown = locals['requestId'];
  return typeof id === 'string' ? id : undefined;
}

/** Names the field that is wrong, never its value. */
function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const path = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new ConsentError('CONSENT_REQUEST_INVALID', { field: path === '' ? 'request' : path });
}
