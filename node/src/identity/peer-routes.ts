import { Router } from 'express';
import { exactPaths } from '../lib/exact-paths.ts';
import { type EvaluationDeps, evaluatePseudonyms } from './evaluate-pseudonyms.ts';
import { readPeerMessage, verifyPeerMessage } from './peer-message.ts';
import { pseudonymPath } from './pseudonym-messages.ts';

export type PseudonymRouteDeps = EvaluationDeps & {
  /** This organisation, and the URL that it registered. */
  organizationId: string;
  nodeUrl: string;
};

/** The pseudonym function on the peer port of the alliance's identity service (the regulator's node). */
export function pseudonymRoutes(deps: PseudonymRouteDeps): Router {
  const router = Router(exactPaths);
  router.post(pseudonymPath, async (request, response) => {
    const message = readPeerMessage(request, response, deps.nodeUrl);
    verifyPeerMessage(message, deps);
    response.json(await evaluatePseudonyms(request.body, message.member.organizationId, deps));
  });
  return router;
}
