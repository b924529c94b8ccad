import { Agent } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { canonicalJson, hex } from '@medseal/evidence';
import { ristretto255_oprf } from '@noble/curves/ed25519.js';
import { Router } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyStoreOf } from '../adapters/keys/key-store.ts';
import {
  askIdentityService,
  createPseudonymClient,
  type Member,
  type Members,
  membersIn,
  peerOf,
  projectMembers,
  pseudonymRoutes,
  signPeerMessage,
} from '../identity/index.ts';
import { createIdentityFixture, type IdentityFixture } from '../identity/test/fixture.ts';
import { manualClock, systemClock } from '../lib/clock.ts';
import { exactPaths } from '../lib/exact-paths.ts';
import { silentLogger } from '../lib/logger.ts';
import { createMetrics, createPeerServer, type MspRoots, type PeerServer } from './index.ts';
import { type Authority, createAuthority, type Identity, issueIdentity } from './test/certificates.ts';
import { type Answer, type Call, call } from './test/client.ts';

const { voprf } = ristretto255_oprf;
const keys = voprf.generateKeyPair();
let identity: IdentityFixture;
let peers: PeerServer;
let port: number;
let authorities: Record<'a' | 'b' | 'regulator' | 'stranger' | 'belowB', Authority>;
const keyStoreFrom = (digit: string) =>
  keyStoreOf({
    masterKey: digit.repeat(64),
    tokenKey: digit.repeat(64),
    logSeed: digit.repeat(64),
    messageSeed: digit.repeat(64),
    receiptSeed: digit.repeat(64),
    agreementSeed: digit.repeat(64),
  });
const keyStores = { a: keyStoreFrom('1'), b: keyStoreFrom('2') };
let clients: Record<'a' | 'b' | 'unregistered' | 'stranger', Identity>;
let mspRoots: MspRoots[];
const regulator = { organizationId: 'regulator', nodeUrl: 'https://localhost:1' };

async function register(
  organizationId: string,
  mspId: string,
  { fingerprint }: Identity,
  state = 'registered',
): Promise<void> {
  const member = {
    organizationId,
    mspId,
    kind: 'hospital',
    names: { zh: '医院', en: 'Hospital' },
    nodeUrl: 'https://localhost:1',
    tlsFingerprint: fingerprint,
    sealingKey: '11'.repeat(32),
    logKey: 'key',
    messageKey: hex(keyStores[organizationId === 'hospital-b' ? 'b' : 'a'].publicKey('message')),
    state,
  };
  const value = new TextEncoder().encode(canonicalJson(member));
  const key = `\u0000member\u0000${organizationId}\u0000`;
  const transaction = {
    txId: 'tx',
    blockNumber: 1,
    validationCode: 0,
    writes: [{ namespace: 'medseal', key, value, isDelete: false }],
  };
  await identity.db.transaction((tx) => projectMembers(tx, transaction));
}

function echo(): Router {
  const router = Router(exactPaths);
  router.post('/peer/echo', (_request, response) => {
    response.json({
      organizationId: peerOf(response).organizationId,
      bytes: (response.locals['rawBody'] as Uint8Array).length,
    });
  });
  return router;
}

beforeAll(async () => {
  identity = await createIdentityFixture();
  const b = await createAuthority('Hospital B CA');
  authorities = {
    a: await createAuthority('Hospital A CA'),
    b,
    belowB: await createAuthority('Hospital B issuing CA', b),
    regulator: await createAuthority('Regulator CA'),
    stranger: await createAuthority('Stranger CA'),
  };
  clients = {
    a: await issueIdentity('node-a', authorities.a),
    b: await issueIdentity('node-b', authorities.belowB, authorities.belowB.pem),
    unregistered: await issueIdentity('other-a', authorities.a),
    stranger: await issueIdentity('stranger', authorities.stranger),
  };
  await register('hospital-a', 'HospitalAMSP', clients.a);
  await register('hospital-b', 'HospitalBMSP', clients.b);
  mspRoots = [
    { mspId: 'HospitalAMSP', roots: [authorities.a.pem] },
    { mspId: 'HospitalBMSP', roots: [authorities.b.pem], intermediates: [authorities.belowB.pem] },
    { mspId: 'RegulatorMSP', roots: [authorities.regulator.pem] },
  ];
  const evaluation = {
    db: identity.db,
    clock: systemClock,
    evidence: { append: identity.log.append },
    dailyLimit: 100,
  };
  peers = createPeerServer({
    tls: await issueIdentity('node-r', authorities.regulator),
    mspRoots,
    members: membersIn(identity.db),
    mounts: [
      { path: '/', router: pseudonymRoutes({ ...evaluation, ...keys, ...regulator }) },
      { path: '/', router: echo() },
    ],
    logger: silentLogger,
    metrics: createMetrics(),
    clock: systemClock,
  });
  ({ port } = await peers.listen('127.0.0.1', 0));
});
afterAll(async () => {
  await peers.close(0);
  await identity.drop();
});

const connectionsOf = ({ server }: PeerServer): Promise<number> =>
  new Promise((resolve) => server.getConnections((_, count) => resolve(count)));

const send = (client: Identity | undefined, request: Partial<Call> = {}): Promise<Answer> =>
  call(port, authorities.regulator.pem, {
    method: 'POST',
    path: '/peer/echo',
    headers: { 'content-type': 'application/json' },
    body: '{"a": 1}',
    ...request,
    tls: { ...(client === undefined ? {} : { cert: client.cert, key: client.key }), ...request.tls },
  });

/** A member's way to the pseudonym function. */
const evaluateAs = (letter: 'a' | 'b') =>
  askIdentityService({
    identityService: 'regulator',
    organizationId: `hospital-${letter}`,
    members: {
      ...membersIn(identity.db),
      get: async () => ({ ...regulator, state: 'registered' }) as Member,
    },
    peers: {
      send: async ({ path, fields, body }) => {
        const answer = await send(clients[letter], { path, headers: { ...fields }, body: Buffer.from(body) });
        return { status: answer.status, fields: {}, body: Buffer.from(answer.text) };
      },
    },
    keyStore: keyStores[letter],
    clock: systemClock,
  });

describe('the peer port', () => {
  it('knows a registered member by its certificate, under a root or an issuing authority', async () => {
    expect(JSON.parse((await send(clients.a)).text)).toEqual({ organizationId: 'hospital-a', bytes: 8 });
    expect(JSON.parse((await send(clients.b)).text)).toMatchObject({ organizationId: 'hospital-b' });
  });

  it('answers 429 to a member that asks too much, or to a certificate of no member, and goes on serving the others', async () => {
    const bounded = createPeerServer({
      tls: await issueIdentity('node-r', authorities.regulator),
      ...{ mspRoots, members: membersIn(identity.db), mounts: [{ path: '/', router: echo() }] },
      ...{ logger: silentLogger, metrics: createMetrics(), clock: systemClock, requestsPerMinute: 2 },
    });
    const { port } = await bounded.listen('127.0.0.1', 0);
    const request = {
      method: 'POST',
      path: '/peer/echo',
      body: '1',
      headers: { 'content-type': 'application/json' },
    };
    const statusFor = async (tls: Identity): Promise<number> =>
      (await call(port, authorities.regulator.pem, { ...request, tls })).status;

    const ofOne = [await statusFor(clients.a), await statusFor(clients.a), await statusFor(clients.a)];
    const ofAnother = await statusFor(clients.b);
    const ofNobody = [clients.unregistered, clients.unregistered, clients.unregistered].map(statusFor);
    const refused = await Promise.all(ofNobody);
    await bounded.close(0);

    expect([...ofOne, ofAnother]).toEqual([200, 200, 429, 200]);
    expect(refused.toSorted()).toEqual([403, 403, 429]);
  });

  it('has a member wait for its own requests, not others for it, and refuses it a longer line', async () => {
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    let [working, known] = [0, 0];
    const members: Members = {
      ...membersIn(identity.db),
      findByFingerprint: async (...of) => {
        const member = await membersIn(identity.db).findByFingerprint(...of);
        known += 1;
        return member;
      },
    };
    const slow = Router(exactPaths).post('/peer/slow', async (_request, response) => {
      working += 1;
      await opened;
      response.json({});
    });
    const server = createPeerServer({
      tls: await issueIdentity('node-r', authorities.regulator),
      ...{ mspRoots, members, mounts: [{ path: '/', router: slow.use(echo()) }] },
      ...{ logger: silentLogger, metrics: createMetrics(), clock: systemClock },
      turns: { atOnce: 2, waiting: 1 },
    });
    const { port } = await server.listen('127.0.0.1', 0);
    const ask = (tls: Identity & { signal?: AbortSignal }, path = '/peer/slow'): Promise<Answer> =>
      call(port, authorities.regulator.pem, {
        ...{ method: 'POST', path, body: '1', headers: { 'content-type': 'application/json' }, tls },
      });

    const atWork = [ask(clients.a), ask(clients.a)];
    await expect.poll(() => working).toBe(2);
    const leaving = new AbortController();
    const left = ask({ ...clients.a, signal: leaving.signal });
    await expect.poll(() => known).toBe(3);
    expect((await ask(clients.a)).code).toBe('HTTP_RATE_LIMITED');
    expect((await ask(clients.b, '/peer/echo')).status).toBe(200);
    leaving.abort();
    await expect(left).rejects.toThrow();
    await expect.poll(() => connectionsOf(server)).toBe(2);
    const waiting = ask(clients.a);
    await expect.poll(() => known).toBe(6);
    expect(working).toBe(2);

    open();
    expect((await Promise.all([...atWork, waiting])).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(working).toBe(3);
    expect((await ask(clients.a)).status).toBe(200);
    await server.close(0);
  });

  it('takes nothing more over a connection whose certificate has expired since', async () => {
    const clock = manualClock(new Date().toISOString());
    const patient = createPeerServer({
      tls: await issueIdentity('node-r', authorities.regulator),
      ...{ mspRoots, members: membersIn(identity.db), mounts: [{ path: '/', router: echo() }] },
      ...{ logger: silentLogger, metrics: createMetrics(), clock },
    });
    const { port } = await patient.listen('127.0.0.1', 0);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const request = {
      ...{ method: 'POST', path: '/peer/echo', body: '1' },
      ...{ headers: { 'content-type': 'application/json' }, tls: { ...clients.a, agent } },
    };

    const before = await call(port, authorities.regulator.pem, request);
    clock.advance(25 * 3_600_000);
    const after = await call(port, authorities.regulator.pem, request);
    agent.destroy();
    await patient.close(0);

    expect([before.status, after.status, after.code]).toEqual([200, 403, 'IDENTITY_PEER_UNKNOWN']);
  });

  it('makes no connection without a certificate, with one of another root, or below TLS 1.3', async () => {
    await expect(send(undefined)).rejects.toThrow();
    await expect(send(clients.stranger)).rejects.toThrow();
    await expect(send(clients.a, { tls: { maxVersion: 'TLSv1.2' } })).rejects.toThrow();
  });

  it('refuses a certificate of a member that is not the registered one', async () => {
    const answer = await send(clients.unregistered);

    expect([answer.status, answer.code]).toEqual([403, 'IDENTITY_PEER_UNKNOWN']);
  });

  it("refuses a registered certificate under another member's root", async () => {
    const impostor = await issueIdentity('impostor', authorities.b);
    await register('hospital-c', 'HospitalCMSP', impostor);

    expect((await send(impostor)).code).toBe('IDENTITY_PEER_UNKNOWN');
  });

  it('refuses a certificate under an authority that the channel does not name', async () => {
    const shadow = await createAuthority('Hospital B shadow CA', authorities.b);
    const client = await issueIdentity('shadow', shadow, shadow.pem);
    await register('hospital-d', 'HospitalBMSP', client);

    expect((await send(client)).code).toBe('IDENTITY_PEER_UNKNOWN');
  });

  it('refuses a member from the moment it is disabled', async () => {
    await register('hospital-a', 'HospitalAMSP', clients.a, 'disabled');
    expect([(await send(clients.a)).status, (await send(clients.a)).code]).toEqual([
      403,
      'IDENTITY_PEER_DISABLED',
    ]);

    await register('hospital-a', 'HospitalAMSP', clients.a);
    expect((await send(clients.a)).status).toBe(200);
  });

  it('follows the roots of the channel', async () => {
    peers.replaceRoots(mspRoots.filter(({ mspId }) => mspId !== 'HospitalBMSP'));
    await expect(send(clients.b)).rejects.toThrow();

    peers.replaceRoots(mspRoots);
    expect((await send(clients.b)).status).toBe(200);
  });

  it('resumes no session', async () => {
    const open = (
      session?: Buffer,
    ): Promise<{ socket: TLSSocket; reused: boolean; session: Buffer | undefined }> =>
      new Promise((resolve, reject) => {
        const { cert, key } = clients.a;
        const ca = authorities.regulator.pem;
        const socket = connect({
          port,
          host: '127.0.0.1',
          servername: 'localhost',
          ca,
          cert,
          key,
          ...(session ? { session } : {}),
        });
        let ticket: Buffer | undefined;
        socket.on('session', (next) => {
          ticket = next;
        });
        socket.on('error', reject);
        socket.on('secureConnect', () => {
          socket.write('POST /peer/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
        });
        socket.once('data', () =>
          resolve({ socket, reused: socket.isSessionReused(), session: ticket ?? socket.getSession() }),
        );
      });
    const first = await open();
    const second = await open(first.session);

    expect(second.reused).toBe(false);
    first.socket.destroy();
    second.socket.destroy();
  });

  it('takes bodies only as they were signed: no content coding', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };

    expect([(await send(clients.a, { headers })).status, (await send(clients.a, { headers })).code]).toEqual([
      415,
      'HTTP_ENCODING_UNSUPPORTED',
    ]);
    expect((await send(clients.a, { body: Buffer.alloc(1_048_577, 0x20) })).code).toBe('HTTP_BODY_TOO_LARGE');
    expect((await send(clients.a, { body: '{"a":1,"a":1}' })).code).toBe('JSON_DUPLICATE_KEY');
  });

  it('has no health or API routes', async () => {
    for (const path of ['/livez', '/metrics', '/session', '/fhir/R4/metadata']) {
      expect((await send(clients.a, { path })).status).toBe(404);
    }
  });

  it('evaluates the pseudonym function for members, within their limit', async () => {
    const nationalId = '11010519491231002X';
    const pseudonyms = (letter: 'a' | 'b') =>
      createPseudonymClient({ publicKey: keys.publicKey, evaluate: evaluateAs(letter) });

    const atA = await pseudonyms('a').pseudonymsOf([nationalId]);
    const atB = await pseudonyms('b').pseudonymsOf([nationalId]);

    expect(atA).toEqual(atB);
    const element = hex(voprf.blind(new Uint8Array(1)).blinded);
    const many = { blinded: new Array<string>(64).fill(element) };
    await expect(evaluateAs('a')(many)).resolves.toMatchObject({ evaluated: expect.any(Array) });
    await expect(evaluateAs('a')(many)).rejects.toThrow('IDENTITY_PSEUDONYM_LIMIT');
  });

  it('evaluates nothing that the member has not signed', async () => {
    const body = JSON.stringify({ blinded: [hex(voprf.blind(new Uint8Array(1)).blinded)] });
    const refused = async (fields: Record<string, string>, sent: string): Promise<unknown[]> => {
      const headers = { ...fields, 'content-type': 'application/json' };
      const { status, code } = await send(clients.b, { path: '/peer/pseudonyms', headers, body: sent });
      return [status, code];
    };
    const signedBy = (letter: 'a' | 'b', createdAt = new Date()) =>
      signPeerMessage(
        { member: { ...regulator } as Member, path: '/peer/pseudonyms', body: Buffer.from(body) },
        {
          organizationId: `hospital-${letter}`,
          keyStore: keyStores[letter],
          clock: { now: () => createdAt },
        },
      ).message.fields;

    expect(await refused({}, body)).toEqual([401, 'IDENTITY_PEER_SIGNATURE']);
    expect(await refused(signedBy('a'), body)).toEqual([401, 'IDENTITY_PEER_SIGNATURE']);
    expect(await refused(signedBy('b'), `${body} `)).toEqual([401, 'IDENTITY_PEER_SIGNATURE']);
    const early = new Date(Date.now() - 120_000);
    expect(await refused(signedBy('b', early), body)).toEqual([401, 'IDENTITY_PEER_CLOCK']);
    expect((await refused(signedBy('b'), body))[0]).toBe(200);
  });
});
