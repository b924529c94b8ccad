import { type Request, type Response, Router } from 'express';
import { type PeerMessage, readPeerMessage } from '../identity/index.ts';
import { exactPaths } from '../lib/exact-paths.ts';
import { disputePath } from './messages.ts';

export type DisputePeerDeps = { receive(incoming: PeerMessage): Promise<object>; nodeUrl: string };

/** Documents of cases on the peer port; `nodeUrl` is this node's registered URL. */
export function disputePeerRoutes({ receive, nodeUrl }: DisputePeerDeps): Router {
  const router = Router(exactPaths);
  router.post(disputePath, async (request: Request, response: Response) => {
    response.json(await receive(readPeerMessage(request, response, nodeUrl)));
  });
  return router;
}
