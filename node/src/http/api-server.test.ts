import { Readable } from 'node:stream';
import { connect } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAuthenticator } from '../../../demo/authenticator.ts';
import { alice, registrar, relyingParty } from '../identity/test/fixture.ts';
import { listRoutes, publicRoutes } from './index.ts';
import { type Answer, type Call, call, callRaw } from './test/client.ts';
import { type ApiFixture, startApi } from './test/fixture.ts';

let api: ApiFixture;
beforeAll(async () => {
  const timeouts = { headers: 600, request: 2_000, answer: 3_000, keepAlive: 1_000, checkInterval: 100 };
  api = await startApi({ timeouts, rateLimits: { publicPerMinute: 1_000, refusedPerMinute: 2_000 } });
});
afterAll(() => api.stop());
afterEach(async () => {
  // Whatever a test did: the process serves, and nothing leaked into the log.
  expect((await send({ path: '/livez' })).status).toBe(200);
  expect(JSON.stringify(api.lines)).not.toContain('张三');
});

const json = { 'content-type': 'application/json' };
const send = (request: Call): Promise<Answer> => call(api.port, api.ca, request);
const raw = (text: string): Promise<string> => callRaw(api.port, api.ca, text);
const as = (role: string, headers = {}) => ({ authorization: `Bearer staff.${role}`, ...headers });
const post = (path: string, body: Call['body'], headers = {}): Promise<Answer> =>
  send({ method: 'POST', path, headers: as('clinician', { ...json, ...headers }), body: body ?? '' });

async function refuses(request: Promise<Answer>, status: number, code: string): Promise<void> {
  const count = api.received.length;
  const answer = await request;
  expect({ status: answer.status, code: answer.code }).toEqual({ status, code });
  expect(answer.headers['content-type']).toMatch(/^application\/(problem|fhir)\+json/);
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.text).not.toMatch(/\bat .*\.ts:|node_modules|Error:/);
  expect(api.received.length).toBe(count);
}

describe('every mounted route', () => {
  it('refuses a request without credentials, but the listed public ones', async () => {
    const routes = listRoutes(api.mounts);
    expect(routes.length).toBeGreaterThan(15);

    for (const { method, path } of routes) {
      if (publicRoutes.has(`${method} ${path}`)) continue;
      const headers = { ...json, 'x-forwarded-for': '203.0.113.9' };
      const target = path.replaceAll(/:\w+/g, 'x1');
      const answer = await send({
        method,
        path: target,
        headers,
        ...(method === 'POST' ? { body: '{}' } : {}),
      });
      expect([method, path, answer.status, answer.code]).toEqual([
        method,
        path,
        401,
        'IDENTITY_TOKEN_MISSING',
      ]);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
  });

  it('refuses the wrong role', async () => {
    const wrong: [string, string, string][] = [
      ['POST', '/patients/alice-1/enrolment-codes', 'clinician'],
      ['POST', '/members/hospital-b/approve', 'administrator'],
      ['DELETE', '/session', 'clinician'],
      ['GET', '/status', 'clinician'],
      ['GET', '/metrics', 'researcher'],
    ];
    for (const [method, path, role] of wrong) {
      const answer = await send({ method, path, headers: as(role, { 'x-forwarded-for': '203.0.113.9' }) });
      expect([path, answer.status, answer.code]).toEqual([path, 403, 'IDENTITY_FORBIDDEN']);
    }
  });

  it('hides which paths exist from those without credentials', async () => {
    await refuses(send({ path: '/no/such/path' }), 401, 'IDENTITY_TOKEN_MISSING');
    await refuses(send({ path: '/no/such/path', headers: as('clinician') }), 404, 'HTTP_NOT_FOUND');
  });

  it.each([
    'Basic abc',
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer staff.janitor',
    'Bearer mps_unknown',
    'bearer x,y',
  ])('refuses the authorization %j', async (authorization) => {
    await refuses(send({ path: '/session', headers: { authorization } }), 401, 'IDENTITY_TOKEN_INVALID');
  });

  it.each(['PUT', 'OPTIONS'])('answers a known path with the method %s by 405 and Allow', async (method) => {
    const answer = await send({ method, path: '/members', headers: as('clinician') });

    expect([answer.status, answer.code, answer.headers['allow']]).toEqual([
      405,
      'HTTP_METHOD_NOT_ALLOWED',
      'GET',
    ]);
    const fhir = await send({ method: 'PATCH', path: '/fhir/R4/Patient/1', headers: as('clinician') });
    expect([fhir.status, fhir.code]).toEqual([405, 'HTTP_METHOD_NOT_ALLOWED']);
    expect(JSON.parse(fhir.text)).toMatchObject({ resourceType: 'OperationOutcome' });
  });
});

describe('bodies', () => {
  it('are taken up to 16 MiB as a Bundle and 1 MiB elsewhere', async () => {
    const body = (size: number): string => JSON.stringify({ text: 'x'.repeat(size) });

    expect((await post('/fhir/R4', body(15_000_000))).status).toBe(200);
    expect((await post('/fhir/R4/Observation', body(1_000_000))).status).toBe(201);
    await refuses(post('/fhir/R4/Observation', body(1_048_576)), 413, 'HTTP_BODY_TOO_LARGE');
    await refuses(post('/fhir/R4', body(16_777_216)), 413, 'HTTP_BODY_TOO_LARGE');
  });

  it('are small where nobody needs to log in, and no Bundles where nobody writes any', async () => {
    const body = (size: number): string => JSON.stringify({ code: 'x'.repeat(size) });
    const headers = { 'content-type': 'application/json' };
    const open = { method: 'POST', path: '/passkeys/registration/options', headers };

    await refuses(send({ ...open, body: body(60_000) }), 400, 'IDENTITY_REQUEST_INVALID');
    await refuses(send({ ...open, body: body(70_000) }), 413, 'HTTP_BODY_TOO_LARGE');
    const { patients } = api;
    const authenticator = createAuthenticator(relyingParty);
    const { code } = await patients.issueEnrolmentCode({ patientId: alice, staff: registrar });
    const response = authenticator.register(await patients.registrationOptions(code));
    await patients.registerPasskey({ code, response });
    const { token } = await patients.login(authenticator.assert(await patients.loginOptions()));
    const own = { ...headers, authorization: `Bearer ${token}` };
    const bundle = { method: 'POST', path: '/fhir/R4', headers: own, body: body(1_100_000) };
    await refuses(send(bundle), 413, 'HTTP_BODY_TOO_LARGE');
  });

  it('of 50 MB are refused at once, announced or chunked', async () => {
    const chunk = Buffer.alloc(65_536, 0x20);
    const endless = (): Readable => Readable.from(Array.from({ length: 800 }, () => chunk));

    await refuses(post('/fhir/R4', Buffer.alloc(50_000_000, 0x20)), 413, 'HTTP_BODY_TOO_LARGE');
    await refuses(
      post('/fhir/R4/Observation', endless(), { 'transfer-encoding': 'chunked' }),
      413,
      'HTTP_BODY_TOO_LARGE',
    );
  });

  it('of tens of thousands of chunks, each of which costs far more than its byte, are refused', async () => {
    const head = ['POST /fhir/R4 HTTP/1.1', 'Host: localhost', 'Authorization: Bearer staff.clinician'];
    const kind = ['Content-Type: application/json', 'Transfer-Encoding: chunked', 'Connection: close'];
    const chunks = '1\r\n \r\n'.repeat(60_000);

    const text = await callRaw(
      api.port,
      api.ca,
      `${[...head, ...kind].join('\r\n')}\r\n\r\n${chunks}0\r\n\r\n`,
    );

    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain('HTTP_BODY_FRAGMENTED');
  });

  it('are taken with gzip, and a bomb of 1000:1 is cut', async () => {
    const zipped = gzipSync(JSON.stringify({ resourceType: 'Bundle', text: '中'.repeat(1000) }));
    const bomb = gzipSync(Buffer.alloc(200_000_000, 0x20), { level: 9 });
    const before = process.memoryUsage().rss;

    expect((await post('/fhir/R4', zipped, { 'content-encoding': 'gzip' })).status).toBe(200);
    expect(bomb.length).toBeLessThan(210_000);
    await refuses(post('/fhir/R4', bomb, { 'content-encoding': 'gzip' }), 413, 'HTTP_BODY_TOO_LARGE');
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
  });

  it.each([
    ['br', 'HTTP_ENCODING_UNSUPPORTED'],
    ['deflate', 'HTTP_ENCODING_UNSUPPORTED'],
    ['gzip, gzip', 'HTTP_ENCODING_UNSUPPORTED'],
  ])('are refused with the content coding %s', async (coding, code) => {
    await refuses(post('/fhir/R4', '{}', { 'content-encoding': coding }), 415, code);
  });

  it('are refused when the gzip is broken or cut', async () => {
    const zipped = gzipSync(JSON.stringify({ text: 'x'.repeat(1000) }));

    await refuses(post('/fhir/R4', 'no gzip', { 'content-encoding': 'gzip' }), 400, 'HTTP_BODY_MALFORMED');
    await refuses(
      post('/fhir/R4', zipped.subarray(0, 20), { 'content-encoding': 'gzip' }),
      400,
      'HTTP_BODY_MALFORMED',
    );
  });

  it.each([
    ['100,000 levels', '['.repeat(100_000) + ']'.repeat(100_000), 'JSON_TOO_DEEP'],
    ['__proto__', '{"__proto__":{"roles":["administrator"]}}', 'JSON_KEY_FORBIDDEN'],
    ['constructor', '{"a":{"constructor":{"prototype":{}}}}', 'JSON_KEY_FORBIDDEN'],
    ['a duplicate key', '{"a":1,"a":2}', 'JSON_DUPLICATE_KEY'],
    ['1e400', '{"a":1e400}', 'JSON_NUMBER_INEXACT'],
    ['2^53+1', '{"a":9007199254740993}', 'JSON_NUMBER_INEXACT'],
    ['NUL', '{"a":"\\u0000"}', 'JSON_TEXT_INVALID'],
    ['half a surrogate pair', '{"a":"\\ud800"}', 'JSON_TEXT_INVALID'],
    ['a byte order mark', '\ufeff{}', 'JSON_ENCODING_INVALID'],
    ['a name in broken JSON', '{"name":"张三"', 'JSON_SYNTAX_INVALID'],
  ])('are refused with %s', async (_name, body, code) => {
    await refuses(post('/fhir/R4/Observation', body), 400, code);
    expect(({} as Record<string, unknown>)['roles']).toBeUndefined();
  });

  it('are refused as XML, with or without an entity, and in other types and charsets', async () => {
    const xml =
      '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Patient>&e;</Patient>';
    for (const type of [
      'application/fhir+xml',
      'text/xml',
      'text/plain',
      'multipart/form-data',
      'application/json; charset=gbk',
      '',
    ]) {
      const headers = { 'content-type': type };
      await refuses(post('/fhir/R4/Patient', xml, headers), 415, 'HTTP_MEDIA_TYPE_UNSUPPORTED');
    }
    await refuses(
      post('/members/x/approve', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }),
      415,
      'HTTP_MEDIA_TYPE_UNSUPPORTED',
    );
  });

  it('are refused with GET and DELETE', async () => {
    const headers = as('clinician', { ...json, 'content-length': 2 });

    await refuses(send({ path: '/session', headers, body: '{}' }), 400, 'HTTP_BODY_UNEXPECTED');
    await refuses(
      send({ method: 'DELETE', path: '/session', headers, body: '{}' }),
      400,
      'HTTP_BODY_UNEXPECTED',
    );
  });

  it('of a _search arrive as parameters', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };

    expect((await post('/fhir/R4/Observation/_search', 'code=a%7Cb&_count=5', form)).status).toBe(200);
    expect([...(api.received.at(-1) as URLSearchParams)]).toEqual([
      ['code', 'a|b'],
      ['_count', '5'],
    ]);
    await refuses(post('/fhir/R4/Observation/_search', 'a=%zz', form), 400, 'HTTP_QUERY_INVALID');
  });

  it('are not read before the caller is known', async () => {
    await refuses(
      send({ method: 'POST', path: '/fhir/R4', headers: json, body: '['.repeat(70_000) }),
      401,
      'IDENTITY_TOKEN_MISSING',
    );
  });
});

describe('targets', () => {
  it.each([
    '/fhir/R4/Patient/%2e%2e/metadata',
    '/fhir/R4/Patient/%252e%252e',
    '/fhir/R4/../../etc/passwd',
    '/fhir/R4/./metadata',
    '/fhir//R4/metadata',
    '//evil.example/livez',
    '/fhir/R4\\metadata',
    '/fhir/R4/Patient/1%00',
    '/fhir/R4/Patient/a%2fb',
    '/%6cive%7a',
    '/livez;x=1',
    '/fhir/R4/Patient/１',
  ])('are refused with the path %s', async (path) => {
    const head = Buffer.from(path, 'utf8').toString('latin1');
    const answer = await raw(
      `GET ${head} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer staff.clinician\r\nConnection: close\r\n\r\n`,
    );

    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toMatch(/HTTP_PATH_INVALID|HTTP_REQUEST_MALFORMED/);
  });

  it('are refused in absolute form, so that no proxy rule is passed by', async () => {
    const answer = await raw(
      'GET https://evil.example/livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    );

    expect(answer).toContain('HTTP_PATH_INVALID');
  });

  it.each(['?name=%zz', '?name=%c0%af', '?name=%00', '?a=%0d%0aSet-Cookie:x', '?name=%ED%A0%80'])(
    'are refused with the query %s',
    async (query) => {
      await refuses(send({ path: `/session${query}`, headers: as('clinician') }), 400, 'HTTP_QUERY_INVALID');
    },
  );
});

describe('connections', () => {
  const start =
    'POST /fhir/R4/Observation HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer staff.clinician\r\nContent-Type: application/json\r\n';

  it.each([
    [
      'Content-Length beside Transfer-Encoding',
      `${start}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n`,
    ],
    ['two Content-Lengths', `${start}Content-Length: 2\r\nContent-Length: 9\r\n\r\n{}`],
    ['an obscured Transfer-Encoding', `${start}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ['a space before the colon', `${start}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`],
    ['a chunk size that is no number', `${start}Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n`],
    ['bare line feeds', 'GET /session HTTP/1.1\nHost: localhost\nAuthorization: Bearer staff.clinician\n\n'],
    ['a folded header', `${start}X: a\r\n b\r\nContent-Length : 2\r\n\r\n{}`],
    ['no Host', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['NUL in a header', `GET /livez HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n`],
    ['HTTP/2 in the clear', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('are refused with %s and serve nothing behind it', async (_name, text) => {
    const count = api.received.length;

    const answer = await raw(text);

    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(api.received.length).toBe(count);
  });

  it('are refused with a cookie bomb', async () => {
    const cookie = 'a=b; '.repeat(8_000);

    await refuses(send({ path: '/livez', headers: { cookie } }), 431, 'HTTP_HEADERS_TOO_LARGE');
  });

  it('are refused with more fields than are read, so that none is passed over', async () => {
    const many = Array.from({ length: 98 }, (_, at) => `X-${at}: ${at}\r\n`).join('');
    const start = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n';

    // What a proxy on this machine adds last says that the client is not on it.
    const forwarded = await raw(`${start}${many}X-Forwarded-For: 203.0.113.7\r\n\r\n`);
    const own = await raw(`${start}${many}\r\n`);

    expect(forwarded).toMatch(/^HTTP\/1\.1 431 /);
    expect(forwarded).toContain('HTTP_HEADERS_TOO_LARGE');
    expect(own).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('that send their headers a byte at a time are cut', async () => {
    const startedAt = Date.now();
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect({ host: '127.0.0.1', port: api.port, ca: api.ca, servername: 'localhost' });
      const drip = setInterval(() => socket.writable && socket.write('X'), 50);
      socket.write('GET /livez HTTP/1.1\r\nX-');
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        clearInterval(drip);
        resolve(text);
      });
    });

    expect(answer).toContain('408');
    expect(answer).toContain('HTTP_REQUEST_TIMEOUT');
    expect(Date.now() - startedAt).toBeLessThan(5_000);
  });

  it('that send their body a byte at a time are cut', async () => {
    const answer = await raw(`${start}Content-Length: 100\r\n\r\n{`);

    expect(answer).toMatch(/408|^$/);
  });

  it('that send nothing at all are cut', async () => {
    expect(await raw('')).toMatch(/408|^$/);
  });

  it('whose answer is not taken are cut, and those that take it are not', async () => {
    const head = `Host: localhost\r\nAuthorization: Bearer staff.clinician\r\n\r\n`;
    const socket = connect({ host: '127.0.0.1', port: api.port, ca: api.ca, servername: 'localhost' });
    socket.on('error', () => undefined).pause();
    socket.write(`GET /fhir/R4/Patient/large HTTP/1.1\r\n${head}`);
    const underWay = (): Promise<number> =>
      new Promise((resolve) => api.http.server.getConnections((_, count) => resolve(count)));
    await expect.poll(underWay).toBe(1);

    await expect.poll(underWay, { timeout: 10_000 }).toBe(0);
    socket.destroy();
    const taken = await send({ path: '/fhir/R4/Patient/large', headers: as('clinician') });

    expect(taken.text).toHaveLength(24 * 1_048_576);
  });

  it('are TLS 1.2 or 1.3 with forward secrecy', async () => {
    const attempt = (tls: object) => send({ path: '/livez', tls });

    expect((await attempt({ maxVersion: 'TLSv1.2' })).status).toBe(200);
    await expect(
      attempt({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    ).rejects.toThrow();
    await expect(attempt({ maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' })).rejects.toThrow();
  });
});

describe('answers', () => {
  it('carry the security headers and a request id of our own', async () => {
    const { headers } = await send({ path: '/livez', headers: { 'x-request-id': 'evil' } });

    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
    });
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers['x-powered-by']).toBeUndefined();
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  it('to an unexpected failure say nothing of it, and the log keeps code and frames only', async () => {
    const answer = await send({ path: '/fhir/R4/Patient/broken', headers: as('clinician') });

    expect([answer.status, answer.code]).toEqual([500, 'INTERNAL_ERROR']);
    expect(answer.text).not.toContain('张三');
    const line = api.lines.find(({ event }) => event === 'http.failed');
    expect(line?.fields['code']).toBe('INTERNAL_ERROR');
    api.lines.splice(0);
  });

  it('are logged by the template of their route, without path, query or bearer', async () => {
    api.lines.splice(0);
    await send({ path: '/fhir/R4/Patient/alice-1?name=secret-name', headers: as('clinician') });

    const line = api.lines.find(({ event }) => event === 'http.request');
    expect(line?.fields).toMatchObject({
      route: '/fhir/R4/:type/:id',
      method: 'GET',
      status: 200,
      actor: 'staff',
    });
    expect(JSON.stringify(api.lines)).not.toMatch(/alice|secret-name|staff\.clinician/);
  });
});

describe('health', () => {
  it('is ready while every dependency is, and names the one that is not', async () => {
    expect(JSON.parse((await send({ path: '/readyz' })).text)).toEqual({
      status: 'ready',
      checks: [{ name: 'database', state: 'up' }],
    });
    api.checks.push({ name: 'ledger', check: () => Promise.reject(new Error('secret detail')) });

    const answer = await send({ path: '/readyz' });

    api.checks.pop();
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toMatchObject({
      status: 'unready',
      checks: [{ state: 'up' }, { name: 'ledger', state: 'down' }],
    });
    expect(answer.text).not.toContain('secret');
  });

  it('gives its figures to a collector on this machine and to administrators', async () => {
    const far = { 'x-forwarded-for': '203.0.113.9' };

    expect((await send({ path: '/metrics' })).text).toContain('medseal_http_requests_total{route="/livez"');
    expect((await send({ path: '/status', headers: as('administrator', far) })).status).toBe(200);
    await refuses(send({ path: '/metrics', headers: far }), 401, 'IDENTITY_TOKEN_MISSING');
  });
});

describe('a passkey over HTTP', () => {
  it('is enrolled with a code, logs in, is known and logs out', async () => {
    const authenticator = createAuthenticator(relyingParty);
    const open = (path: string, body: object) =>
      send({ method: 'POST', path, headers: json, body: JSON.stringify(body) });
    const issued = await send({
      method: 'POST',
      path: `/patients/${alice}/enrolment-codes`,
      headers: as('registrar'),
    });
    const { code } = JSON.parse(issued.text) as { code: string };

    const creation = JSON.parse((await open('/passkeys/registration/options', { code })).text);
    const registered = await open('/passkeys/registration', {
      code,
      response: authenticator.register(creation),
    });
    const options = JSON.parse((await open('/passkeys/login/options', {})).text);
    const login = await open('/passkeys/login', { response: authenticator.assert(options) });
    const { token } = JSON.parse(login.text) as { token: string };
    const headers = { authorization: `Bearer ${token}` };

    expect([issued.status, registered.status, login.status]).toEqual([201, 201, 200]);
    expect(JSON.parse((await send({ path: '/session', headers })).text)).toEqual({
      kind: 'patient',
      patientId: alice,
    });
    expect((await send({ method: 'DELETE', path: '/session', headers })).status).toBe(204);
    await refuses(send({ path: '/session', headers }), 401, 'IDENTITY_TOKEN_INVALID');
  });

  it.each([
    ['/passkeys/registration/options', {}, 'IDENTITY_REQUEST_INVALID'],
    ['/passkeys/registration/options', { code: 7 }, 'IDENTITY_REQUEST_INVALID'],
    ['/passkeys/registration', { code: 'x' }, 'IDENTITY_REQUEST_INVALID'],
    ['/passkeys/login', { response: {} }, 'IDENTITY_REQUEST_INVALID'],
    ['/passkeys/login/options', { userName: 'x' }, 'IDENTITY_REQUEST_INVALID'],
  ])('is refused at %s with the body %j', async (path, body, code) => {
    await refuses(send({ method: 'POST', path, headers: json, body: JSON.stringify(body) }), 400, code);
  });
});
