import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { Agent, type RequestOptions, request as sendRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { connect } from 'node:tls';

export type Answer = { status: number; headers: IncomingHttpHeaders; text: string; code: string | undefined };
export type Call = {
  method?: string;
  path: string;
  headers?: OutgoingHttpHeaders;
  body?: string | Buffer | Readable;
  tls?: RequestOptions;
};

/** The stable code of an answer, from problem+json or an OperationOutcome. */
export function codeOf(text: string): string | undefined {
  try {
    const body = JSON.parse(text) as { code?: string; issue?: { details: { coding: { code: string }[] } }[] };
    return body.code ?? body.issue?.[0]?.details.coding[0]?.code;
  } catch {
    return undefined;
  }
}

/** One HTTPS request on a connection of its own; takes an answer that comes before the body is sent. */
export function call(
  port: number,
  ca: string,
  { method = 'GET', path, headers = {}, body, tls }: Call,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const request = sendRequest(
      { host: '127.0.0.1', port, ca, method, path, headers, agent, ...tls },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, code: codeOf(text) });
          request.destroy();
        });
      },
    );
    request.on('error', reject);
    if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) request.end(body);
    else body.pipe(request);
  });
}

/** Writes bytes as they are and returns everything that comes back until the other side closes. */
export function callRaw(port: number, ca: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' }, () =>
      socket.write(text),
    );
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
  });
}
