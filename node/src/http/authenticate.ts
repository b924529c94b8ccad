import type { NextFunction, Request, RequestHandler, Response } from 'express';
import {
  type Actor,
  IdentityError,
  identifyPeer,
  type Members,
  type PatientActor,
  type PeerCertificate,
  patientBearerPrefix,
  type Staff,
} from '../identity/index.ts';

/** The only requests that are served without an actor, by method and exact path. */
export const publicRoutes: ReadonlySet<string> = new Set([
  'GET /livez',
  'GET /readyz',
  'GET /readyz/staff',
  'GET /fhir/R4/metadata',
  'POST /passkeys/registration/options',
  'POST /passkeys/registration',
  'POST /passkeys/login/options',
  'POST /passkeys/login',
]);

/** Operational figures that a collector on the same machine may read without a token. */
const localRoutes: ReadonlySet<string> = new Set(['GET /metrics', 'GET /status']);

export type Authenticators = {
  verifyStaffToken(bearer: string): Promise<Staff>;
  verifyPatientSession(bearer: string): Promise<PatientActor>;
};

/** Whether a request needs no actor. */
export function isPublic(request: Request): boolean {
  return publicRoutes.has(routeOf(request));
}

/** Puts the actor of a request in place, or refuses it. It runs before everything that is mounted, so no route can be left open by forgetting it. */
export function authenticate(authenticators: Authenticators): RequestHandler {
  return async (request: Request, response: Response, next: NextFunction) => {
    if (!isPublic(request)) response.locals['actor'] = await actorFor(request, authenticators);
    if (!isGone(response)) next();
  };
}

/** Puts the member whose node is calling in place, or refuses it. */
export function authenticatePeer(
  members: Members,
  certificateOf: (request: Request) => PeerCertificate,
): RequestHandler {
  return async (request: Request, response: Response, next: NextFunction) => {
    response.locals['peer'] = await identifyPeer(certificateOf(request), members);
    if (!isGone(response)) next();
  };
}

/** Whether the client left while it was found out who it is. Its response has closed already: what is counted until then would be counted for ever. */
function isGone(response: Response): boolean {
  return response.closed;
}

async function actorFor(request: Request, authenticators: Authenticators): Promise<Actor> {
  const header = request.headers.authorization;
  if (header === undefined) {
    if (isLocal(request)) return { kind: 'system', name: 'local-operator' };
    throw new IdentityError('IDENTITY_TOKEN_MISSING');
  }
  // RFC 6750 §2.1.
  const bearer = /^Bearer ([A-Za-z0-9\-._~+/]+=*)$/i.exec(header)?.[1];
  if (bearer === undefined) throw new IdentityError('IDENTITY_TOKEN_INVALID');
  return bearer.startsWith(patientBearerPrefix)
    ? authenticators.verifyPatientSession(bearer)
    : authenticators.verifyStaffToken(bearer);
}

function isLocal(request: Request): boolean {
  const address = request.socket.remoteAddress ?? '';
  const forwarded = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];
  return (
    localRoutes.has(routeOf(request)) &&
    /^(?:::ffff:)?127\.|^::1$/.test(address) &&
    !forwarded.some((name) => request.headers[name] !== undefined)
  );
}

function routeOf(request: Request): string {
  return `${request.method === 'HEAD' ? 'GET' : request.method} ${request.path}`;
}
