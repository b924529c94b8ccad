import { readFileSync } from 'node:fs';
import express, { Router } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consentRoutes } from '../consent/index.ts';
import { disputePeerRoutes, disputeRoutes } from '../disputes/index.ts';
import { evidenceLogRoutes, witnessPeerRoutes, witnessRoutes } from '../evidence-log/index.ts';
import { exchangePeerRoutes, exchangeProofRoutes, exchangeRoutes } from '../exchange/index.ts';
import { IdentityError, identityRoutes, pseudonymRoutes } from '../identity/index.ts';
import { systemClock } from '../lib/clock.ts';
import { silentLogger } from '../lib/logger.ts';
import { recordRoutes } from '../records/index.ts';
import { mountAll } from './api-server.ts';
import {
  createApiServer,
  createMetrics,
  createPeerServer,
  type HttpServer,
  healthRoutes,
  listRoutes,
  type Mount,
  publicRoutes,
} from './index.ts';
import { createAuthority, issueIdentity } from './test/certificates.ts';
import { call } from './test/client.ts';

// A request that gets past authentication would reach for a dependency, and there is none.
const nothing = {} as never;
const refuse = (): Promise<never> => Promise.reject(new IdentityError('IDENTITY_TOKEN_INVALID'));
const metrics = createMetrics();
const metricsText = () => metrics.registry.metrics();
const health = { checks: [], metrics, metricsText, status: async () => ({}), isClosing: () => false };
const apiMounts: Mount[] = [
  { path: '/', router: healthRoutes(health) },
  { path: '/', router: identityRoutes({ patients: nothing, administration: nothing }) },
  { path: '/', router: evidenceLogRoutes(nothing, () => new Date()) },
  { path: '/', router: witnessRoutes(nothing) },
  {
    path: '/',
    router: consentRoutes({ consents: nothing, decisions: nothing, access: nothing, clock: nothing }),
  },
  { path: '/', router: exchangeRoutes(nothing) },
  { path: '/', router: exchangeProofRoutes(nothing) },
  { path: '/', router: disputeRoutes(nothing) },
  {
    path: '/fhir/R4',
    router: recordRoutes({ records: nothing, proofs: nothing, certificates: nothing, software: nothing }),
  },
];
const peerMounts: Mount[] = [
  { path: '/', router: exchangePeerRoutes({ respond: nothing, nodeUrl: 'https://localhost:1' }) },
  { path: '/', router: pseudonymRoutes(nothing) },
  { path: '/', router: witnessPeerRoutes(nothing) },
  { path: '/', router: disputePeerRoutes({ receive: nothing, nodeUrl: 'https://localhost:1' }) },
];
const documented = readFileSync(new URL('../../../docs/formats/api-errors.md', import.meta.url), 'utf8');

let api: HttpServer;
let peer: HttpServer;
let ports: { api: number; peer: number };
let ca: string;
let unregistered: { cert: string; key: string };

beforeAll(async () => {
  const authority = await createAuthority('Test CA');
  const tls = await issueIdentity('node', authority);
  const shared = { tls, logger: silentLogger, metrics, clock: systemClock };
  ca = authority.pem;
  unregistered = await issueIdentity('unregistered', authority);
  api = createApiServer({
    ...shared,
    mounts: apiMounts,
    countPublic: async () => 1,
    authenticators: { verifyStaffToken: refuse, verifyPatientSession: refuse },
  });
  peer = createPeerServer({
    ...shared,
    mounts: peerMounts,
    mspRoots: [{ mspId: 'HospitalAMSP', roots: [ca] }],
    members: { get: async () => undefined, list: async () => [], findByFingerprint: async () => undefined },
  });
  ports = { api: (await api.listen('127.0.0.1', 0)).port, peer: (await peer.listen('127.0.0.1', 0)).port };
});
afterAll(async () => {
  await api.close(0);
  await peer.close(0);
});

const concrete = (path: string): string => path.replaceAll(/:\w+/g, 'x1');

describe('every route of the node', () => {
  it('is read as it is written: a router that takes other spellings is not served', () => {
    for (const options of [undefined, { caseSensitive: true }, { strict: true }]) {
      const app = () => mountAll(express(), [{ path: '/', router: Router(options) }]);
      expect(app).toThrow('other spellings');
    }
  });

  const routes = listRoutes(apiMounts).filter(({ method, path }) => !publicRoutes.has(`${method} ${path}`));

  it('is known here', () => {
    expect(routes.length).toBeGreaterThan(25);
  });

  it.each(routes)('refuses $method $path without and with bad credentials', async ({ method, path }) => {
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    const bad = { ...headers, authorization: 'Bearer x.y.z' };
    const request = { method, path: concrete(path) };

    expect(await call(ports.api, ca, { ...request, headers })).toMatchObject({
      status: 401,
      code: 'IDENTITY_TOKEN_MISSING',
    });
    expect(await call(ports.api, ca, { ...request, headers: bad })).toMatchObject({
      status: 401,
      code: 'IDENTITY_TOKEN_INVALID',
    });
  });

  it.each(listRoutes(peerMounts))(
    'refuses $method $path on the peer port to a stranger',
    async ({ method, path }) => {
      const answer = await call(ports.peer, ca, { method, path: concrete(path), tls: unregistered });

      expect(answer).toMatchObject({ status: 403, code: 'IDENTITY_PEER_UNKNOWN' });
      await expect(call(ports.peer, ca, { method, path: concrete(path) })).rejects.toThrow();
    },
  );

  it.each([...listRoutes(apiMounts), ...listRoutes(peerMounts)])(
    'documents who may call $method $path',
    ({ method, path }) => {
      expect(documented).toContain(`| ${method} | \`${path}\` |`);
    },
  );

  it('documents the public ones as such', () => {
    const open = documented.split('\n').filter((line) => /^\|.*nobody needs to log in/.test(line));
    const named = open.map((line) =>
      line
        .replaceAll('`', '')
        .split('|')
        .slice(1, 3)
        .map((cell) => cell.trim())
        .join(' '),
    );

    expect(named.sort()).toEqual([...publicRoutes].sort());
  });
});
