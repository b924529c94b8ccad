import type { ErrorRequestHandler, NextFunction, Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { type Actor, peerOf } from '../identity/index.ts';
import { AppError } from '../lib/errors.ts';
import { isPublic } from './authenticate.ts';
import { HttpError } from './errors.ts';

export type RateLimits = {
  /** Public requests of one address in a minute. */
  publicPerMinute: number;
  /** Refused credentials of one address in a minute. */
  refusedPerMinute: number;
  /** Requests of one actor in a minute. */
  actorPerMinute: number;
};

export const defaultRateLimits: RateLimits = {
  publicPerMinute: 240,
  refusedPerMinute: 240,
  actorPerMinute: 600_000,
};

function limiter(limit: number, keyOf: (request: Request, response: Response) => string): RequestHandler {
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

/** Slows down whoever guesses enrolment codes or asks for challenges without end. */
export function limitPublic({ publicPerMinute }: RateLimits): RequestHandler {
  const limit = limiter(publicPerMinute, addressOf);
  const isProbe = (request: Request): boolean => request.method === 'GET' || request.method === 'HEAD';
  return (request: Request, response: Response, next: NextFunction) => {
    if (isPublic(request) && !isProbe(request)) void limit(request, response, next);
    else next();
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
export function limitActor({ actorPerMinute }: RateLimits): RequestHandler {
  const limit = limiter(actorPerMinute, (request, response) => {
    const actor = response.locals['actor'] as Actor | undefined;
    return actor === undefined ? addressOf(request) : `${actor.kind}:${idOf(actor)}`;
  });
  return (request: Request, response: Response, next: NextFunction) => {
    if (response.locals['actor'] === undefined) next();
    else void limit(request, response, next);
  };
}

/** Bounds one member's requests to the peer port: each costs a decision, signatures and a durable record. */
export function limitMember(requestsPerMinute: number): RequestHandler {
  return limiter(requestsPerMinute, (_request, response) => peerOf(response).organizationId);
}

function idOf(actor: Actor): string {
  if (actor.kind === 'staff') return actor.staffId;
  if (actor.kind === 'patient') return actor.patientId;
  return actor.kind === 'peer' ? actor.organizationId : actor.name;
}
