import { Router } from 'express';
import { z } from 'zod';
import { requireStaff } from '../identity/index.ts';
import { exactPaths } from '../lib/exact-paths.ts';
import { EvidenceLogError } from './errors.ts';
import type { Witnessing } from './witness-module.ts';

const sizes = z.strictObject({
  oldSize: z.int().min(1),
  newSize: z.int().min(2),
});

/** What other members' nodes ask of this one: to cosign their checkpoints, and to account for its own (peer port). */
export function witnessPeerRoutes(witnessing: Pick<Witnessing, 'addCheckpoint' | 'proveGrowth'>): Router {
  const router = Router(exactPaths);
  router.post('/peer/witness/add-checkpoint', async (request, response) => {
    const answer = await witnessing.addCheckpoint(request.body);
    if (answer.state === 'cosigned') response.type('text/plain; charset=utf-8').send(answer.lines);
    // As bytes, and not through type(): a text would get a charset, and C2SP names the type without one.
    else
      response
        .status(409)
        .setHeader('Content-Type', 'text/x.tlog.size')
        .send(Buffer.from(`${answer.knownSize}\n`));
  });
  router.post('/peer/witness/prove-growth', async (request, response) => {
    const asked = sizes.safeParse(request.body);
    if (!asked.success) throw new EvidenceLogError('WITNESS_REQUEST_INVALID', { message: 'sizes' });
    response.json({ path: await witnessing.proveGrowth(asked.data) });
  });
  return router;
}

/** The forks this node can prove, and how far it follows each log: for the regulator's staff and the own administrators. */
export function witnessRoutes(witnessing: Pick<Witnessing, 'forks' | 'status'>): Router {
  const router = Router(exactPaths);
  router.get('/witness/forks', async (_request, response) => {
    requireStaff(response, ['regulator', 'administrator']);
    response.json({ forks: await witnessing.forks(), logs: (await witnessing.status()).logs });
  });
  return router;
}
