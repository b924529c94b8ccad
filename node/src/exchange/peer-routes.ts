import { type Request, type Response, Router } from 'express';
import { readPeerMessage } from '../identity/index.ts';
import { exactPaths } from '../lib/exact-paths.ts';
import { exchangePath } from './messages.ts';
import type { Responder } from './respond.ts';

/** The exchange on the peer port; `nodeUrl` is this node's registered URL. */
export function exchangePeerRoutes({ respond, nodeUrl }: { respond: Responder; nodeUrl: string }): Router {
  const router = Router(exactPaths);
  router.post(exchangePath, async (request: Request, response: Response) => {
    const reply = await respond(readPeerMessage(request, response, nodeUrl));
    // Not send() or set(): express edits the content type, which is signed.
    response
      .writeHead(reply.status, { ...reply.fields, 'content-length': reply.body.length })
      .end(reply.body);
  });
  return router;
}
