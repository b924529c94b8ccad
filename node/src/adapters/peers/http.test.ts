import { lookup } from 'node:dns';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo, LookupFunction } from 'node:net';
import { connect, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { createPeerClient, type PeerClient, type PeerClientOptions, type PeerMember } from './http.ts';
import { createAuthority, type TestIdentity } from './test/certificates.ts';

const authorityA = await createAuthority('hospital-a');
const authorityB = await createAuthority('hospital-b');
const source = await authorityA.issue();
const unregistered = await authorityA.issue();
const requester = await authorityB.issue();
const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource.close();
});

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
type Partner = { member: PeerMember; connections(): number; received(): number };

/** A partner's node; counts its connections and the bytes that reached it above TLS. */
async function partner(
  handler: Handler,
  { identity = source, ...tls }: ServerOptions & { identity?: TestIdentity } = {},
): Promise<Partner> {
  let connections = 0;
  let received = 0;
  const server = createServer(
    {
      cert: identity.certificate,
      key: identity.key,
      ca: [authorityB.root],
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      ...tls,
    },
    handler,
  );
  server.on('secureConnection', (socket: TLSSocket) => {
    connections += 1;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return {
    member: memberAt(server.address() as AddressInfo),
    connections: () => connections,
    received: () => received,
  };
}

function memberAt({ port }: AddressInfo, change: Partial<PeerMember> = {}): PeerMember {
  return {
    organizationId: 'hospital-a',
    mspId: 'HospitalAMSP',
    nodeUrl: `https://localhost:${port}`,
    tlsFingerprint: source.tlsFingerprint,
    ...change,
  };
}

function client(change: Partial<PeerClientOptions> = {}): PeerClient {
  const peers = createPeerClient({
    identity: requester,
    rootsOf: () => [authorityA.root],
    timeoutMs: 2_000,
    ...change,
  });
  open.push(peers);
  return peers;
}

function send(peers: PeerClient, member: PeerMember, body = 'asked') {
  const fields = { 'content-type': 'application/json', 'x-test': '1' };
  return peers.send({ member, method: 'POST', path: '/peer/exchange', fields, body: Buffer.from(body) });
}

const echo: Handler = async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  response.writeHead(201, { 'x-path': request.url ?? '' }).end(Buffer.concat(chunks));
};

describe('a call to a partner', () => {
  it('brings the body there and back over TLS 1.3, with both sides known', async () => {
    let version: string | null = '';
    let peer = '';
    const { member } = await partner((request, response) => {
      const socket = request.socket as TLSSocket;
      version = socket.getProtocol();
      peer = socket.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase();
      void echo(request, response);
    });

    const response = await send(client(), member);

    expect(response).toMatchObject({ status: 201, fields: { 'x-path': '/peer/exchange' } });
    expect(Buffer.from(response.body).toString()).toBe('asked');
    expect(version).toBe('TLSv1.3');
    expect(peer).toBe(requester.tlsFingerprint);
  });

  it('keeps the connection for the next call', async () => {
    const { member, connections } = await partner(echo);
    const peers = client();

    for (let call = 0; call < 5; call += 1) await send(peers, member);

    expect(connections()).toBe(1);
  });

  it('goes out once more when a kept connection was closed in the meantime', async () => {
    let calls = 0;
    const { member, connections } = await partner((request, response) => {
      calls += 1;
      if (calls === 2) request.socket.destroy();
      else void echo(request, response);
    });
    const peers = client();

    await send(peers, member);
    const second = await send(peers, member);

    expect(second.status).toBe(201);
    expect(connections()).toBe(2);
  });

  it('does not go out a third time', async () => {
    let calls = 0;
    const { member } = await partner((request, response) => {
      calls += 1;
      if (calls > 1) request.socket.destroy();
      else void echo(request, response);
    });
    const peers = client();

    await send(peers, member);
    await expect(send(peers, member)).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' });
    expect(calls).toBe(3);
  });
});

describe('a partner whose name does not resolve', () => {
  it('is looked up once at a time, however often it is called', async () => {
    const { member } = await partner(echo);
    const pending: (() => void)[] = [];
    let isSlow = true;
    const slow: LookupFunction = (...asked) => {
      if (isSlow) pending.push(() => lookup(...asked));
      else lookup(...asked);
    };
    const peers = client({ timeoutMs: 300, lookup: slow });

    const calls = Array.from({ length: 8 }, () => send(peers, member));
    expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual(Array(8).fill('rejected'));
    await expect(send(peers, member)).rejects.toMatchObject({ code: 'PEER_TIMEOUT' });
    expect(pending).toHaveLength(1);

    isSlow = false;
    for (const resolve of pending) resolve();
    expect((await send(peers, member)).status).toBe(201);
  });
});

describe('nothing is sent', () => {
  it("to a certificate of the partner's authority that is not the registered one", async () => {
    const { member, received } = await partner(echo, { identity: unregistered });

    await expect(send(client(), member)).rejects.toMatchObject({ code: 'PEER_CERTIFICATE' });
    expect(received()).toBe(0);
  });

  it('to the registered fingerprint under roots of another organisation', async () => {
    const { member, received } = await partner(echo);

    await expect(send(client({ rootsOf: () => [authorityB.root] }), member)).rejects.toMatchObject({
      code: 'PEER_CERTIFICATE',
    });
    expect(received()).toBe(0);
  });

  it('where the organisation has no roots at all', async () => {
    const { member, connections } = await partner(echo);

    await expect(send(client({ rootsOf: () => [] }), member)).rejects.toMatchObject({
      code: 'PEER_CERTIFICATE',
    });
    expect(connections()).toBe(0);
  });

  it('to an expired certificate', async () => {
    const identity = await authorityA.issue({ notAfter: new Date(Date.now() - 1_000) });
    const { member, received } = await partner(echo, { identity });

    const expired = { ...member, tlsFingerprint: identity.tlsFingerprint };
    await expect(send(client(), expired)).rejects.toMatchObject({ code: 'PEER_CERTIFICATE' });
    expect(received()).toBe(0);
  });

  it('to a certificate for another host', async () => {
    const identity = await authorityA.issue({ host: 'elsewhere.example' });
    const { member, received } = await partner(echo, { identity });

    const elsewhere = { ...member, tlsFingerprint: identity.tlsFingerprint };
    await expect(send(client(), elsewhere)).rejects.toMatchObject({ code: 'PEER_CERTIFICATE' });
    expect(received()).toBe(0);
  });

  it('over TLS 1.2', async () => {
    const { member, received } = await partner(echo, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });

    await expect(send(client(), member)).rejects.toMatchObject({ code: expect.stringMatching(/^PEER_/) });
    expect(received()).toBe(0);
  });

  it('over a connection made under an older registration', async () => {
    const { member, connections } = await partner(echo);
    const peers = client();

    await send(peers, member);
    const moved = { ...member, tlsFingerprint: unregistered.tlsFingerprint };
    await expect(send(peers, moved)).rejects.toMatchObject({ code: 'PEER_CERTIFICATE' });
    expect((await send(peers, member)).status).toBe(201);
    expect(connections()).toBeGreaterThanOrEqual(2);
  });
});

describe('a response is refused', () => {
  it('when it is longer than the limit, before it is all there', async () => {
    const { member } = await partner((_, response) => {
      response.writeHead(200);
      const more = (): void => {
        if (!response.destroyed && response.write(Buffer.alloc(65_536))) setImmediate(more);
      };
      response.on('drain', more);
      more();
    });

    await expect(send(client({ maxResponseBytes: 100_000 }), member)).rejects.toMatchObject({
      code: 'PEER_INVALID_RESPONSE',
    });
  });

  it('when it does not come in time', async () => {
    const { member } = await partner(() => {});

    await expect(send(client({ timeoutMs: 150 }), member)).rejects.toMatchObject({ code: 'PEER_TIMEOUT' });
  });

  it('when its body does not end in time', async () => {
    const { member } = await partner((_, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('12345');
    });

    await expect(send(client({ timeoutMs: 150 }), member)).rejects.toMatchObject({ code: 'PEER_TIMEOUT' });
  });

  it.each([
    ['with a length', { 'content-length': '10' }],
    ['in chunks', {}],
  ])('when the connection drops in the middle of a body %s', async (_, headers) => {
    const { member } = await partner((_request, response) => {
      response.writeHead(200, headers).write('12345', () => response.socket?.destroy());
    });

    await expect(send(client(), member)).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' });
  });

  it('when a field comes twice', async () => {
    const { member } = await partner((_, response) => {
      response.writeHead(200, [
        ['signature', 'a'],
        ['signature', 'b'],
      ] as never);
      response.end();
    });

    await expect(send(client(), member)).rejects.toMatchObject({ code: 'PEER_INVALID_RESPONSE' });
  });

  it('when it is no HTTP', async () => {
    const server = createTlsServer({ cert: source.certificate, key: source.key }, (socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push(server);

    await expect(send(client(), memberAt(server.address() as AddressInfo))).rejects.toMatchObject({
      code: 'PEER_INVALID_RESPONSE',
    });
  });

  it('when it changes the protocol instead of answering, at once', async () => {
    const { member } = await partner((request) => {
      request.socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    });

    await expect(send(client(), member)).rejects.toMatchObject({ code: 'PEER_INVALID_RESPONSE' });
  });

  it('when it comes a byte at a time, however long it goes on', async () => {
    const { member } = await partner(({ socket }) => {
      const drip = setInterval(() => socket.write('x'), 20);
      socket.on('close', () => clearInterval(drip));
      socket.write('HTTP/1.1 200 OK\r\nX-Long: ');
    });

    await expect(send(client({ timeoutMs: 400 }), member)).rejects.toMatchObject({ code: 'PEER_TIMEOUT' });
  });

  it('when nobody listens there', async () => {
    const { member } = await partner(echo);
    for (const resource of open.splice(0)) await resource.close();

    await expect(send(client(), member)).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' });
  });

  it('when the other side does not finish its handshake', async () => {
    const { createServer: createPlainServer } = await import('node:net');
    const server = createPlainServer((socket) => {
      socket.on('error', () => {});
      open.push({ close: () => socket.destroy() });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push(server);

    await expect(
      send(client({ timeoutMs: 200 }), memberAt(server.address() as AddressInfo)),
    ).rejects.toMatchObject({
      code: 'PEER_TIMEOUT',
    });
  });
});

describe('the test partner', () => {
  it('takes nobody without a certificate', async () => {
    const { member } = await partner(echo);
    const socket = connect({
      host: 'localhost',
      port: Number(new URL(member.nodeUrl).port),
      ca: [authorityA.root],
    });
    socket.on('error', () => {});

    const [error] = await once(socket, 'error');

    expect(String(error)).toMatch(/certificate required/);
  });
});
