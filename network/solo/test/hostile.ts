import { randomBytes } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Client } from '@grpc/grpc-js';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const settings = Buffer.from('000000040000000000', 'hex');

/** One HTTP/2 frame (RFC 9113 §4.1); `length` may be a lie. */
function frame(type: number, payload: Buffer, length = payload.length): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt32BE(1, 5);
  return Buffer.concat([head, payload]);
}

/** What no server of a ledger expects as the first bytes of a connection. */
export function rawGarbage(): [name: string, bytes: Buffer][] {
  return [
    ['nothing', Buffer.alloc(0)],
    ['random bytes', randomBytes(64 * 1024)],
    ['zeros', Buffer.alloc(64 * 1024)],
    ['HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    ['half a TLS record', Buffer.concat([Buffer.from('1603014000', 'hex'), randomBytes(100)])],
    ['HTTP/2', Buffer.concat([preface, settings])],
  ];
}

/** What no server of a ledger expects inside of TLS. */
export function framedGarbage(): [name: string, bytes: Buffer][] {
  const junk = randomBytes(8 * 1024);
  return [
    ...rawGarbage(),
    ['a frame of 16 MiB', Buffer.concat([preface, settings, frame(0, junk, 0xff_ff_ff)])],
    ['headers that are none', Buffer.concat([preface, settings, frame(1, junk)])],
    ['a continuation of nothing', Buffer.concat([preface, settings, frame(9, junk)])],
    ['data of no stream', Buffer.concat([preface, settings, frame(0, junk)])],
    ['settings of a wrong length', Buffer.concat([preface, frame(4, junk.subarray(0, 7))])],
  ];
}

type Ending = 'closed' | 'kept open';

/** Sends the bytes to a port of this machine and waits a moment for the server to close the connection. */
export function sendRaw(
  port: number,
  bytes: Uint8Array,
  tls?: { cert?: Buffer; key?: Buffer },
): Promise<Ending> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port };
    const socket: Socket =
      tls === undefined
        ? connectTcp(options)
        : connectTls({ ...options, ...tls, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    socket.on('error', () => undefined); // a reset is one way of closing
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => socket.write(bytes));
    socket.once('close', () => resolve('closed'));
    socket.setTimeout(2_000, () => {
      resolve('kept open');
      socket.destroy();
    });
    socket.resume();
  });
}

const asIs = (bytes: Uint8Array): Buffer => Buffer.from(bytes);

/** gRPC status of a unary call with these bytes as its message. */
export function callRaw(client: Client, method: string, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(method, asIs, asIs, bytes, { deadline: Date.now() + 20_000 }, (error) =>
      resolve(error?.code ?? 0),
    );
  });
}

/** First answer of a stream to these bytes, or its gRPC status. */
export function streamRaw(client: Client, method: string, bytes: Uint8Array): Promise<Buffer | number> {
  return new Promise((resolve) => {
    const deadline = Date.now() + 20_000;
    const call = client.makeBidiStreamRequest(method, asIs, asIs, { deadline });
    call.on('data', (answer: Buffer) => {
      resolve(answer);
      call.end();
    });
    call.on('error', ({ code }: { code?: number }) => resolve(code ?? 2));
    call.on('end', () => resolve(0));
    call.write(bytes);
  });
}

/** Messages that are no message of any call. */
export function brokenMessages(): Buffer[] {
  return [Buffer.of(0xff, 0xff), Buffer.alloc(2_000, 0x0a), randomBytes(100_000), Buffer.alloc(300, 0x12)];
}
