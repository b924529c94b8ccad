import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type NextFunction, type Request, type Response } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../identity/index.ts';
import type { PatientId, Pseudonym } from '../lib/brand.ts';
import { AppError } from '../lib/errors.ts';
import { exchangeRoutes } from './routes.ts';
import { createAlliance, type TestAlliance, type TestNode } from './test/alliance.ts';

let alliance: TestAlliance;
let b: TestNode;
let server: Server;
let patientId: PatientId;
let pseudonym: Pseudonym;
let actor: Actor;

beforeAll(async () => {
  alliance = await createAlliance();
  const { a } = alliance;
  b = alliance.b;
  ({ patientId, pseudonym } = await a.records.add([
    { resourceType: 'Observation', status: 'final', note: [{ text: 'n' }] },
  ]));
  a.consent.grants.set(patientId, { id: 'c', version: 1, recipient: 'hospital-b', types: ['Observation'] });
  await alliance.anchor();
  const app = express();
  app.use(express.json(), (_request: Request, response: Response, next: NextFunction) => {
    response.locals['actor'] = actor;
    next();
  });
  app.use(exchangeRoutes(b.requester));
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    const { code, message } = error instanceof AppError ? error : { code: 'BUG', message: String(error) };
    response.status(error instanceof AppError ? 400 : 500).json({ code, message });
  });
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server.close();
  await alliance.close();
});

async function call(method: string, path: string, body?: object, as: Actor = b.staff) {
  actor = as;
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, never> };
}

const sound = () => ({
  pseudonym,
  sources: ['hospital-a', 'hospital-z'],
  types: ['Observation'],
  purpose: 'TREAT',
});

describe('POST /exchange/requests', () => {
  it('gives records with checks per source, and plain words for a source that failed', async () => {
    const { status, body } = await call('POST', '/exchange/requests', sound());

    expect(status).toBe(200);
    expect(body).toMatchObject({
      outcome: 'asked',
      purpose: 'TREAT',
      types: ['Observation'],
      requestId: expect.any(String),
      sources: [
        {
          organizationId: 'hospital-a',
          outcome: 'permitted',
          records: [{ type: 'Observation', version: '1', resource: { status: 'final' }, withheld: ['note'] }],
          pending: 0,
          checkpoint: { blockNumber: 1 },
        },
        {
          organizationId: 'hospital-z',
          outcome: 'failed',
          code: 'EXCHANGE_SOURCE_UNKNOWN',
          zh: expect.stringMatching(/机构/),
          en: expect.any(String),
          next: { zh: expect.any(String), en: expect.any(String) },
        },
      ],
    });
    expect(JSON.stringify(body)).not.toContain('inclusionProof');
  });

  it('gives what an offline check needs where it is asked for', async () => {
    const { body } = await call('POST', '/exchange/requests', { ...sound(), proofs: 'include' });

    expect(body['sources']).toMatchObject([
      {
        records: [
          {
            proof: {
              disclosure: { elements: expect.any(Array) },
              leaf: { kind: 'record', tenant: 'hospital-a' },
              leafIndex: 0,
              inclusionProof: expect.any(Array),
              checkpoint: expect.stringContaining('medseal.org/log/hospital-a'),
              anchor: { txId: 'tx-1', blockNumber: 1 },
            },
          },
        ],
      },
      {},
    ]);
  });

  it('tells staff why their own organisation does not ask', async () => {
    const { status, body } = await call('POST', '/exchange/requests', sound(), {
      ...b.staff,
      roles: ['registrar'],
    });

    expect(status).toBe(403);
    expect(body).toMatchObject({ outcome: 'denied', reasons: [{ rule: 'consent.none', next: {} }] });
  });

  it.each([
    ['nobody named', { pseudonym: undefined }, 'patient'],
    ['somebody named twice', { nationalId: '110101199003070011' }, 'patient'],
    ['no source', { sources: [] }, 'sources'],
    ['a source twice', { sources: ['hospital-a', 'hospital-a'] }, 'sources'],
    ['too many sources', { sources: Array.from({ length: 17 }, (_, at) => `h-${at}`) }, 'sources'],
    ['a source that is a path', { sources: ['../a'] }, 'sources'],
    ['no type', { types: [] }, 'types'],
    ['an unknown purpose', { purpose: 'BTG' }, 'purpose'],
    ['a huge count', { count: 1e9 }, 'count'],
    ['a count that is text', { count: '5' }, 'count'],
    ['a bad period', { dataPeriod: { start: '2025-13-01' } }, 'dataPeriod'],
    ['a flag', { proofs: true }, 'proofs'],
    ['a patient id that is a path', { pseudonym: undefined, patientId: '../x' }, 'patientId'],
  ])('refuses %s and names the place, not the value', async (_, change, place) => {
    const { status, body } = await call('POST', '/exchange/requests', { ...sound(), ...change });

    expect(status).toBe(400);
    expect(body).toEqual({ code: 'EXCHANGE_REQUEST_INVALID', message: `See: ${place}.` });
  });

  it('refuses a body that is none', async () => {
    expect((await call('POST', '/exchange/requests')).body['code']).toBe('EXCHANGE_REQUEST_INVALID');
    expect((await call('POST', '/exchange/requests', [])).body['code']).toBe('EXCHANGE_REQUEST_INVALID');
  });

  it('knows no patient of that id', async () => {
    const { body } = await call('POST', '/exchange/requests', {
      ...sound(),
      pseudonym: undefined,
      patientId: 'unknown',
    });

    expect(body['code']).toBe('EXCHANGE_PATIENT_UNKNOWN');
  });

  it('is for staff only', async () => {
    const { body } = await call('POST', '/exchange/requests', sound(), { kind: 'patient', patientId });

    expect(body['code']).toBe('IDENTITY_FORBIDDEN');
  });
});

describe('GET /exchange/requests/:id', () => {
  const asked = async () => String((await call('POST', '/exchange/requests', sound())).body['requestId']);

  it('gives those who asked what came of it, with the signed receipt and without records', async () => {
    const id = await asked();

    const { status, body } = await call('GET', `/exchange/requests/${id}`);

    expect(status).toBe(200);
    expect(body).toMatchObject({
      requestId: id,
      staffId: 'dr-b',
      sources: [
        {
          organizationId: 'hospital-a',
          outcome: 'permitted',
          recordCount: 1,
          receipt: { permit: true, source: 'hospital-a' },
        },
        { organizationId: 'hospital-z', outcome: 'failed', recordCount: 0, code: 'EXCHANGE_SOURCE_UNKNOWN' },
      ],
    });
  });

  it('is not there for other staff, but for those who oversee', async () => {
    const id = await asked();
    const other = { ...b.staff, staffId: 'dr-x' };

    expect((await call('GET', `/exchange/requests/${id}`, undefined, other)).body['code']).toBe(
      'EXCHANGE_NOT_FOUND',
    );
    const overseer = { ...other, roles: ['privacy-officer' as const] };
    expect((await call('GET', `/exchange/requests/${id}`, undefined, overseer)).status).toBe(200);
  });

  it.each(['x', '00000000-0000-4000-8000-000000000000', "1'--"])('does not know %s', async (id) => {
    expect((await call('GET', `/exchange/requests/${encodeURIComponent(id)}`)).body['code']).toBe(
      'EXCHANGE_NOT_FOUND',
    );
  });
});
