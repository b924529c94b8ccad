import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler } from 'express';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Actor, OrganizationId, Role } from '../identity/index.ts';
import type { PatientId } from '../lib/brand.ts';
import type { Disputes } from './disputes.ts';
import { disputeRoutes } from './index.ts';
import { staffOf } from './test/alliance.ts';

const caseId = '0123456789abcdef0123456789abcdef';
const requestId = '3b5d1c1e-8a51-4c39-9d5a-2f7f3b1c0001';
const evidence = { treeSize: 3, access: null, decision: null, receipt: null, consents: [] };
const patient: Actor = { kind: 'patient', patientId: 'p1' as PatientId };
const as = (role: Role): Actor => staffOf('hospital-a' as OrganizationId, role);

let server: Server;
let actor: Actor;
let calls: [verb: string, request: unknown][];

// Notes which verb was called with what; the verbs themselves are tested over PostgreSQL.
const disputes = new Proxy({} as Disputes, {
  get: (_, verb: string) => async (request: unknown) => {
    calls.push([verb, request]);
    return {};
  },
});

beforeAll(async () => {
  const app = express();
  app.use(express.json());
  app.use((_request, response, next) => {
    response.locals['actor'] = actor;
    next();
  });
  app.use(disputeRoutes(disputes));
  const problem: ErrorRequestHandler = (error: { code?: string }, _request, response, _next) => {
    response.status(400).json({ code: error.code });
  };
  app.use(problem);
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());
beforeEach(() => {
  calls = [];
});

async function call(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; code?: string }> {
  const { port } = server.address() as AddressInfo;
  const sent = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const url = `http://127.0.0.1:${port}/disputes${path}`;
  const response = await fetch(url, { method, ...(body === undefined ? {} : sent) });
  return { status: response.status, ...((await response.json()) as object) };
}

const routes: [method: string, path: string, body: object | undefined, verb: string, roles: Role[]][] = [
  ['GET', '', undefined, 'list', ['privacy-officer', 'regulator']],
  ['POST', '', { requestId, grounds: 'x' }, 'open', ['privacy-officer', 'regulator']],
  ['GET', `/${caseId}`, undefined, 'get', ['privacy-officer', 'regulator']],
  ['GET', `/${caseId}/archive`, undefined, 'export', ['privacy-officer', 'regulator']],
  ['POST', `/${caseId}/withdrawal`, {}, 'withdraw', ['privacy-officer', 'regulator']],
  ['GET', `/${caseId}/evidence`, undefined, 'draft', ['privacy-officer']],
  ['GET', `/${caseId}/filing`, undefined, 'filing', ['privacy-officer']],
  ['POST', `/${caseId}/filing/delivery`, {}, 'deliver', ['privacy-officer']],
  ['POST', `/${caseId}/filing`, { evidence }, 'file', ['privacy-officer']],
  ['POST', `/${caseId}/examination`, {}, 'examine', ['regulator']],
  ['POST', `/${caseId}/decision`, { outcome: 'upheld', reasons: 'x' }, 'decide', ['regulator']],
  ['POST', `/${caseId}/closure`, {}, 'close', ['regulator']],
];
const everyRole: Role[] = [
  'clinician',
  'registrar',
  'pharmacist',
  'privacy-officer',
  'administrator',
  'regulator',
  'researcher',
];

describe('the routes of cases', () => {
  it.each(routes)('let %s %s be called by those that it is for, and by nobody else', async (...route) => {
    const [method, path, body, verb, allowed] = route;
    for (const role of everyRole) {
      calls = [];
      actor = as(role);
      const { status, code } = await call(method, path, body);
      if (allowed.includes(role)) expect([status < 300, calls[0]?.[0]]).toEqual([true, verb]);
      else expect([code, calls]).toEqual(['IDENTITY_FORBIDDEN', []]);
    }
  });

  it('tell the examination whose document never came, and nobody where nobody is named', async () => {
    actor = as('regulator');
    for (const body of [undefined, {}, { without: ['hospital-a'] }])
      await call('POST', `/${caseId}/examination`, body);

    expect(calls).toEqual([
      ['examine', { actor, caseId }],
      ['examine', { actor, caseId }],
      ['examine', { actor, caseId, without: ['hospital-a'] }],
    ]);
  });

  it('let a patient open, follow, export and withdraw, and nothing else', async () => {
    actor = patient;
    const reached: string[] = [];
    for (const [method, path, body, verb] of routes) {
      calls = [];
      await call(method, path, verb === 'open' ? { patientSeq: 7, grounds: ' why ' } : body);
      reached.push(...calls.map(([name]) => name));
      if (verb === 'open')
        expect(calls[0]?.[1]).toEqual({
          ...{ actor, access: { patientId: 'p1', patientSeq: 7 } },
          ...{ grounds: 'why', exhibits: [] },
        });
    }

    expect(reached).toEqual(['list', 'open', 'get', 'export', 'withdraw']);
  });

  it.each([
    ['', { skip: 0, limit: 50 }],
    ['?state=opened,overdue&limit=200', { states: ['opened', 'overdue'], skip: 0, limit: 200 }],
    [
      '?due=soon&awaiting=us&unseen=yes&skip=50',
      { due: 'soon', awaiting: 'us', unseen: 'yes', skip: 50, limit: 50 },
    ],
  ])('narrow the list as it is asked for: %s', async (query, page) => {
    actor = as('privacy-officer');
    await call('GET', query);
    expect(calls).toEqual([['list', { actor, page }]]);
  });

  it.each([
    ...[
      '?state=lost',
      '?state=',
      '?state=opened&state=closed',
      '?due=never',
      '?awaiting=them',
      '?unseen=true',
    ],
    ...['?limit=0', '?limit=201', '?limit=-1', '?limit=1e2', '?skip=x', '?skip=9999999', '?party=hospital-b'],
  ])('refuse to narrow the list by %s', async (query) => {
    actor = as('privacy-officer');
    expect(await call('GET', query)).toMatchObject({ code: 'DISPUTE_REQUEST_INVALID' });
    expect(calls).toEqual([]);
  });

  const kept = {
    content: { v: 1 },
    salt: '0'.repeat(64),
    evidence: {
      ...{ state: 'anchored', leaf: { v: 1 }, leafIndex: 3, inclusionProof: [] },
      checkpoint: `medseal.org/log/hospital-a\n12\n${Buffer.alloc(32).toString('base64')}\n\n— x y\n`,
      anchor: { txId: '0'.repeat(64), blockNumber: 7 },
    },
  };
  it('take entries as a history gives them, from a patient who opens and an officer who files', async () => {
    const { content, salt, evidence: proof } = kept;
    const { leaf, leafIndex, inclusionProof } = proof;
    const exhibit = { content, salt, leaf, leafIndex, inclusionProof, treeSize: 12 };
    actor = patient;
    await call('POST', '', { grounds: 'x', exhibits: [kept] });
    expect(calls[0]?.[1]).toEqual({
      ...{ actor, access: { patientId: 'p1', exhibit } },
      ...{ grounds: 'x', exhibits: [exhibit] },
    });
    actor = as('privacy-officer');
    await call('POST', `/${caseId}/filing`, { exhibits: [kept] });
    expect(calls[1]?.[1]).toMatchObject({ caseId, exhibits: [exhibit] });
  });

  it.each<[string, unknown]>([
    ['no list', kept],
    ['an entry that is not anchored yet', [{ ...kept, evidence: { state: 'pending', leaf: {} } }]],
    ['no checkpoint', [{ ...kept, evidence: { ...kept.evidence, checkpoint: 'none' } }]],
    ['a salt that is none', [{ ...kept, salt: 'x' }]],
    ['a member too many', [{ ...kept, more: 1 }]],
    ['five entries', Array(5).fill(kept)],
    ['nothing at all', []],
  ])('refuse a patient who opens a case with %s and no number', async (_what, exhibits) => {
    actor = patient;
    expect(await call('POST', '', { grounds: 'x', exhibits })).toMatchObject({
      code: 'DISPUTE_REQUEST_INVALID',
    });
    expect(calls).toEqual([]);
  });

  const item = { content: {}, salt: '0'.repeat(64), leaf: {}, leafIndex: 0, inclusionProof: [] };
  it.each<[Role, string, unknown]>([
    ['privacy-officer', '', { requestId, grounds: '' }],
    ['privacy-officer', '', { requestId: 'x', grounds: 'x' }],
    ['privacy-officer', '', { patientSeq: 7, grounds: 'x' }],
    ['privacy-officer', '', { requestId, grounds: 'x'.repeat(4_001) }],
    ['privacy-officer', '', { requestId, partner: 'Hospital B', grounds: 'x' }],
    ['privacy-officer', `/${caseId}/filing`, { evidence: { ...evidence, more: 1 } }],
    ['privacy-officer', `/${caseId}/filing`, { evidence: { ...evidence, treeSize: -1 } }],
    ['privacy-officer', `/${caseId}/filing`, { evidence: { ...evidence, access: { ...item, salt: 'x' } } }],
    [
      'privacy-officer',
      `/${caseId}/filing`,
      { evidence: { ...evidence, access: { ...item, leafIndex: 0.5 } } },
    ],
    ['privacy-officer', `/${caseId}/filing`, { evidence: { ...evidence, consents: 'none' } }],
    ['privacy-officer', `/${caseId}/filing`, { exhibits: [{}] }],
    ['privacy-officer', `/${caseId}/filing/delivery`, { to: 'hospital-b' }],
    ['privacy-officer', `/${caseId}/withdrawal`, { why: 'x' }],
    ['privacy-officer', '/x/filing', {}],
    ['regulator', `/${caseId}/examination`, { without: 'hospital-a' }],
    ['regulator', `/${caseId}/examination`, { without: ['Hospital A'] }],
    ['regulator', `/${caseId}/examination`, { without: ['a', 'b', 'c'] }],
    ['regulator', `/${caseId}/examination`, { withheld: ['hospital-a'] }],
    ['regulator', `/${caseId}/decision`, { outcome: 'perhaps', reasons: 'x' }],
    ['regulator', `/${caseId}/decision`, { outcome: 'upheld' }],
  ])('refuse what %s sends to %s: %j', async (...[role, path, body]) => {
    actor = as(role);

    expect(await call('POST', path, body)).toMatchObject({ code: 'DISPUTE_REQUEST_INVALID' });
    expect(calls).toEqual([]);
  });
});
