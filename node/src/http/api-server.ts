import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import type { Actor } from '../identity/index.ts';
import type { Clock } from '../lib/clock.ts';
import { exactPaths } from '../lib/exact-paths.ts';
import type { Logger } from '../lib/logger.ts';
import { type Authenticators, authenticate, isPublic } from './authenticate.ts';
import { type BodyRules, readBody } from './body.ts';
import { HttpError } from './errors.ts';
import { logRequests } from './logging.ts';
import type { Metrics } from './metrics.ts';
import { answerError } from './problem.ts';
import type { PublicRequests } from './public-requests.ts';
import {
  defaultRateLimits,
  limitActor,
  limitCostly,
  limitPublic,
  limitRefused,
  limitUnderWay,
  type RateLimits,
} from './rate-limit.ts';
import { checkTarget } from './request-target.ts';
import { type Mount, methodsFor } from './route-list.ts';
import { createHttpServer, type HttpServer, type Timeouts } from './server.ts';

export type ApiServerOptions = {
  tls: { key: string | Buffer; cert: string | Buffer };
  mounts: readonly Mount[];
  authenticators: Authenticators;
  countPublic: PublicRequests;
  logger: Logger;
  metrics: Metrics;
  clock: Clock;
  rateLimits?: Partial<RateLimits>;
  timeouts?: Timeouts;
};

const megabyte = 1_048_576;
const bundleBytes = 16 * megabyte;
const otherBytes = megabyte;
/** A passkey's response is far smaller, and nobody needs to log in to send one. */
const publicBytes = 65_536;

const apiBody: BodyRules = {
  limitOf: (request) => {
    const { method, path, res: response } = request;
    if (isPublic(request)) return publicBytes;
    // FHIR R4 http.html §transaction: a Bundle is posted to the base itself. Only staff write.
    const isStaff = (response?.locals['actor'] as Actor | undefined)?.kind === 'staff';
    return isStaff && method === 'POST' && /^\/fhir\/R4\/?$/.test(path) ? bundleBytes : otherBytes;
  },
  encodings: ['gzip'],
};

// RFC 9325 §4.2: forward secrecy and authenticated encryption only.
const tls12Ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':');

/** The API for staff and patients: TLS 1.2 or 1.3; every mounted route needs an actor unless it is listed as public. */
export function createApiServer(options: ApiServerOptions): HttpServer {
  const limits = { ...defaultRateLimits, ...options.rateLimits };
  const app = createApp(options);
  app.use(limitPublic(limits, options.countPublic), authenticate(options.authenticators));
  app.use(limitActor(limits), limitUnderWay(limits), limitCostly(limits), readBody(apiBody));
  mountAll(app, options.mounts);
  app.use(limitRefused(limits), answerError(options.logger));
  return createHttpServer(app, {
    tls: { ...options.tls, minVersion: 'TLSv1.2', ciphers: tls12Ciphers, honorCipherOrder: true },
    ...(options.timeouts === undefined ? {} : { timeouts: options.timeouts }),
  });
}

/** An express application with what every request of either server passes first. */
export function createApp(options: { logger: Logger; metrics: Metrics; clock: Clock }): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing').set('query parser', 'simple');
  app.use(
    logRequests(options),
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      },
      strictTransportSecurity: { maxAge: 31_536_000 },
      xFrameOptions: { action: 'deny' },
    }),
    noStore,
    checkTarget,
  );
  return app;
}

/** Mounts the modules' routers, which must read paths as they are written, then what answers a path none of them has. */
export function mountAll(app: Express, mounts: readonly Mount[]): void {
  for (const { path, router } of mounts)
    if (!isExact(router)) throw new Error(`a router at ${path} that takes other spellings of its paths`);
  const refuse = (request: Request, response: Response): never => {
    const methods = methodsFor(mounts, request.path);
    if (methods.length === 0) throw new HttpError('HTTP_NOT_FOUND');
    response.setHeader('Allow', methods.join(', '));
    throw new HttpError('HTTP_METHOD_NOT_ALLOWED');
  };
  // Before express answers it by itself.
  app.options('/{*path}', refuse);
  for (const { path, router } of mounts) {
    app.use(path, (_request: Request, response: Response, next: NextFunction) => {
      response.locals['mount'] = path;
      next();
    });
    app.use(path, router);
  }
  app.use(refuse);
}

function isExact(router: object): boolean {
  return Object.entries(exactPaths).every(([name, value]) => Reflect.get(router, name) === value);
}

function noStore(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('Cache-Control', 'no-store');
  next();
}
