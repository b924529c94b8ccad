import { Router } from 'express';
import { type EvaluationDeps, evaluatePseudonyms } from './evaluate-pseudonyms.ts';
import { peerOf } from './identify-peer.ts';

/** The pseudonym function on the peer port of the alliance's identity service (the regulator's node). */
export function pseudonymRoutes(deps: EvaluationDeps): Router {
  const router = Router();
  router.post('/peer/pseudonyms', async (request, response) => {
    response.json(await evaluatePseudonyms(request.body, peerOf(response).organizationId, deps));
  });
  return router;
}
