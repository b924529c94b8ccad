import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { HttpError } from './errors.ts';
import { rawProblem } from './problem.ts';

export type Timeouts = {
  headers: number;
  request: number;
  /** For the client to take its answer. */
  answer: number;
  keepAlive: number;
  checkInterval: number;
};

export const defaultTimeouts: Timeouts = {
  headers: 10_000,
  request: 60_000,
  answer: 120_000,
  keepAlive: 30_000,
  checkInterval: 2_000,
};

/** A server that is built but does not listen yet. */
export type HttpServer = {
  readonly server: Server;
  listen(host: string, port: number): Promise<{ port: number }>;
  /** Stops taking requests, lets those under way finish for at most `graceMilliseconds`, then cuts them. */
  close(graceMilliseconds?: number): Promise<void>;
};

/**
 * An HTTPS server with bounds on every way to hold a connection: handshake, headers (slow-loris), whole request, answer
 * (slow read), idle time; 16 KiB of headers (cookie bombs); strict HTTP parsing, which refuses a Content-Length beside a
 * Transfer-Encoding and bare line feeds (request smuggling, RFC 9112 §6.1, §2.2).
 */
export function createHttpServer(
  listener: RequestListener,
  { tls, timeouts = defaultTimeouts }: { tls: ServerOptions; timeouts?: Timeouts },
): HttpServer {
  const server: Server = createServer(
    {
      handshakeTimeout: 10_000,
      ...tls,
      insecureHTTPParser: false,
      requireHostHeader: true,
      maxHeaderSize: 16_384,
      headersTimeout: timeouts.headers,
      requestTimeout: timeouts.request,
      keepAliveTimeout: timeouts.keepAlive,
      connectionsCheckingInterval: timeouts.checkInterval,
    },
    closingListener(answeringListener(listener, timeouts.answer), () => server.listening),
  );
  server.maxHeadersCount = 100;
  server.maxConnections = 10_000;
  server.on('clientError', answerBroken);
  return {
    server,
    listen: (host, port) => listen(server, host, port),
    close: (grace) => close(server, grace),
  };
}

/** While the server is closing, each answer ends its connection. */
function closingListener(listener: RequestListener, isListening: () => boolean): RequestListener {
  return (request: IncomingMessage, response: ServerResponse & { req: IncomingMessage }) => {
    if (!isListening()) response.setHeader('Connection', 'close');
    listener(request, response);
  };
}

/** Cuts a client that does not take its answer: what it leaves unread is memory here. */
function answeringListener(listener: RequestListener, milliseconds: number): RequestListener {
  return (request: IncomingMessage, response: ServerResponse & { req: IncomingMessage }) => {
    response.once('prefinish', () => {
      const cut = setTimeout(() => response.destroy(), milliseconds);
      response.once('close', () => clearTimeout(cut));
    });
    listener(request, response);
  };
}

/** Answers what never became a request. */
function answerBroken(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  if (error.code === 'HPE_HEADER_OVERFLOW') socket.end(rawProblem(new HttpError('HTTP_HEADERS_TOO_LARGE')));
  else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT')
    socket.end(rawProblem(new HttpError('HTTP_REQUEST_TIMEOUT')));
  else socket.end(rawProblem(new HttpError('HTTP_REQUEST_MALFORMED')));
  // A client that does not read its answer may not keep the connection.
  setTimeout(() => socket.destroy(), 1_000).unref();
}

function listen(server: Server, host: string, port: number): Promise<{ port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve({ port: (server.address() as AddressInfo).port });
    });
  });
}

function close(server: Server, graceMilliseconds = 10_000): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMilliseconds);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
