import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type NextFunction, type Request, type Response } from 'express';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../identity/index.ts';
import { evidenceLogRoutes } from './routes.ts';
import { createTestNode, type TestNode } from './test/node.ts';

let node: TestNode;
let server: Server;
let actor: Actor | undefined;

const staff = (...roles: string[]): Actor =>
  ({
    kind: 'staff',
    staffId: 's1',
    displayName: 'Li',
    roles,
    organizationId: 'hospital-a',
    authenticatedAt: '',
  }) as Actor;
const patient = (patientId: string): Actor => ({ kind: 'patient', patientId }) as Actor;

beforeAll(async () => {
  node = await createTestNode();
  const app = express();
  app.use((_request, response, next) => {
    response.locals['actor'] = actor;
    next();
  });
  app.use(evidenceLogRoutes(node.log, () => new Date('2026-01-02T03:04:05.678Z')));
  app.use((error: { code?: string }, _request: Request, response: Response, _next: NextFunction) => {
    response.status(400).json({ code: error.code });
  });
  server = createServer(app).listen(0, '127.0.0.1');
});
afterAll(async () => {
  server.close();
  await node.close();
});
beforeEach(() => {
  actor = undefined;
});

async function get(
  path: string,
): Promise<{ code?: string; accesses?: { content: { patientSeq: number } }[] }> {
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  return (await response.json()) as Awaited<ReturnType<typeof get>>;
}

async function recordReads(patientId: string, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1)
    await node.log.accessWriter.write({
      interaction: 'read',
      outcome: 'denied',
      actor: { kind: 'system', name: 'test' },
      at: '2026-01-02T03:04:05.678Z',
      patientId,
    });
}

describe('the history of accesses over HTTP', () => {
  it('is shown to the patient, page by page', async () => {
    await recordReads('own', 3);
    actor = patient('own');

    const sequence = (path: string) =>
      get(path).then(({ accesses = [] }) => accesses.map(({ content }) => content.patientSeq));
    expect(await sequence('/patients/own/accesses')).toEqual([1, 2, 3]);
    expect(await sequence('/patients/own/accesses?from=2&count=1')).toEqual([2]);
    expect(await sequence('/patients/own/accesses?from=4')).toEqual([]);
  });

  it('is shown to the privacy officer, whose look is in it', async () => {
    await recordReads('watched', 1);
    actor = staff('privacy-officer');

    expect((await get('/patients/watched/accesses')).accesses).toHaveLength(2);
  });

  it.each([
    ['another patient', patient('somebody')],
    ['a clinician', staff('clinician')],
    ['the node itself', { kind: 'system', name: 'x' } as Actor],
  ])('is closed to %s', async (_who, asking) => {
    actor = asking;

    expect((await get('/patients/own/accesses')).code).toBe('IDENTITY_FORBIDDEN');
  });

  it('is closed to a request without an actor', async () => {
    expect((await get('/patients/own/accesses')).code).toBe('IDENTITY_ACTOR_MISSING');
  });

  it.each([['from=0'], ['from=x'], ['count=1e9'], ['count=0'], ['other=1'], ['from=1&from=2']])(
    'refuses the query %s',
    async (query) => {
      actor = patient('own');

      expect((await get(`/patients/own/accesses?${query}`)).code).toBe('EVIDENCE_REQUEST_INVALID');
    },
  );
});
