import { Router } from 'express';
import {
  IdentityError,
  identityRoutes,
  membersIn,
  type OrganizationId,
  type Role,
  roles,
  type Staff,
} from '../../identity/index.ts';
import { createIdentityFixture, type IdentityFixture } from '../../identity/test/fixture.ts';
import { systemClock } from '../../lib/clock.ts';
import { exactPaths } from '../../lib/exact-paths.ts';
import type { LogFields, Logger } from '../../lib/logger.ts';
import type { ApiServerOptions } from '../index.ts';
import {
  countPublicRequests,
  createApiServer,
  createMetrics,
  type HealthCheck,
  type HttpServer,
  healthRoutes,
  type Mount,
} from '../index.ts';
import { createAuthority, issueIdentity } from './certificates.ts';

export type ApiFixture = IdentityFixture & {
  port: number;
  ca: string;
  http: HttpServer;
  mounts: Mount[];
  /** Bodies that reached the route under /fhir/R4. */
  received: unknown[];
  lines: { event: string; fields: LogFields }[];
  checks: HealthCheck[];
  stop(): Promise<void>;
};

/** A logger that keeps its lines. */
export function recordingLogger(lines: { event: string; fields: LogFields }[]): Logger {
  const write = (event: string, fields: LogFields = {}): void => void lines.push({ event, fields });
  return { info: write, warn: write, error: write };
}

/** The bearer `staff.<role>` is a member of staff with that one role. */
export async function staffOf(bearer: string): Promise<Staff> {
  const role = bearer.split('.')[1] as Role;
  if (!roles.includes(role)) throw new IdentityError('IDENTITY_TOKEN_INVALID');
  return {
    kind: 'staff',
    staffId: `${role}-1`,
    displayName: role,
    roles: [role],
    organizationId: 'hospital-a' as OrganizationId,
    authenticatedAt: '2026-01-01T08:00:00.000Z',
  };
}

/** The API server over the genuine identity module, with a stand-in for the routes of records. */
export async function startApi(options: Partial<ApiServerOptions> = {}): Promise<ApiFixture> {
  const identity = await createIdentityFixture();
  const authority = await createAuthority('Test CA');
  const tls = await issueIdentity('api', authority);
  const received: unknown[] = [];
  const lines: ApiFixture['lines'] = [];
  const checks: HealthCheck[] = [
    { name: 'database', check: async () => void (await identity.db.query('select 1')) },
  ];
  const metrics = createMetrics();
  const unreachable = (): Promise<never> => Promise.reject(new Error('no ledger in this test'));
  const { db, log, patients, clock, keys } = identity;
  const administration = {
    db,
    members: membersIn(db),
    evidence: { append: log.append },
    access: { record: log.recordAccess },
    ledger: { submit: unreachable, evaluate: unreachable },
    clock,
  };
  const mounts: Mount[] = [
    {
      path: '/',
      router: healthRoutes({
        checks,
        metrics,
        metricsText: () => metrics.registry.metrics(),
        status: async () => ({ organizationId: 'hospital-a' }),
        isClosing: () => false,
      }),
    },
    { path: '/', router: identityRoutes({ patients, administration }) },
    { path: '/fhir/R4', router: recordsStandIn(received) },
  ];
  const http = createApiServer({
    tls,
    mounts,
    countPublic: countPublicRequests({ db, keyStore: keys, clock: systemClock }),
    authenticators: { verifyStaffToken: staffOf, verifyPatientSession: patients.verifySession },
    logger: recordingLogger(lines),
    metrics,
    clock: systemClock,
    ...options,
  });
  const { port } = await http.listen('127.0.0.1', 0);
  const stop = async (): Promise<void> => {
    await http.close(0);
    await identity.drop();
  };
  return { ...identity, port, ca: authority.pem, http, mounts, received, lines, checks, stop };
}

function recordsStandIn(received: unknown[]): Router {
  const router = Router(exactPaths);
  router.get(
    '/metadata',
    (_request, response) => void response.json({ resourceType: 'CapabilityStatement' }),
  );
  router.post('/', (request, response) => {
    received.push(request.body);
    response.status(200).json({ resourceType: 'Bundle' });
  });
  router.post('/:type', (request, response) => {
    received.push(request.body);
    response.status(201).json({ resourceType: 'Observation' });
  });
  router.post('/:type/_search', (request, response) => {
    received.push(request.body);
    response.json({ resourceType: 'Bundle' });
  });
  router.get('/:type/:id', (request, response) => {
    if (request.params.id === 'broken') throw new Error('value of 张三 in column name');
    if (request.params.id === 'slow') {
      received.push('slow');
      setTimeout(() => response.json({}), 300);
    } else if (request.params.id === 'large') response.send(Buffer.alloc(24 * 1_048_576));
    else response.json({ id: request.params.id });
  });
  return router;
}
