import { type Request, type Response, Router } from 'express';
import { peerOf } from '../identity/index.ts';
import { ExchangeError } from './errors.ts';
import { exchangePath } from './messages.ts';
import type { Responder } from './respond.ts';

/**
 * The exchange on the peer port. The server has proved the member by mutual TLS
 * (`peerOf`) and left the body's bytes in `locals.rawBody`. `nodeUrl` is this node's registered URL: the target of a
 * signed request is taken from there, not from a Host header.
 */
export function exchangePeerRoutes({ respond, nodeUrl }: { respond: Responder; nodeUrl: string }): Router {
  const { origin } = new URL(nodeUrl);
  const router = Router();
  router.post(exchangePath, async (request: Request, response: Response) => {
    const { method, originalUrl } = request;
    const reply = await respond({
      member: peerOf(response),
      request: { method, targetUri: origin + originalUrl, fields: fieldsOf(request), body: bodyOf(response) },
    });
    // Not send() or set(): express edits the content type, which is signed.
    response
      .writeHead(reply.status, { ...reply.fields, 'content-length': reply.body.length })
      .end(reply.body);
  });
  return router;
}

function bodyOf(response: Response): Uint8Array {
  const body: unknown = response.locals['rawBody'];
  if (!(body instanceof Uint8Array)) throw new ExchangeError('EXCHANGE_REQUEST_INVALID');
  return body;
}

/** A field that comes twice could be read in two ways: refused. */
function fieldsOf(request: Request): Record<string, string> {
  const fields: Record<string, string> = Object.create(null);
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    const [value, ...more] = values ?? [];
    if (value === undefined || more.length > 0) throw new ExchangeError('EXCHANGE_REQUEST_REFUSED');
    fields[name] = value;
  }
  return fields;
}
