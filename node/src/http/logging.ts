import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Actor } from '../identity/index.ts';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import type { Logger } from '../lib/logger.ts';
import type { Metrics } from './metrics.ts';

/**
 * Gives every request an id and writes one line when it is over: the route's template, never the path, query, headers
 * or body, any of which can name a patient.
 */
export function logRequests({
  logger,
  metrics,
  clock,
}: {
  logger: Logger;
  metrics: Metrics;
  clock: Clock;
}): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const requestId = newId();
    const startedAt = clock.now().getTime();
    response.locals['requestId'] = requestId;
    response.setHeader('X-Request-Id', requestId);
    response.once('close', () => {
      const milliseconds = clock.now().getTime() - startedAt;
      const status = response.writableFinished ? response.statusCode : 499;
      const route = templateOf(request, response);
      metrics.observeRequest({ method: request.method, route, status, milliseconds });
      const actor = response.locals['actor'] as Actor | undefined;
      const code = response.locals['errorCode'] as string | undefined;
      logger.info('http.request', {
        requestId,
        method: request.method,
        route,
        status,
        milliseconds,
        actor: actor?.kind ?? (response.locals['peer'] === undefined ? 'none' : 'peer'),
        ...(code === undefined ? {} : { code }),
      });
    });
    next();
  };
}

/** E.g. `/fhir/R4/:type/:id`; `none` for what matched no route. */
function templateOf(request: Request, response: Response): string {
  const path = (request.route as { path?: unknown } | undefined)?.path;
  if (path === undefined) return 'none';
  const mount = response.locals['mount'] as string | undefined;
  return `${mount === undefined || mount === '/' ? '' : mount}${String(path)}`;
}
