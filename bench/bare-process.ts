import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, createServer, request as httpsRequest, type ServerOptions } from 'node:https';
import { parseArgs } from 'node:util';
import type { Express } from 'express';

// What the baselines' server processes share: options, TLS 1.3 and the call of one hospital to another. With --ca a
// server asks callers for certificates; with --upstream it is the side that asks such a server.

const { values } = parseArgs({
  options: {
    database: { type: 'string', default: '' },
    port: { type: 'string', default: '0' },
    certificate: { type: 'string', default: '' },
    key: { type: 'string', default: '' },
    ca: { type: 'string' },
    upstream: { type: 'string' },
    'upstream-ca': { type: 'string' },
  },
});

const identity = { cert: readFileSync(values.certificate), key: readFileSync(values.key) };

export const { database, upstream } = values;

export type Call = { method?: string; headers?: Record<string, string>; body?: Uint8Array };
export type Answer = { headers: IncomingHttpHeaders; body: Buffer };

/** Calls the other hospital by mutual TLS, over connections that are kept. */
export function upstreamCaller(): (path: string, call?: Call) => Promise<Answer> {
  const ca = readFileSync(values['upstream-ca'] ?? '');
  const agent = new Agent({ keepAlive: true, maxSockets: 16, ...identity, ca });
  return (path, { body, ...call } = {}) =>
    new Promise((resolve, reject) => {
      const request = httpsRequest(new URL(path, upstream), { agent, ...call });
      request.once('error', reject).once('response', (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk)).once('error', reject);
        answer.once('end', () => resolve({ headers: answer.headers, body: Buffer.concat(chunks) }));
      });
      request.end(body);
    });
}

/** Serves, and says on which port. */
export function serve(app: Express): void {
  const mutual: ServerOptions =
    values.ca === undefined
      ? {}
      : { ca: readFileSync(values.ca), requestCert: true, rejectUnauthorized: true };
  const server = createServer({ ...identity, ...mutual, minVersion: 'TLSv1.3' }, app);
  server.listen(Number(values.port), '127.0.0.1', () => {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    process.stdout.write(`${JSON.stringify({ event: 'ready', port })}\n`);
  });
  process.once('SIGTERM', () => process.exit(0));
}
