import { type Request, type Response, Router } from 'express';
import { peerOf } from '../identity/index.ts';
import { DisputeError } from './errors.ts';
import { disputePath } from './messages.ts';
import type { IncomingMessage } from './receive-document.ts';

export type DisputePeerDeps = { receive(incoming: IncomingMessage): Promise<void>; nodeUrl: string };

/**
 * Documents of cases on the peer port. The server has proved the member by mutual TLS and left the body's bytes in
 * `locals.rawBody`; the target of a signed request is taken from this node's registered URL.
 */
export function disputePeerRoutes({ receive, nodeUrl }: DisputePeerDeps): Router {
  const { origin } = new URL(nodeUrl);
  const router = Router();
  router.post(disputePath, async (request: Request, response: Response) => {
    const { method, originalUrl } = request;
    const body: unknown = response.locals['rawBody'];
    if (!(body instanceof Uint8Array)) throw new DisputeError('DISPUTE_REQUEST_INVALID');
    const parts = { method, targetUri: origin + originalUrl, fields: fieldsOf(request), body };
    await receive({ member: peerOf(response), request: parts });
    response.status(204).end();
  });
  return router;
}

/** A field that comes twice could be read in two ways: refused. */
function fieldsOf(request: Request): Record<string, string> {
  const fields: Record<string, string> = Object.create(null);
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    const [value, ...more] = values ?? [];
    if (value === undefined || more.length > 0) throw new DisputeError('DISPUTE_REQUEST_REFUSED');
    fields[name] = value;
  }
  return fields;
}
