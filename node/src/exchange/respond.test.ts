import { once } from 'node:events';
import { type ConnectionOptions, connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPeerClient } from '../adapters/peers/http.ts';
import { createResponder } from './respond.ts';
import { createAlliance, type TestAlliance, type TestNode } from './test/alliance.ts';
import { type AskChange, latestReasons, partsOf, signedAsk } from './test/rogue.ts';

let alliance: TestAlliance;
let a: TestNode;
let b: TestNode;
let c: TestNode;
beforeAll(async () => {
  alliance = await createAlliance();
  ({ a, b, c } = alliance);
});
afterAll(() => alliance.close());

async function ask(change: AskChange = {}) {
  const reply = await b.peers.send(signedAsk({ from: b, to: a }, change));
  return { status: reply.status, code: codeIn(reply.body), fields: reply.fields };
}

function codeIn(body: Uint8Array): unknown {
  try {
    return (JSON.parse(Buffer.from(body).toString()) as { code?: unknown }).code;
  } catch {
    return undefined;
  }
}

async function answers(): Promise<number> {
  const { rows } = await a.database.db.query<{ count: string }>('select count(*) from exchange');
  return Number(rows[0]?.count);
}

describe('a source', () => {
  it('answers a sound request, sealed and signed', async () => {
    const { status, fields } = await ask();

    expect(status).toBe(200);
    expect(fields).toMatchObject({
      'content-type': 'application/vnd.medseal.exchange',
      'medseal-organization': 'hospital-a',
      'medseal-recipient': 'hospital-b',
      'cache-control': 'no-store',
    });
  });

  it('answers a request once, however it is played again', async () => {
    const request = signedAsk({ from: b, to: a });
    const first = await b.peers.send(request);
    const before = await answers();

    const second = await b.peers.send(request);
    const restarted = createResponder({
      ...a.requester,
      ...a,
      db: a.database.db,
      access: { record: a.log.recordAccess },
    });
    const third = restarted({ member: b.member, request: { ...partsOf(request), body: request.body } });

    expect(first.status).toBe(200);
    expect({ status: second.status, code: codeIn(second.body) }).toEqual({
      status: 409,
      code: 'EXCHANGE_REPLAYED',
    });
    await expect(third).rejects.toMatchObject({ code: 'EXCHANGE_REPLAYED' });
    expect(await answers()).toBe(before);
    expect(await latestReasons(a)).toBe('EXCHANGE_REPLAYED');
  });

  it('answers a burst about one person one after the other, each in its own step, and others meanwhile', async () => {
    const { prepare } = a.consent;
    let [atWork, most] = [0, 0];
    a.consent.prepare = async (request) => {
      atWork += 1;
      most = Math.max(most, atWork);
      await new Promise((resolve) => setTimeout(resolve, 10));
      atWork -= 1;
      return prepare(request);
    };
    const burst = async (pseudonyms: string[]) => {
      [atWork, most] = [0, 0];
      const begun = performance.now();
      await Promise.all(pseudonyms.map((pseudonym) => ask({ content: { pseudonym } })));
      return { most, milliseconds: performance.now() - begun };
    };
    const persons = ['1a', '2a', '3a', '4a', '5a', '6a'].map((byte) => byte.repeat(32));

    const one = await burst(persons.map(() => 'ab'.repeat(32)));
    const many = await burst(persons);
    a.consent.prepare = prepare;

    expect(one.most).toBe(1);
    expect(one.milliseconds).toBeGreaterThan(6 * 40 - 5);
    expect(many.most).toBeGreaterThan(1);
  });

  it('turns a replay away before it decides or opens anything', async () => {
    const request = signedAsk({ from: b, to: a });
    await b.peers.send(request);
    const never = () => Promise.reject(new Error('was asked'));
    const responder = createResponder({
      ...a.requester,
      ...a,
      db: a.database.db,
      access: { record: a.log.recordAccess },
      consent: { prepare: never, releases: () => 'withhold', stillHolds: never },
    });

    const again = responder({ member: b.member, request: { ...partsOf(request), body: request.body } });

    await expect(again).rejects.toMatchObject({ code: 'EXCHANGE_REPLAYED' });
    expect(await latestReasons(a)).toBe('EXCHANGE_REPLAYED');
  });

  it('answers one of two copies that arrive at the same moment', async () => {
    const request = signedAsk({ from: b, to: a });

    const replies = await Promise.all([b.peers.send(request), b.peers.send(request), b.peers.send(request)]);

    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });

  it('does not take a nonce twice, nor a request id', async () => {
    const nonce = Buffer.alloc(16, 9);
    const requestId = '00000000-0000-4000-8000-000000000001';

    expect((await ask({ nonce, content: { requestId } })).status).toBe(200);
    expect((await ask({ nonce })).code).toBe('EXCHANGE_REPLAYED');
    expect((await ask({ content: { requestId } })).code).toBe('EXCHANGE_REPLAYED');
  });

  it('forgets nonces when the time window is over, not before', async () => {
    await ask();
    const rows = async () => (await a.database.db.query('select 1 from exchange_nonce')).rowCount;
    const kept = await rows();

    const later = { now: () => new Date(Date.now() + 200_000), offsetMs: 0 };
    const respond = createResponder({
      ...a.requester,
      ...a,
      clock: later,
      db: a.database.db,
      access: { record: a.log.recordAccess },
    });
    const request = signedAsk({ from: b, to: a }, { createdAt: later.now() });
    await respond({ member: b.member, request: { ...partsOf(request), body: request.body } });

    expect(kept).toBeGreaterThan(1);
    expect(await rows()).toBe(1);
  });

  it.each([
    ['61 s behind', -61_500],
    ['61 s ahead', 61_500],
  ])('refuses a clock %s and says so', async (_, offset) => {
    const before = await answers();

    expect(await ask({ createdAt: new Date(Date.now() + offset) })).toMatchObject({
      status: 401,
      code: 'IDENTITY_PEER_CLOCK',
    });
    expect(await answers()).toBe(before);
    expect(await latestReasons(a)).toBe('SIGNATURE_CLOCK');
  });

  it.each([
    ['made by another member', () => ({ signer: c }), 'SIGNATURE_INVALID'],
    ['for another recipient', () => ({ fields: { 'medseal-recipient': 'hospital-c' } }), 'SIGNATURE_PARTIES'],
    [
      'in the name of another member',
      () => ({ fields: { 'medseal-organization': 'hospital-c' } }),
      'SIGNATURE_PARTIES',
    ],
    ['for another method', () => ({ method: 'PUT' }), 'SIGNATURE_INVALID'],
  ])('refuses a signature %s, without saying which check failed', async (_, change, reason) => {
    const before = await answers();

    expect(await ask(change())).toMatchObject({ status: 401, code: 'IDENTITY_PEER_SIGNATURE' });
    expect(await answers()).toBe(before);
    expect(await latestReasons(a)).toBe(reason);
  });

  it("refuses another member's request that is sent on over the own connection", async () => {
    const stolen = signedAsk({ from: b, to: a });

    const reply = await c.peers.send(stolen);

    expect({ status: reply.status, code: codeIn(reply.body) }).toEqual({
      status: 401,
      code: 'IDENTITY_PEER_SIGNATURE',
    });
    expect(await latestReasons(a)).toBe('SIGNATURE_KEY');
  });

  it('refuses a request that was made for another source', async () => {
    const elsewhere = signedAsk({ from: b, to: c });

    const reply = await b.peers.send({ ...elsewhere, member: a.member });

    expect(codeIn(reply.body)).toBe('IDENTITY_PEER_SIGNATURE');
  });

  it('refuses a body or a field that was changed on the way', async () => {
    const request = signedAsk({ from: b, to: a });
    const changed = Buffer.from(request.body);
    changed[20] = (changed[20] ?? 0) ^ 1;

    const body = await b.peers.send({ ...request, body: changed });
    const signature = {
      ...request.fields,
      signature: String(request.fields['signature']).replace(/.==:$/, (end) =>
        end === 'A==:' ? 'Q==:' : 'A==:',
      ),
    };
    const field = await b.peers.send({ ...request, fields: signature });

    expect([body.status, field.status].every((status) => status >= 400)).toBe(true);
    const untouched = await b.peers.send(request);
    expect(untouched.status).toBe(200);
  });

  it.each([
    ['no type', { types: [] }],
    ['a type twice', { types: ['Observation', 'Observation'] }],
    ['a type that is none', { types: ['../Observation'] }],
    ['a huge count', { count: 1e9 }],
    ['no count', { count: 0 }],
    ['half a record', { count: 0.5 }],
    ['an unknown purpose', { purpose: 'FUN' }],
    ["the patient's own purpose", { purpose: 'PATRQT' }],
    ['a short pseudonym', { pseudonym: 'ab' }],
    ['an absurd day', { dataPeriod: { start: '2025-02-31' } }],
    ['an empty period', { dataPeriod: {} }],
    ['a period that ends before it starts', { dataPeriod: { start: '2025-02-02', end: '2025-02-01' } }],
    ['an unknown role', { staff: { staffId: 'x', displayName: 'x', roles: ['root'] } }],
    ['a control character', { staff: { staffId: 'x\u001b[31m', displayName: 'x', roles: ['clinician'] } }],
    ['a member more', { admin: true }],
    ['another version', { v: 2 }],
  ])('refuses a signed request with %s', async (_, content) => {
    expect(await ask({ content })).toMatchObject({ status: 400, code: 'EXCHANGE_REQUEST_INVALID' });
  });

  it('refuses what is not JSON at all', async () => {
    const request = signedAsk({ from: b, to: a });

    const reply = await b.peers.send({ ...request, body: Buffer.from('{"v":1,"v":1}') });

    expect(reply.status).toBe(400);
  });

  it('answers nobody whose certificate is not the registered one', async () => {
    const identity = await b.authority.issue();
    const peers = createPeerClient({ identity, rootsOf: () => [a.authority.root] });

    const reply = await peers.send(signedAsk({ from: b, to: a }));
    peers.close();

    expect({ status: reply.status, code: codeIn(reply.body) }).toEqual({
      status: 403,
      code: 'IDENTITY_PEER_UNKNOWN',
    });
  });

  const handshake = async (options: ConnectionOptions): Promise<string> => {
    const port = Number(new URL(a.member.nodeUrl).port);
    const socket = connect({ host: 'localhost', port, ca: [a.authority.root], ...options });
    socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    socket.on('data', () => socket.destroy(new Error('answered')));
    const [error] = (await once(socket, 'error')) as [Error];
    return error.message;
  };

  it('talks to nobody without a certificate, and not over TLS 1.2', async () => {
    const { certificate: cert, key } = b.identity;

    expect(await handshake({})).toMatch(/certificate required/);
    expect(await handshake({ cert, key, maxVersion: 'TLSv1.2' })).toMatch(/protocol version/);
  });

  it('answers nothing when the access cannot be recorded', async () => {
    const broken = {
      record: async () => {
        throw new Error('disk full');
      },
    };
    const respond = createResponder({ ...a.requester, ...a, db: a.database.db, access: broken });
    const request = signedAsk({ from: b, to: a });
    const before = await answers();

    await expect(
      respond({ member: b.member, request: { ...partsOf(request), body: request.body } }),
    ).rejects.toThrow('disk full');
    expect(await answers()).toBe(before);
  });
});
