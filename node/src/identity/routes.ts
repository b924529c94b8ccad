import { memberEntryDigest } from '@medseal/chaincode/rules';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { PatientId } from '../lib/brand.ts';
import { exactPaths } from '../lib/exact-paths.ts';
import { actorOf, requireStaff } from './actor.ts';
import { type AdministrationDeps, administerMember } from './administer-member.ts';
import { IdentityError } from './errors.ts';
import { parseAssertion, parseRegistration } from './passkey-messages.ts';
import type { Patients } from './patients.ts';
import type { Actor } from './types.ts';

const patientId = z.string().regex(/^[A-Za-z0-9\-.]{1,64}$/);
const code = z.string().min(1).max(32);
const codeOnly = z.strictObject({ code });
const registration = z.strictObject({ code, response: z.unknown() });
const loginRequest = z.strictObject({ response: z.unknown() });
const anyFields = z.union([z.undefined(), z.record(z.string(), z.unknown())]);
const empty = z.union([z.undefined(), z.strictObject({})]);
const entryDigest = z.string().regex(/^[0-9a-f]{64}$/);
const move = z.discriminatedUnion('event', [
  z.strictObject({ event: z.enum(['approve', 'enable']), entryDigest }),
  z.strictObject({ event: z.enum(['disable', 'remove']) }),
]);

export type IdentityRouteDeps = { patients: Patients; administration: AdministrationDeps };

/** Identity's routes on the API port. Who may call which is in docs/formats/api-errors.md. */
export function identityRoutes({ patients, administration }: IdentityRouteDeps): Router {
  const router = Router(exactPaths);
  router.get('/session', (_request, response) => {
    response.json(describeActor(actorOf(response)));
  });
  router.delete('/session', async (request, response) => {
    if (actorOf(response).kind !== 'patient') throw new IdentityError('IDENTITY_FORBIDDEN');
    await patients.logout(request.headers.authorization?.slice('Bearer '.length) ?? '');
    response.status(204).end();
  });
  passkeyRoutes(router, patients);
  memberRoutes(router, administration);
  return router;
}

function passkeyRoutes(router: Router, patients: Patients): void {
  router.post('/patients/:patientId/enrolment-codes', async (request, response) => {
    const staff = requireStaff(response, ['registrar']);
    parse(empty, request.body);
    const id = parse(patientId, request.params.patientId) as PatientId;
    response.status(201).json(await patients.issueEnrolmentCode({ patientId: id, staff }));
  });
  router.delete('/patients/:patientId/passkeys', async (request, response) => {
    const staff = requireStaff(response, ['registrar']);
    const id = parse(patientId, request.params.patientId) as PatientId;
    response.json(await patients.removePasskeys({ patientId: id, staff }));
  });
  router.post('/passkeys/registration/options', async (request, response) => {
    response.json(await patients.registrationOptions(parse(codeOnly, request.body).code));
  });
  router.post('/passkeys/registration', async (request, response) => {
    const body = parse(registration, request.body);
    const verified = { code: body.code, response: parseRegistration(body.response) };
    response.status(201).json(await patients.registerPasskey(verified));
  });
  router.post('/passkeys/login/options', async (request, response) => {
    parse(empty, request.body);
    response.json(await patients.loginOptions());
  });
  router.post('/passkeys/login', async (request, response) => {
    response.json(await patients.login(parseAssertion(parse(loginRequest, request.body).response)));
  });
}

function memberRoutes(router: Router, administration: AdministrationDeps): void {
  router.get('/members', async (_request, response) => {
    if (actorOf(response).kind === 'peer') throw new IdentityError('IDENTITY_FORBIDDEN');
    const members = await administration.members.list();
    response.json({
      members: members.map((member) => ({ ...member, entryDigest: memberEntryDigest(member) })),
    });
  });
  router.post('/members/:organizationId/:event', async (request: Request, response: Response) => {
    const staff = requireStaff(response, ['regulator']);
    const { organizationId = '', event } = request.params as Record<string, string>;
    const asked = parse(move, { ...parse(anyFields, request.body), event });
    response.json(await administerMember({ organizationId, move: asked, staff }, administration));
  });
}

function describeActor(actor: Actor): object {
  if (actor.kind !== 'staff') return actor;
  const { staffId, displayName, organizationId, authenticatedAt } = actor;
  return { kind: 'staff', staffId, displayName, roles: actor.roles, organizationId, authenticatedAt };
}

/** Names the fields that are wrong, never their values. */
function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join('.') || 'body');
  throw new IdentityError('IDENTITY_REQUEST_INVALID', { message: `not as documented: ${fields.join(', ')}` });
}
