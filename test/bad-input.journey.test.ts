import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf } from '../demo/story.ts';
import { openKeyFile } from '../node/src/adapters/keys/file.ts';
import { messageKeyId, signRequest } from '../node/src/crypto/http-signature.ts';
import type { KeyStore } from '../node/src/crypto/index.ts';
import { type Answer, type Call, call, callRaw } from '../node/src/http/test/client.ts';
import { type Journey, startJourney, untilAnchored, untilPseudonymsKnown } from './journey/alliance.ts';
import { badResources } from './journey/bad-resources.ts';
import {
  documentedCodes,
  documentedRoutes,
  type HostileBody,
  hostileBodies,
  hostileIds,
  hostileQueries,
  type Route,
  secret,
  strange,
  without,
  withWrongTypes,
} from './journey/hostile.ts';
import { draftConsent, type EnrolledPerson, enrol, takeInPerson } from './journey/people.ts';
import { isAlive } from './journey/processes.ts';
import { observation } from './journey/records.ts';

// What a refused request may add to: the record of accesses and of decisions, the evidence of both, and the count of requests.
const audit = /^(?:audit_event|access_sequence|decision|evidence_\w+|witness_checkpoint|public_request)$/;
const stack = /\bat \S+ \(|node_modules|\.ts:\d|\/src\//;
const codes = documentedCodes();
const routes = documentedRoutes();
const nodes = ['hospital-a', 'regulator', 'hospital-b'];
const absent = '00000000-0000-4000-8000-000000000000';

let journey: Journey;
let patient: EnrolledPerson & { recordIds: string[] };
let before: Map<string, string>;
let pids: number[];
const durations: number[] = [];

beforeAll(async () => {
  journey = await startJourney({ only: nodes });
  patient = await enrol(
    journey.story,
    await takeInPerson(journey.story, (reference) => [observation(reference)]),
  );
  await untilPseudonymsKnown(journey);
  await untilAnchored(journey.story);
  before = await counts();
  pids = nodes.map((name) => journey.alliance.processes.get(name)?.pid ?? 0);
});
afterAll(() => journey?.stop());

/** Number of rows of every table of every node. */
async function counts(): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  for (const node of nodes) {
    const database = journey.database(node);
    const { rows: tables } = await database.query<{ name: string }>(
      `select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
    );
    for (const { name } of tables.filter((table) => !audit.test(table.name))) {
      const { rows } = await database.query<{ rows: string }>(`select count(*) as rows from "${name}"`);
      all.set(`${node} ${name}`, rows[0]?.rows ?? '');
    }
  }
  return all;
}

/** Who may call a route, at which node, so that what is refused is the input. */
async function callerOf({ path, port }: Pick<Route, 'path' | 'port'>) {
  const { story, alliance } = journey;
  const staff = async (name: string) => `Bearer ${await story.staff(name)}`;
  const atRegulator = /^\/members\/.|^\/peer\/pseudonyms/.test(path);
  const node = atRegulator ? 'regulator' : 'hospital-a';
  const authorization = async (): Promise<string | undefined> => {
    if (port === 'peer' || path.startsWith('/passkeys')) return undefined;
    if (atRegulator) return staff('regulator@regulator');
    if (path.startsWith('/consents') || path === '/session') return `Bearer ${patient.bearer}`;
    if (/^\/decisions|\/accesses|erase$|erasure$/.test(path)) return staff('privacy@hospital-a');
    return staff('administrator@hospital-a');
  };
  const own = join(alliance.folder, 'ledger', 'organizations', 'hospital-b', 'node');
  const tls =
    port === 'api'
      ? {}
      : { tls: { cert: readFileSync(join(own, 'cert.pem')), key: readFileSync(join(own, 'key.pem')) } };
  const bearer = await authorization();
  return {
    port: alliance.ports.nodes[node]?.[port] ?? 0,
    ca: alliance.ca(node),
    headers: {
      ...(bearer === undefined ? {} : { authorization: bearer }),
      ...(/erase$|erasure$/.test(path) ? { 'purpose-of-use': 'HOPERAT' } : {}),
    },
    ...tls,
  };
}

type Attack = Route & { what: string; url?: string; body?: Call['body']; extra?: Record<string, string> };

async function attack({ what, url, body, extra, ...route }: Attack): Promise<Answer> {
  const { port, ca, headers, ...tls } = await callerOf(route);
  const path = url ?? concrete(route.path);
  const startedAt = performance.now();
  const length =
    typeof body === 'string' || Buffer.isBuffer(body) ? { 'content-length': Buffer.byteLength(body) } : {};
  const sent = { method: route.method, path, headers: { ...headers, ...length, ...extra }, ...tls };
  const answer = await call(port, ca, body === undefined ? sent : { ...sent, body }).catch(
    (cause: unknown) => {
      throw new Error(`${route.method} ${path} with ${what}: no answer`, { cause });
    },
  );
  durations.push(performance.now() - startedAt);
  expectRefusal(answer, { path, what: `${route.method} ${path.slice(0, 120)} with ${what}` });
  return answer;
}

const ids: Record<string, string> = {
  type: 'Observation',
  organizationId: 'hospital-c',
  event: 'approve',
  version: '1',
};
const concrete = (path: string): string =>
  path.replaceAll(/:(\w+)/g, (_, name: string) => ids[name] ?? absent);

function expectRefusal(answer: Answer, { path, what }: { path: string; what: string }): void {
  const { status, headers, text, code = '' } = answer;
  const seen = `${what}: ${status} ${text.slice(0, 300)}`;
  expect(status >= 400 && status < 500, seen).toBe(true);
  expect(codes.has(code) || /^(?:FHIR|RECORDS)_[A-Z_]+$/.test(code), seen).toBe(true);
  const type = String(headers['content-type']).split(';')[0];
  const isOutcome = type === 'application/fhir+json' && text.startsWith('{"resourceType":"OperationOutcome"');
  // What cannot be read as a request under the FHIR base is a problem of HTTP.
  expect(
    path.startsWith('/fhir/')
      ? isOutcome || type === 'application/problem+json'
      : type === 'application/problem+json',
    seen,
  ).toBe(true);
  expect(text.includes(secret), seen).toBe(false);
  expect(stack.test(text), seen).toBe(false);
}

async function expectAlive(): Promise<void> {
  for (const node of nodes)
    expect((await clientOf(journey.story, node).call('GET', '/livez')).status).toBe(200);
  expect(pids.every(isAlive)).toBe(true);
}

const takesBody = ({ method }: Route): boolean => method === 'POST' || method === 'PUT';
const send = (route: Route, { name, body, headers }: HostileBody): Promise<Answer> =>
  attack({ ...route, what: name, body, extra: headers ?? {} });

describe('every route of a node', () => {
  it('is known here', () => {
    expect(routes.filter(({ port }) => port === 'api').length).toBeGreaterThan(35);
    expect(routes.filter(({ port }) => port === 'peer').length).toBeGreaterThan(1);
  });

  it.each(routes.filter(takesBody))('refuses hostile bodies: $method $path', async (route) => {
    for (const body of hostileBodies()) {
      const isForm = body.name === 'a form' && route.path.endsWith('_search');
      if (!isForm) await send(route, body);
    }
    await expectAlive();
  });

  it.each(routes.filter((route) => !takesBody(route)))('takes no body: $method $path', async (route) => {
    await send(route, {
      name: 'a body',
      body: `{"${strange}":"${secret}"}`,
      headers: { 'content-type': 'application/json' },
    });
  });

  it.each(routes.filter(({ path }) => path.includes(':')))(
    'refuses hostile ids: $method $path',
    async (route) => {
      // An officer may look up the history of an id whose patient was erased, so any well-formed one is answered there.
      const refused = route.path.endsWith('/accesses')
        ? hostileIds.filter((id) => !/^[A-Za-z0-9.-]+$/.test(id))
        : hostileIds;
      for (const id of refused) {
        const url = route.path.replaceAll(/:\w+/g, id);
        await attack({ ...route, what: 'a hostile id', url });
      }
    },
  );

  it.each(routes.filter(({ port }) => port === 'api'))('has no other methods: $path', async ({ path }) => {
    const known = routes
      .filter((route) => concrete(route.path) === concrete(path))
      .map(({ method }) => method);
    for (const method of ['PATCH', 'PUT', 'DELETE'].filter((other) => !known.includes(other))) {
      const answer = await attack({ method, path, port: 'api', what: 'another method' });
      expect([400, 401, 404, 405]).toContain(answer.status);
    }
  });
});

describe('bodies of a known form', () => {
  const api = (path: string, method = 'POST'): Route => ({ method, path, port: 'api' });
  const sendAll = async (route: Route, bodies: readonly HostileBody[]): Promise<void> => {
    for (const body of bodies) await send(route, body);
    await expectAlive();
  };

  it('are refused with a member of another type, without one, and with an unknown one', async () => {
    const terms = { recipients: ['hospital-b'], purposes: ['TREAT'], types: ['Observation'] };
    const { consent } = await draftConsent(journey.story, patient, terms);
    const assertion = {
      id: 'x',
      rawId: 'x',
      type: 'public-key',
      response: { clientDataJSON: 'x', authenticatorData: 'x', signature: 'x' },
    };
    const statement = {
      v: 1,
      type: 'medseal/consent-revocation',
      consentId: absent,
      consentVersion: 1,
      custodian: 'hospital-a',
      at: '2026-01-01T00:00:00.000Z',
    };
    const question = {
      nationalId: patient.nationalId,
      sources: ['hospital-b'],
      types: ['Observation'],
      purpose: 'TREAT',
      count: 5,
    };
    const forms: [string, Record<string, unknown>][] = [
      ['/consents/drafts', { terms }],
      ['/consents', { consent, assertion }],
      [`/consents/${absent}/revocation`, { statement, assertion }],
      ['/exchange/requests', question],
      ['/passkeys/login', { response: assertion }],
    ];
    for (const [path, form] of forms) {
      const required = Object.keys(form).filter((name) => name !== 'count');
      await sendAll(api(path), [...withWrongTypes(form), ...without(form, required)]);
    }
    for (const [name, value] of Object.entries(terms))
      await sendAll(api('/consents/drafts'), [
        ...[[], secret, [secret], null, { [strange]: secret }].map((other) => ({
          name: `terms.${name} ${JSON.stringify(other)}, not ${JSON.stringify(value)}`,
          body: JSON.stringify({ terms: { ...terms, [name]: other } }),
          headers: { 'content-type': 'application/json' },
        })),
      ]);
  });

  it('are refused as resources and Bundles that are not what FHIR R4 and this node take', async () => {
    const reference = `Patient/${patient.patientId}`;
    const good = observation(reference) as Record<string, unknown>;
    const [id = absent] = patient.recordIds;
    const fhir = (bodies: readonly HostileBody[]) =>
      bodies.map((body) => ({ ...body, headers: { 'content-type': 'application/fhir+json' } }));
    const wrong = [...withWrongTypes(good), ...without(good, ['resourceType', 'status', 'code', 'subject'])];

    await sendAll(api('/fhir/R4/Observation'), fhir(wrong));
    await sendAll(api(`/fhir/R4/Observation/${id}`, 'PUT'), fhir(wrong));
    for (const { path, bodies } of badResources(reference)) await sendAll(api(path), fhir(bodies));
  });

  it('are refused when they are 50 MB long, announced or not', async () => {
    const megabytes = 50;
    const chunk = Buffer.alloc(1_048_576, ' ');
    const long = () => Readable.from(Array.from({ length: megabytes }, () => chunk));
    for (const route of [
      api('/fhir/R4/'),
      api('/fhir/R4/Observation'),
      api('/consents/drafts'),
      { ...api('/peer/exchange'), port: 'peer' as const },
    ]) {
      const extra = { 'content-type': 'application/json' };
      const announced = { ...extra, 'content-length': String(megabytes * chunk.length) };
      expect((await attack({ ...route, what: '50 MB', body: long(), extra: announced })).status).toBe(413);
      expect((await attack({ ...route, what: '50 MB in chunks', body: long(), extra })).status).toBe(413);
    }
    await expectAlive();
  });
});

describe('queries, headers and requests', () => {
  const get = (url: string, extra: Record<string, string> = {}) =>
    attack({ method: 'GET', path: url, port: 'api', url, what: JSON.stringify(extra), extra });

  it('are refused where a search does not know them or cannot afford them', async () => {
    const of = `patient=${patient.patientId}`;
    for (const query of hostileQueries) await get(`/fhir/R4/Observation?${of}&${query}`);
    const others = [
      '',
      `?patient=${secret}/x`,
      `?${of},${absent}`,
      '?code=718-7',
      `?subject=Group/${secret}`,
    ];
    for (const query of others) await get(`/fhir/R4/Observation${query}`);
    for (const query of [`${strange}=${secret}`, '_count=1e9', '_since=yesterday', '_at=2025-99'])
      for (const path of [
        `Observation/${patient.recordIds[0]}/_history`,
        `Patient/${patient.patientId}/$everything`,
      ])
        await get(`/fhir/R4/${path}?${query}`);
    for (const path of [
      `Observation/${patient.recordIds[0]}`,
      'Group',
      secret,
      'Observation?patient:missing=true',
    ])
      await get(`/fhir/R4/${path}${path.includes('?') ? '&' : '?'}${strange}=${secret}`);
    const accesses = `/patients/${patient.patientId}/accesses`;
    for (const query of [
      'count=1e9',
      'count=501',
      'from=0',
      'from=-1',
      'from=x',
      `${strange}=${secret}`,
      'count=1&count=2',
    ])
      await get(`${accesses}?${query}`);
    for (const query of [`${strange}=${secret}`, 'patient=a&patient=b', `patient=${secret}/x`])
      await get(`/consents?${query}`);
    await expectAlive();
  });

  it('are refused where a header is not what it has to be', async () => {
    const record = `/fhir/R4/Observation/${patient.recordIds[0]}`;
    const noXml = await get(record, { accept: 'application/fhir+xml' });
    expect(noXml.status).toBe(406);
    await get(record, { 'purpose-of-use': `${secret}'` });
    await get(record, { 'purpose-of-use': 'x'.repeat(5_000) });
    for (const match of [secret, 'W/"1', '"1","2"', '*', 'W/"99"', '1'])
      await attack({
        method: 'PUT',
        path: record,
        port: 'api',
        what: `If-Match ${match}`,
        body: JSON.stringify({ ...observation(`Patient/${patient.patientId}`), id: patient.recordIds[0] }),
        extra: { 'content-type': 'application/fhir+json', 'if-match': match },
      });
    for (const condition of [
      secret,
      'identifier=',
      `identifier=${secret}`,
      'name=x',
      `identifier=a|b&${strange}=${secret}`,
    ])
      await attack({
        method: 'POST',
        path: '/fhir/R4/Observation',
        port: 'api',
        what: `If-None-Exist ${condition}`,
        body: JSON.stringify(observation(`Patient/${patient.patientId}`)),
        extra: { 'content-type': 'application/fhir+json', 'if-none-exist': condition },
      });
    for (const authorization of [
      'Basic eDp4',
      'Bearer',
      `Bearer ${secret}`,
      `Bearer ${unsigned()}`,
      'Bearer a b',
      'x'.repeat(8_000),
    ])
      expect((await get(record, { authorization })).status).toBe(401);
    const foreign = await journey.story.staff('clinician@hospital-b');
    expect((await get(record, { authorization: `Bearer ${foreign}` })).status).toBe(401);
  });

  it('are refused when they are bombs or no HTTP', async () => {
    const { port, ca, headers } = await callerOf({ path: '/fhir/R4/Patient', port: 'api' });
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`x-${at}`, secret.repeat(30)]));
    for (const extra of [{ cookie: secret.repeat(3_000) }, { 'x-long': 'a'.repeat(20_000) }, many])
      expect((await get('/fhir/R4/Observation', extra)).status).toBe(431);
    const head = `Host: localhost\r\nAuthorization: ${headers.authorization}\r\n`;
    const raw = [
      `POST /fhir/R4 HTTP/1.1\r\n${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${secret}`,
      `POST /fhir/R4 HTTP/1.1\r\n${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\n${secret}`,
      `POST /fhir/R4 HTTP/1.1\r\n${head}Transfer-Encoding: chunked, identity\r\n\r\n${secret}`,
      `GET /fhir/R4/Patient HTTP/1.1\nHost: localhost\n\n`,
      `GET /fhir/R4/Patient HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n`,
      `GET http://${secret}/fhir/R4/Patient HTTP/1.1\r\n${head}Connection: close\r\n\r\n`,
      `GET /fhir/R4/../../etc/passwd HTTP/1.1\r\n${head}Connection: close\r\n\r\n`,
      `GET //fhir//R4/Patient HTTP/1.1\r\n${head}Connection: close\r\n\r\n`,
      `GET \\fhir\\R4 HTTP/1.1\r\n${head}Connection: close\r\n\r\n`,
      `${secret} / HTTP/1.1\r\n${head}\r\n`,
      `GET / HTTP/9.9\r\n${head}\r\n`,
      `${secret}\r\n\r\n`,
    ];
    for (const request of raw) {
      const answer = await callRaw(port, ca, request);
      const seen = `${request.slice(0, 60)}: ${answer.slice(0, 200)}`;
      expect(/^HTTP\/1\.1 4\d\d /.test(answer), seen).toBe(true);
      expect(
        [...codes].some((code) => answer.includes(`"${code}"`)),
        seen,
      ).toBe(true);
      expect(answer.includes(secret) || stack.test(answer), seen).toBe(false);
    }
    await expectAlive();
  });
});

describe('a partner that misuses its own keys', () => {
  const request = () => ({
    v: 1,
    requestId: randomUUID(),
    pseudonym: '0'.repeat(64),
    purpose: 'TREAT',
    types: ['Observation'],
    count: 5,
    staff: { staffId: 'b-1', displayName: 'B', roles: ['clinician'] },
  });
  const route = { method: 'POST', path: '/peer/exchange', port: 'peer' as const };
  let keys: KeyStore | undefined;
  const openKeys = (folder: string): KeyStore =>
    openKeyFile({
      path: join(folder, 'node.key'),
      passphrase: readFileSync(join(folder, 'passphrase'), 'utf8'),
    });

  /** A request of hospital B with its genuine signature over whatever it says. */
  async function signed(body: string | object, changes: { fields?: Record<string, string>; at?: Date } = {}) {
    const { alliance } = journey;
    keys ??= openKeys(join(alliance.folder, 'keys', 'hospital-b'));
    const { sign, publicKey } = keys;
    const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const { fields } = signRequest(
      {
        method: 'POST',
        targetUri: `https://localhost:${alliance.ports.nodes['hospital-a']?.peer}/peer/exchange`,
        fields: {
          'content-type': 'application/json',
          'medseal-organization': 'hospital-b',
          'medseal-recipient': 'hospital-a',
          ...changes.fields,
        },
        body: bytes,
      },
      {
        signer: {
          keyId: messageKeyId('hospital-b', publicKey('message')),
          sign: (text) => sign('message', text),
        },
        createdAt: changes.at ?? new Date(),
        nonce: randomBytes(16),
      },
    );
    return { body: bytes, extra: fields };
  }

  it('is refused for what it signs, when it signs it and whom it signs it for', async () => {
    const { port, ca, headers: _, ...tls } = await callerOf(route);
    const good = await signed(request());
    const answer = await call(port, ca, { ...route, headers: good.extra, body: good.body, ...tls });
    expect([answer.status, answer.headers['content-type']]).toEqual([
      200,
      'application/vnd.medseal.exchange',
    ]);

    // The one that was good.
    for (const table of ['exchange', 'exchange_nonce']) before.set(`hospital-a ${table}`, '1');

    const refused: [string, Awaited<ReturnType<typeof signed>>, string][] = [
      ['a replay', good, 'EXCHANGE_REPLAYED'],
      ['an old date', await signed(request(), { at: new Date(Date.now() - 120_000) }), 'IDENTITY_PEER_CLOCK'],
      [
        'a date to come',
        await signed(request(), { at: new Date(Date.now() + 120_000) }),
        'IDENTITY_PEER_CLOCK',
      ],
      [
        'another recipient',
        await signed(request(), { fields: { 'medseal-recipient': 'hospital-c' } }),
        'IDENTITY_PEER_SIGNATURE',
      ],
      [
        'another sender',
        await signed(request(), { fields: { 'medseal-organization': 'hospital-c' } }),
        'IDENTITY_PEER_SIGNATURE',
      ],
      [
        'another body',
        { ...(await signed(request())), body: Buffer.from(JSON.stringify(request())) },
        'IDENTITY_PEER_SIGNATURE',
      ],
    ];
    for (const [what, { body, extra }, code] of refused)
      expect((await attack({ ...route, what, body, extra })).code, what).toBe(code);
    for (const { name, body } of [
      ...withWrongTypes(request()),
      ...without(request(), Object.keys(request())),
    ])
      await attack({ ...route, what: `signed ${name}`, ...(await signed(String(body))) });
    await expectAlive();
  });
});

describe('after all of this', () => {
  it('nothing was written but the record of what was tried, and the node is as quick as before', async () => {
    durations.sort((one, other) => one - other);
    const median = durations[durations.length >> 1] ?? 0;
    console.log(
      `${durations.length} requests, median ${median.toFixed(1)} ms, longest ${durations.at(-1)?.toFixed(0)} ms`,
    );

    expect(await counts()).toEqual(before);
    expect(pids.every(isAlive)).toBe(true);
    expect(durations.length).toBeGreaterThan(1_000);
    expect(median).toBeLessThan(200);
  });
});

/** A token that claims to need no signature. */
function unsigned(): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none', typ: 'at+jwt' })}.${part({ sub: 'x', medseal_roles: ['clinician'] })}.`;
}
