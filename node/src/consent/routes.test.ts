import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../identity/index.ts';
import { relyingParty } from '../identity/test/fixture.ts';
import { consentRoutes } from './index.ts';
import { asking, type ConsentFixture, createConsentFixture, staff } from './test/fixture.ts';

let fixture: ConsentFixture;
let server: Server;
let actor: Actor | undefined;

beforeAll(async () => {
  fixture = await createConsentFixture();
  const app = express();
  app.use(express.json());
  app.use((_request, response, next) => {
    response.locals['actor'] = actor;
    response.locals['requestId'] = 'request-1';
    next();
  });
  const { consents, decisions, clock, log } = fixture;
  app.use(consentRoutes({ consents, decisions, clock, access: { write: log.accessWriter.write } }));
  const problem: ErrorRequestHandler = (error: { code?: string }, _request, response, _next) => {
    response.status(400).json({ code: error.code });
  };
  app.use(problem);
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.close();
  await fixture.drop();
});

// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, compared below
async function call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<any> {
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return response.json();
}

const terms = { recipients: ['hospital-b'], purposes: ['TREAT'], types: ['Observation'] };

describe('the consent routes', () => {
  it('carry a consent from draft to revocation', async () => {
    const { patientId, authenticator } = await fixture.enrol();
    actor = { kind: 'patient', patientId };
    const sign = (challenge: string) => authenticator.assert({ challenge, rpId: relyingParty.id });

    const draft = await call('POST', '/consents/drafts', { terms });
    const granted = await call('POST', '/consents', {
      consent: draft.consent,
      assertion: sign(draft.challenge),
    });
    const listed = await call('GET', '/consents');
    const ending = await call('POST', `/consents/${granted.id}/revocation-drafts`);
    const revocation = { statement: ending.statement, assertion: sign(ending.challenge) };
    const revoked = await call('POST', `/consents/${granted.id}/revocation`, revocation);
    const read = await call('GET', `/consents/${granted.id}`);

    expect(granted).toMatchObject({ version: 1, status: 'active', id: draft.consent.id });
    expect(listed.consents).toEqual([granted]);
    expect(ending.summary.zh).toContain('撤回');
    expect(revoked).toMatchObject({ version: 2, status: 'inactive' });
    expect(read).toEqual(revoked);
  });

  it('let the privacy officer, and nobody else, replay a decision', async () => {
    const { receipt } = await fixture.decisions.decide(asking(undefined));
    const path = `/decisions/${receipt.decisionId}`;

    actor = staff(['privacy-officer']);
    expect(await call('GET', path)).toMatchObject({ receipt, checks: { sameOutcome: true } });
    expect(await call('GET', '/decisions/x')).toEqual({ code: 'CONSENT_REQUEST_INVALID' });
    actor = staff(['clinician', 'administrator']);
    expect(await call('GET', path)).toEqual({ code: 'IDENTITY_FORBIDDEN' });
  });

  it('put the look at a decision into the history of the patient whom it is about', async () => {
    const { patientId } = await fixture.enrol();
    const { receipt } = await fixture.decisions.decide(asking(patientId));
    const before = await fixture.log.accessHistory(patientId, { from: 1, count: 500 });
    actor = staff(['privacy-officer']);

    expect(await call('GET', `/decisions/${receipt.decisionId}`)).toMatchObject({ patientId });

    const after = await fixture.log.accessHistory(patientId, { from: 1, count: 500 });
    expect(after).toHaveLength(before.length + 1);
    expect(JSON.stringify(after.at(-1)?.content.auditEvent)).toContain(receipt.decisionId);
  });

  it('let nobody but patients draft, grant or revoke', async () => {
    for (const other of [
      staff(['clinician', 'privacy-officer', 'registrar']),
      { kind: 'system' as const, name: 'x' },
    ]) {
      actor = other;
      const requests: [string, unknown][] = [
        ['/consents/drafts', { terms }],
        ['/consents', { consent: {}, assertion: {} }],
        ['/consents/c1/revocation-drafts', undefined],
        ['/consents/c1/revocation', { statement: {}, assertion: {} }],
      ];
      for (const [path, body] of requests) {
        expect(await call('POST', path, body)).toEqual({ code: 'CONSENT_FORBIDDEN' });
      }
    }
    actor = undefined;
    expect(await call('GET', '/consents')).toEqual({ code: 'IDENTITY_ACTOR_MISSING' });
  });

  it('refuse malformed requests', async () => {
    const { patientId } = await fixture.enrol();
    actor = { kind: 'patient', patientId };
    const id = '7f0f6c1e-6e0e-4a53-9d5c-0a4f8b1f2c3d';
    const requests: ['GET' | 'POST', string, unknown, string][] = [
      ['POST', '/consents/drafts', {}, 'CONSENT_REQUEST_INVALID'],
      ['POST', '/consents/drafts', { terms, more: 1 }, 'CONSENT_REQUEST_INVALID'],
      ['POST', '/consents/drafts', [], 'CONSENT_REQUEST_INVALID'],
      ['POST', '/consents', { consent: {} }, 'CONSENT_REQUEST_INVALID'],
      ['POST', '/consents', { consent: {}, assertion: {}, patient: 'p2' }, 'CONSENT_REQUEST_INVALID'],
      ['POST', `/consents/${id}/revocation-drafts`, { x: 1 }, 'CONSENT_REQUEST_INVALID'],
      ['POST', `/consents/${id}/revocation-drafts`, undefined, 'CONSENT_NOT_FOUND'],
      [
        'POST',
        `/consents/${id}/revocation`,
        { statement: { consentId: 'other' }, assertion: {} },
        'CONSENT_INVALID',
      ],
      ['GET', '/consents/a%20b', undefined, 'CONSENT_REQUEST_INVALID'],
      ['GET', '/consents?patient=p1&patient=p2', undefined, 'CONSENT_REQUEST_INVALID'],
      ['GET', '/consents?status=active', undefined, 'CONSENT_REQUEST_INVALID'],
      ['GET', '/consents?patient=someone-else', undefined, 'CONSENT_FORBIDDEN'],
    ];
    for (const [method, path, body, code] of requests)
      expect(await call(method, path, body)).toEqual({ code });
    actor = staff(['clinician']);
    expect(await call('GET', '/consents')).toEqual({ code: 'CONSENT_REQUEST_INVALID' });
  });
});
