import { Router } from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import { exactPaths } from '../lib/exact-paths.ts';
import { countPublicRequests } from './public-requests.ts';
import { type Answer, type Call, call } from './test/client.ts';
import { type ApiFixture, staffOf, startApi } from './test/fixture.ts';

let api: ApiFixture;
afterEach(() => api.stop());
const send = (request: Call): Promise<Answer> => call(api.port, api.ca, request);
const openConnections = (): Promise<number> =>
  new Promise((resolve) => api.http.server.getConnections((_, count) => resolve(count)));
const post = (path: string): Call => ({
  method: 'POST',
  path,
  headers: { 'content-type': 'application/json' },
  body: '{}',
});

describe('rate limits', () => {
  it('stop whoever guesses enrolment codes, and leave health alone', async () => {
    api = await startApi({ rateLimits: { publicPerMinute: 3 } });
    const guess = { ...post('/passkeys/registration/options'), body: '{"code":"0000-0000-0000"}' };

    for (let at = 0; at < 3; at += 1)
      expect((await send(guess)).code).toBe('IDENTITY_ENROLMENT_CODE_INVALID');
    const refused = await send(guess);

    expect([refused.status, refused.code, refused.headers['retry-after']]).toEqual([
      429,
      'HTTP_RATE_LIMITED',
      '60',
    ]);
    expect((await send({ path: '/livez' })).status).toBe(200);
  });

  it('hold for guesses at another process of the node, too', async () => {
    api = await startApi({ rateLimits: { publicPerMinute: 3 } });
    const { db, keys } = api;
    const elsewhere = countPublicRequests({ db, keyStore: keys, clock: systemClock });
    const guess = { ...post('/passkeys/registration/options'), body: '{"code":"0000-0000-0000"}' };
    expect((await send(guess)).code).toBe('IDENTITY_ENROLMENT_CODE_INVALID');

    await elsewhere('127.0.0.1');
    await elsewhere('127.0.0.1');

    expect((await send(guess)).code).toBe('HTTP_RATE_LIMITED');
  });

  it('let no guess through where the count cannot be had', async () => {
    api = await startApi({ countPublic: () => Promise.reject(new Error('no database')) });
    const guess = { ...post('/passkeys/registration/options'), body: '{"code":"0000-0000-0000"}' };

    expect((await send(guess)).status).toBe(500);
    expect((await send({ path: '/livez' })).status).toBe(200);
  });

  it('count refused credentials only', async () => {
    api = await startApi({ rateLimits: { refusedPerMinute: 2 } });
    const bad = { path: '/session', headers: { authorization: 'Bearer staff.janitor' } };
    const good = { path: '/session', headers: { authorization: 'Bearer staff.clinician' } };

    expect((await send(bad)).status).toBe(401);
    expect((await send(good)).status).toBe(200);
    expect((await send(bad)).status).toBe(401);
    expect((await send(bad)).code).toBe('HTTP_RATE_LIMITED');
    expect((await send(good)).status).toBe(200);
  });

  it('bound one actor and not another', async () => {
    api = await startApi({ rateLimits: { actorPerMinute: 2 } });
    const as = (role: string): Call => ({
      path: '/session',
      headers: { authorization: `Bearer staff.${role}` },
    });

    expect([(await send(as('clinician'))).status, (await send(as('clinician'))).status]).toEqual([200, 200]);
    expect((await send(as('clinician'))).status).toBe(429);
    expect((await send(as('registrar'))).status).toBe(200);
  });

  it('bound what one actor has under way, not another, until it is answered', async () => {
    api = await startApi({ rateLimits: { actorAtOnce: 2 } });
    const slow = (role: string): Promise<number> =>
      send({ path: '/fhir/R4/Patient/slow', headers: { authorization: `Bearer staff.${role}` } }).then(
        ({ status }) => status,
      );

    const [first, second] = [slow('clinician'), slow('clinician')];
    await expect.poll(() => api.received).toEqual(['slow', 'slow']);
    expect(await slow('clinician')).toBe(429);
    expect(await slow('registrar')).toBe(200);

    expect(await Promise.all([first, second])).toEqual([200, 200]);
    expect(await slow('clinician')).toBe(200);
  });

  it('count nobody who went away while it was found out who it is', async () => {
    const { promise: found, resolve: find } = Promise.withResolvers<void>();
    let asked = 0;
    const verifyStaffToken = async (bearer: string) => {
      asked += 1;
      if (asked <= 2) await found;
      return staffOf(bearer);
    };
    api = await startApi({
      rateLimits: { actorAtOnce: 1 },
      authenticators: { verifyStaffToken, verifyPatientSession: () => Promise.reject(new Error('none')) },
    });
    const clinician = { path: '/session', headers: { authorization: 'Bearer staff.clinician' } };
    const leaving = new AbortController();
    const gone = [1, 2].map(() => send({ ...clinician, tls: { signal: leaving.signal } }));
    await expect.poll(() => asked).toBe(2);

    leaving.abort();
    await Promise.allSettled(gone);
    await expect.poll(() => openConnections()).toBe(0);
    find();

    expect((await send(clinician)).status).toBe(200);
  });

  it('have what costs much take turns, actor by actor, and bound how often it is asked for', async () => {
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    let working = 0;
    const slow = Router(exactPaths).get('/patients/:id/accesses', async (_request, response) => {
      working += 1;
      await opened;
      response.json({});
    });
    slow.get('/other', (_request, response) => void response.json({}));
    const mounts = [{ path: '/', router: slow }];
    api = await startApi({ mounts, rateLimits: { costlyPerMinute: 3 } });
    const ask = (role: string, path = '/patients/1/accesses'): Promise<Answer> =>
      send({ path, headers: { authorization: `Bearer staff.${role}` } });

    const asked = [ask('clinician'), ask('clinician'), ask('clinician')];
    await expect.poll(() => working).toBe(1);
    const ofAnother = ask('registrar');
    await expect.poll(() => working).toBe(2);
    expect((await ask('clinician', '/other')).status).toBe(200);
    expect(working).toBe(2);
    open();

    expect((await Promise.all([...asked, ofAnother])).map(({ status }) => status)).toEqual([
      200, 200, 200, 200,
    ]);
    expect((await ask('clinician')).code).toBe('HTTP_RATE_LIMITED');
    expect((await ask('clinician', '/other')).status).toBe(200);
    for (const other of ['/patients/1/ACCESSES', '/patients/1/accesses/'])
      expect((await ask('clinician', other)).status).toBe(404);
    expect(working).toBe(4);
  });

  it('count a large body of a patient, or one of unknown length, as much work', async () => {
    const patient = { kind: 'patient' as const, patientId: 'alice-1' as never };
    api = await startApi({
      rateLimits: { costlyPerMinute: 1 },
      authenticators: { verifyStaffToken: staffOf, verifyPatientSession: async () => patient },
    });
    const numbers = `[${'1.10,'.repeat(4_000)}0]`;
    const write = (bearer: string, body: string, headers = {}): Promise<number> =>
      send({
        ...{ method: 'POST', path: '/fhir/R4/Observation', body },
        headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}`, ...headers },
      }).then(({ status }) => status);

    expect(await write('mps_x', numbers)).toBe(201);
    expect(await write('mps_x', numbers)).toBe(429);
    expect(await write('mps_x', '{}', { 'transfer-encoding': 'chunked' })).toBe(429);
    expect(await write('mps_x', '{}', { 'content-encoding': 'gzip' })).toBe(429);
    for (let at = 0; at < 3; at += 1) expect(await write('mps_x', '{"a":1}')).toBe(201);
    for (let at = 0; at < 3; at += 1) expect(await write('staff.clinician', numbers)).toBe(201);
  });

  it('bound a patient more narrowly than staff', async () => {
    const patient = { kind: 'patient' as const, patientId: 'alice-1' as never };
    api = await startApi({
      rateLimits: { patientPerMinute: 2, patientAtOnce: 1 },
      authenticators: { verifyStaffToken: staffOf, verifyPatientSession: async () => patient },
    });
    const ask = (path: string, bearer: string): Promise<number> =>
      send({ path, headers: { authorization: `Bearer ${bearer}` } }).then(({ status }) => status);

    const underWay = ask('/fhir/R4/Patient/slow', 'mps_x');
    await expect.poll(() => api.received).toEqual(['slow']);
    expect(await ask('/session', 'mps_x')).toBe(429);
    expect(await underWay).toBe(200);
    expect(await ask('/session', 'mps_x')).toBe(429);
    for (let at = 0; at < 4; at += 1) expect(await ask('/session', 'staff.clinician')).toBe(200);
  });
});

describe('closing', () => {
  it('finishes the requests under way and takes no more', async () => {
    api = await startApi();
    const headers = { authorization: 'Bearer staff.clinician' };
    const underWay = send({ path: '/fhir/R4/Patient/slow', headers });
    await expect.poll(() => api.received).toEqual(['slow']);

    const closed = api.http.close();
    const answer = await underWay;
    await closed;

    expect(answer.status).toBe(200);
    await expect(send({ path: '/livez' })).rejects.toThrow();
  });
});
