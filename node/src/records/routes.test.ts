import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuditSeal } from '../audit/index.ts';
import { FhirError } from '../fhir/index.ts';
import { parseJson } from '../lib/strict-json.ts';
import { RecordsError } from './errors.ts';
import { recordRoutes } from './routes.ts';
import { callerOf, createFixture, type Fixture, observation, patient } from './test/fixture.ts';

let fixture: Fixture;
let server: Server;
let base: string;
beforeAll(async () => {
  fixture = await createFixture();
  const app = express();
  app.use((request, response, next) => {
    const isOfficer = request.get('X-Role') === 'privacy-officer';
    const role = isOfficer ? 'privacy-officer' : 'clinician';
    response.locals['actor'] = callerOf([role], 'TREAT', request.get('X-Staff') ?? 'dr-li').actor;
    next();
  });
  app.use(
    express.text({ type: ['application/fhir+json', 'application/json'] }),
    (request, _response, next) => {
      if (typeof request.body === 'string')
        request.body = request.body === '' ? undefined : parseJson(request.body);
      next();
    },
  );
  app.use(express.text({ type: 'application/x-www-form-urlencoded' }), (request, _response, next) => {
    if (typeof request.body === 'string') request.body = new URLSearchParams(request.body);
    next();
  });
  const proofs = {
    proofsFor: () => Promise.reject(new Error('none')),
    blocks: () => Promise.reject(new Error('none')),
  };
  const certificates = {
    issuer: { organizationId: 'hospital-a', zh: '甲', en: 'A' },
    channel: { name: 'care', genesisHash: '00'.repeat(32) },
    verify: () => Promise.reject(new Error('none')),
    render: () => Promise.reject(new Error('none')),
  };
  const software = { version: '0.1.0', publishedAt: '2026-03-01' };
  app.use('/fhir/R4', recordRoutes({ records: fixture.deps, proofs, certificates, software }));
  const answerError: ErrorRequestHandler = (error, _request, response, _next) => {
    const isOurs = error instanceof RecordsError || error instanceof FhirError;
    response.status(isOurs ? error.status : 500).json({ code: error.code });
  };
  app.use(answerError);
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir/R4`;
});
afterAll(async () => {
  server.close();
  await fixture.database.drop();
});

type Json = Record<string, unknown>;
async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${base}/${path}`, {
    method,
    headers: { 'Content-Type': 'application/fhir+json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    json: (text === '' ? {} : JSON.parse(text)) as Json,
  };
}
const idOf = ({ json }: { json: Json }): string => json['id'] as string;

describe('the FHIR routes', () => {
  it('create, read, update with If-Match, read a version, tell the history and delete', async () => {
    const created = await call('POST', 'Patient', patient());
    const id = idOf(created);
    expect(created.status).toBe(201);
    expect(created.headers.get('Location')).toBe(`https://a.example/fhir/R4/Patient/${id}/_history/1`);
    expect(created.headers.get('ETag')).toBe('W/"1"');

    const change = { ...patient({ active: true }), id };
    expect((await call('PUT', `Patient/${id}`, change)).status).toBe(428);
    expect((await call('PUT', `Patient/${id}`, change, { 'If-Match': '1' })).status).toBe(400);
    expect((await call('PUT', `Patient/${id}`, change, { 'If-Match': 'W/"5"' })).status).toBe(412);
    expect(
      (await call('PUT', `Patient/${id}`, { ...change, id: 'other' }, { 'If-Match': 'W/"1"' })).status,
    ).toBe(400);
    expect((await call('PUT', `Patient/${id}`, observation(id), { 'If-Match': 'W/"1"' })).status).toBe(400);
    const updated = await call('PUT', `Patient/${id}`, change, { 'If-Match': 'W/"1"' });
    expect([updated.status, updated.headers.get('ETag')]).toEqual([200, 'W/"2"']);

    const read = await call('GET', `Patient/${id}`);
    expect([read.headers.get('ETag'), read.json['active']]).toEqual(['W/"2"', true]);
    expect(read.headers.get('Content-Type')).toContain('application/fhir+json');
    expect((await call('GET', `Patient/${id}/_history/1`)).json['active']).toBeUndefined();
    expect((await call('GET', `Patient/${id}/_history`)).json).toMatchObject({ type: 'history' });
    expect((await call('DELETE', `Patient/${id}`)).status).toBe(204);
    expect((await call('GET', `Patient/${id}`)).status).toBe(410);
  });

  it('search by GET and by POST, with the next page behind the link', async () => {
    const patientId = idOf(await call('POST', 'Patient', patient()));
    for (let at = 0; at < 3; at += 1) await call('POST', 'Observation', observation(patientId));

    const first = await call('GET', `Observation?patient=${patientId}&_count=2`);
    const next = (first.json['link'] as { relation: string; url: string }[]).find(
      ({ relation }) => relation === 'next',
    );
    expect(first.json['entry']).toHaveLength(2);
    const second = await call('GET', (next?.url ?? '').replace('https://a.example/fhir/R4/', ''));
    expect(second.json['entry']).toHaveLength(1);
    const posted = await call('POST', 'Observation/_search', `patient=${patientId}`, {
      'Content-Type': 'application/x-www-form-urlencoded',
    });
    expect(posted.json).toMatchObject({ type: 'searchset', total: 3 });
    const everything = await call('GET', `Patient/${patientId}/$everything`);
    expect(everything.json['entry']).toHaveLength(4);
    const history = await call('GET', `Observation/_history?patient=${patientId}&_count=2`);
    expect(history.json['entry']).toHaveLength(2);
  });

  it('refuse a search whose criteria come in another form, which would otherwise find everything', async () => {
    await call('POST', 'Organization', { resourceType: 'Organization', name: 'any' });

    const posted = await call('POST', 'Organization/_search', { name: 'nothing' });

    expect([posted.status, posted.json['code']]).toEqual([400, 'FHIR_PARAMETER_INVALID']);
  });

  it('leave no identity number and no criterion in the audit, which outlives an erasure', async () => {
    const [national, finding] = ['110101199001011237', 'B20.0'];
    const identifier = [{ system: 'urn:oid:2.16.156.10011.1.3', value: national }];
    const id = idOf(await call('POST', 'Patient', patient({ identifier })));
    await call('GET', `Patient?identifier=urn:oid:2.16.156.10011.1.3|${national}`);
    await call('POST', 'Condition/_search?_count=5', `patient=${id}&code=${finding}`, {
      'Content-Type': 'application/x-www-form-urlencoded',
    });
    const search = { method: 'GET', url: `Condition?patient=${id}&code=${finding}` };
    await call('POST', '', { resourceType: 'Bundle', type: 'batch', entry: [{ request: search }] });

    const { rows } = await fixture.database.db.query<{ event_id: string; sealed: Uint8Array }>(
      'select event_id, sealed from audit_event',
    );
    const seal = createAuditSeal(fixture.deps.keyStore, fixture.deps.tenant);
    const kept = rows.flatMap(({ event_id, sealed }) => {
      const entities = seal.open(sealed, event_id).auditEvent['entity'] as { query?: string }[];
      return entities.map(({ query = '' }) => Buffer.from(query, 'base64').toString());
    });
    expect(kept).toContain('/fhir/R4/Patient?identifier=*');
    expect(kept).toContain(`/fhir/R4/Condition/_search?_count=5&patient=${id}&code=*`);
    expect(kept).toContain(`Condition?patient=${id}&code=*`);
    expect(kept.join()).not.toMatch(new RegExp(`${national}|${finding}`));
  });

  it('leave a record of every refused write, too', async () => {
    const identifier = [{ system: 'urn:oid:2.16.156.10011.1.3', value: '11010519491231002X' }];
    expect((await call('POST', 'Patient', patient({ identifier }))).status).toBe(201);

    expect((await call('POST', 'Patient', patient({ identifier }))).status).toBe(409);
    expect((await call('POST', 'Patient', patient(), { 'X-Role': 'privacy-officer' })).status).toBe(403);

    const { rows } = await fixture.database.db.query<{ event_id: string; sealed: Uint8Array }>(
      'select event_id, sealed from audit_event order by leaf_id desc limit 2',
    );
    const seal = createAuditSeal(fixture.deps.keyStore, fixture.deps.tenant);
    const events = rows.map(({ event_id, sealed }) => seal.open(sealed, event_id).auditEvent);
    expect(events.map((event) => [event['outcomeDesc'], event['outcome']])).toEqual([
      ['RECORDS_WRITE_FORBIDDEN', '4'],
      ['RECORDS_PATIENT_EXISTS', '8'],
    ]);
  });

  it('refuse an entry of a batch alone, whatever is wrong with it', async () => {
    const patientId = idOf(await call('POST', 'Patient', patient()));
    const national = [{ system: 'urn:oid:2.16.156.10011.1.3', value: '110101199001011230' }];
    const reads = ['abc', '1e9', '0x1', '99999999999', '0'].map((version) => ({
      request: { method: 'GET', url: `Patient/${patientId}/_history/${version}` },
    }));
    const entry = [
      { resource: patient({ identifier: national }), request: { method: 'POST', url: 'Patient' } },
      ...reads,
      { request: { method: 'GET', url: `Patient/${patientId}` } },
    ];

    const { status, json } = await call('POST', '', { resourceType: 'Bundle', type: 'batch', entry });

    expect(status).toBe(200);
    const answers = (json['entry'] as { response: { status: string } }[]).map(
      ({ response }) => response.status,
    );
    expect(answers).toEqual(['422', ...reads.map(() => '404'), '200 OK']);
  });

  it('take a transaction at the base', async () => {
    const entry = [{ resource: patient(), request: { method: 'POST', url: 'Patient' } }];
    const answer = await call('POST', '', { resourceType: 'Bundle', type: 'transaction', entry });

    expect([answer.status, answer.json['type']]).toEqual([200, 'transaction-response']);
  });

  it('create under a condition once', async () => {
    const organization = {
      resourceType: 'Organization',
      identifier: [{ system: 'https://a.example/org', value: '9' }],
    };
    const condition = { 'If-None-Exist': 'identifier=https://a.example/org|9' };

    expect((await call('POST', 'Organization', organization, condition)).status).toBe(201);
    expect((await call('POST', 'Organization', organization, condition)).status).toBe(200);
    expect((await call('POST', 'Organization', organization, { 'If-None-Exist': 'name=x' })).status).toBe(
      400,
    );
  });

  it.each([
    ['GET', 'Nonsense/1', 404],
    ['GET', 'constructor/1', 404],
    ['GET', 'Consent/1', 404],
    ['POST', 'Nonsense', 404],
    ['GET', 'Observation', 400],
    ['GET', 'Observation?patient=1&nonsense=1', 400],
    ['GET', 'Observation?patient=1&_count=1000000000', 400],
    ['GET', 'Observation?patient=1&_cursor=AAAA', 400],
    ['GET', 'Patient/1?name=x', 400],
    ['GET', 'Patient/1/_history/0', 404],
    ['GET', 'Patient/1/_history/1e3', 404],
    ['GET', 'Patient/1/_history?_since=yesterday', 400],
    ['GET', 'Observation/_history', 400],
    ['GET', 'Patient/absent/$everything', 404],
    ['GET', 'Patient/absent/_history/1/$proof', 404],
    ['GET', 'Patient/absent/_history/1/$certificate', 404],
    ['GET', 'Consent/1/_history/1/$certificate', 404],
    ['GET', 'Patient/1/_history/x/$certificate', 404],
    ['DELETE', 'Patient/absent', 404],
  ])('answer %s %s with %i', async (method, path, status) => {
    const body = method === 'POST' ? patient() : undefined;

    expect((await call(method, path, body)).status).toBe(status);
  });

  it('refuse bodies that are no resource of the type, and write nothing', async () => {
    const { rows: before } = await fixture.database.db.query('select count(*) from record_version');
    const bad: unknown[] = [
      observation('x'),
      { ...patient(), gender: 'xx' },
      { ...patient(), birthDate: '31.12.1980' },
      { ...patient(), unknown: 1 },
      { ...patient(), managingOrganization: { reference: 'https://elsewhere.example/Organization/1' } },
      {
        ...patient(),
        text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><script/></div>' },
      },
      [],
      {},
    ];

    for (const body of bad) expect((await call('POST', 'Patient', body)).status).toBe(400);
    expect((await call('POST', '', { resourceType: 'Bundle', type: 'collection' })).status).toBe(400);
    expect((await fixture.database.db.query('select count(*) from record_version')).rows).toEqual(before);
  });

  it('answer in JSON only', async () => {
    expect((await call('GET', 'Patient/1', undefined, { Accept: 'application/fhir+xml' })).status).toBe(406);
  });

  it('erase a patient for two privacy officers', async () => {
    const id = idOf(await call('POST', 'Patient', patient()));
    const by = (staff: string, operation = '$erase') =>
      call('POST', `Patient/${id}/${operation}`, undefined, {
        'X-Role': 'privacy-officer',
        'X-Staff': staff,
        'Purpose-Of-Use': 'HOPERAT',
      });

    const asked = await by('one');
    expect([asked.status, asked.json['resourceType']]).toEqual([202, 'OperationOutcome']);
    expect((await by('two', '$withdraw-erasure')).status).toBe(204);
    expect((await by('two')).status).toBe(202);
    expect((await call('GET', `Patient/${id}`)).status).toBe(200);
    expect((await by('one')).status).toBe(204);
    expect((await call('GET', `Patient/${id}`)).status).toBe(404);
  });

  it('describe exactly what they serve', async () => {
    const { json } = await call('GET', 'metadata');
    const [rest] = json['rest'] as { resource: { type: string; interaction: { code: string }[] }[] }[];

    expect(rest?.resource.map(({ type }) => type)).not.toContain('AuditEvent');
    for (const { type, interaction } of rest?.resource ?? []) {
      expect(interaction.map(({ code }) => code)).toContain('read');
      expect((await call('GET', `${type}/absent`)).json).toEqual({ code: 'RECORDS_NOT_FOUND' });
    }
  });
});
