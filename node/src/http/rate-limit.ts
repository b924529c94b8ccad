import type { TLSSocket } from 'node:tls';
import type { ErrorRequestHandler, NextFunction, Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import type { Actor } from '../identity/index.ts';
import { AppError } from '../lib/errors.ts';
import { isPublic } from './authenticate.ts';
import { HttpError } from './errors.ts';
import type { PublicRequests } from './public-requests.ts';
import { costlyTurns, takeTurns } from './turns.ts';

export type RateLimits = {
  /** Public requests of one address in a minute, at all processes of the node. */
  publicPerMinute: number;
  /** Refused credentials of one address in a minute, at each process. */
  refusedPerMinute: number;
  /** Requests of one actor in a minute, at each process. */
  actorPerMinute: number;
  /** Of one patient: a person at a screen. */
  patientPerMinute: number;
  /** Requests of one actor that are under way, and of one patient: each may hold a page or a body in memory. */
  actorAtOnce: number;
  patientAtOnce: number;
  /** Requests of one actor, of those that cost a tenth of a second of the processor and more. */
  costlyPerMinute: number;
};

export const defaultRateLimits: RateLimits = {
  publicPerMinute: 240,
  refusedPerMinute: 240,
  actorPerMinute: 600_000,
  patientPerMinute: 1_200,
  actorAtOnce: 64,
  patientAtOnce: 8,
  costlyPerMinute: 60,
};

type Limit = number | ((request: Request, response: Response) => number);

function limiter(limit: Limit, keyOf: (request: Request, response: Response) => string): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit,
    standardHeaders: false,
    legacyHeaders: false,
    keyGenerator: keyOf,
    // Forwarding headers are ignored on purpose: anybody can send them.
    validate: { xForwardedForHeader: false, forwardedHeader: false },
    handler: (_request, _response, next) => next(new HttpError('HTTP_RATE_LIMITED')),
  });
}

function addressOf(request: Request): string {
  return ipKeyGenerator(request.ip ?? 'unknown');
}

/**
 * Slows down whoever guesses enrolment codes or asks for challenges without end. What this process lets through counts
 * with what the node's other processes let through; a count that cannot be had lets nothing through.
 */
export function limitPublic({ publicPerMinute }: RateLimits, count: PublicRequests): RequestHandler {
  const limit = limiter(publicPerMinute, addressOf);
  const countAll = async (request: Request, next: NextFunction): Promise<void> => {
    if ((await count(addressOf(request))) > publicPerMinute) throw new HttpError('HTTP_RATE_LIMITED');
    next();
  };
  const isProbe = (request: Request): boolean => request.method === 'GET' || request.method === 'HEAD';
  return (request: Request, response: Response, next: NextFunction) => {
    if (!isPublic(request) || isProbe(request)) return next();
    const pass = (limited?: unknown): void => {
      if (limited === undefined) countAll(request, next).catch(next);
      else next(limited);
    };
    void limit(request, response, pass);
  };
}

/** Counts refused credentials, and answers 429 to an address that has too many. */
export function limitRefused({ refusedPerMinute }: RateLimits): ErrorRequestHandler {
  const limit = limiter(refusedPerMinute, addressOf);
  const codes = new Set(['IDENTITY_TOKEN_MISSING', 'IDENTITY_TOKEN_INVALID']);
  return (error: unknown, request: Request, response: Response, next: NextFunction) => {
    if (!(error instanceof AppError) || !codes.has(error.code)) {
      next(error);
      return;
    }
    void limit(request, response, (limited?: unknown) => next(limited ?? error));
  };
}

/** Bounds one actor's requests, wherever they come from. */
export function limitActor({ actorPerMinute, patientPerMinute }: RateLimits): RequestHandler {
  const limit = limiter(
    (_request, response) => (actorIn(response)?.kind === 'patient' ? patientPerMinute : actorPerMinute),
    (request, response) => {
      const actor = actorIn(response);
      return actor === undefined ? addressOf(request) : nameOf(actor);
    },
  );
  return (request: Request, response: Response, next: NextFunction) => {
    if (actorIn(response) === undefined) next();
    else void limit(request, response, next);
  };
}

/** Bounds what one actor has under way: hundreds of pages asked for at once would fill the memory, within any rate. */
export function limitUnderWay({ actorAtOnce, patientAtOnce }: RateLimits): RequestHandler {
  const open = new Map<string, number>();
  return (_request: Request, response: Response, next: NextFunction) => {
    const actor = actorIn(response);
    if (actor === undefined) {
      next();
      return;
    }
    const name = nameOf(actor);
    const count = open.get(name) ?? 0;
    if (count >= (actor.kind === 'patient' ? patientAtOnce : actorAtOnce))
      throw new HttpError('HTTP_RATE_LIMITED');
    open.set(name, count + 1);
    response.once('close', () => {
      const left = (open.get(name) ?? 1) - 1;
      if (left === 0) open.delete(name);
      else open.set(name, left);
    });
    next();
  };
}

const smallBody = 16_384;
// A page drawn with its font, hundreds of sealed entries with their proofs, a whole case.
const costly = /\/(?:\$certificate|accesses|archive)$/;

/** Has one actor's costly requests take turns, and bounds their number: the whole node waits while each is worked on. */
export function limitCostly({ costlyPerMinute }: RateLimits): RequestHandler {
  const nameIn = (response: Response): string => {
    const actor = actorIn(response);
    return actor === undefined ? '' : nameOf(actor);
  };
  const limit = limiter(costlyPerMinute, (_request, response) => nameIn(response));
  const turns = takeTurns(costlyTurns, nameIn);
  return (request: Request, response: Response, next: NextFunction) => {
    const actor = actorIn(response);
    if (actor === undefined || !isCostly(request, actor)) return next();
    const pass = (limited?: unknown): void => {
      if (limited === undefined) turns(request, response, next);
      else next(limited);
    };
    void limit(request, response, pass);
  };
}

/** What patients send is small (a consent, a signature); a megabyte of numbers takes as long to read as certificates to draw. */
function isCostly({ path, headers }: Request, { kind }: Actor): boolean {
  if (costly.test(path)) return true;
  const hasKnownLength =
    headers['transfer-encoding'] === undefined && headers['content-encoding'] === undefined;
  return kind === 'patient' && !(hasKnownLength && Number(headers['content-length'] ?? 0) <= smallBody);
}

/**
 * Bounds the requests to the peer port under one certificate, which is one member's: each costs a decision, signatures
 * and a durable record. Before it is looked up whose it is, so that one which is nobody's, or a disabled member's, is
 * bounded, too.
 */
export function limitCertificate(requestsPerMinute: number): RequestHandler {
  return limiter(
    requestsPerMinute,
    (request) => (request.socket as TLSSocket).getPeerX509Certificate()?.fingerprint256 ?? '',
  );
}

function actorIn({ locals }: Response): Actor | undefined {
  return locals['actor'] as Actor | undefined;
}

function nameOf(actor: Actor): string {
  return `${actor.kind}:${idOf(actor)}`;
}

function idOf(actor: Actor): string {
  if (actor.kind === 'staff') return actor.staffId;
  if (actor.kind === 'patient') return actor.patientId;
  return actor.kind === 'peer' ? actor.organizationId : actor.name;
}
