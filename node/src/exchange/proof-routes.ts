import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { actorOf, requireStaff, roles } from '../identity/index.ts';
import { exactPaths } from '../lib/exact-paths.ts';
import { ExchangeError } from './errors.ts';
import { organizationIdSchema, recordProofSchema } from './messages.ts';
import type { ProofDeps } from './proof-ports.ts';
import { type ProofCaller, proveDisclosure } from './prove-disclosure.ts';
import { proveReceived } from './prove-received.ts';

const request = { id: z.uuid(), partner: organizationIdSchema };
const disclosureName = z.object({
  ...request,
  type: z.string().regex(/^[A-Z][A-Za-z]{1,63}$/),
  recordId: z.string().regex(/^[A-Za-z0-9\-.]{1,64}$/),
  version: z.string().regex(/^[1-9]\d{0,8}$/),
});
const receivedName = z.object(request);
const receivedBody = z.strictObject({ proof: recordProofSchema });

/** Evidence bundles of disclosures: at the source, of what it gave away; at the requester, of what it got. */
export function exchangeProofRoutes(deps: ProofDeps): Router {
  const router = Router(exactPaths);
  router.get(
    '/exchange/requests/:id/:partner/:type/:recordId/_history/:version/$proof',
    async (asked: Request, response: Response) => {
      const { id, recordId, version, ...name } = named(disclosureName, asked.params);
      const disclosure = { ...name, requestId: id, id: recordId, version: Number(version) };
      response.json(await proveDisclosure(disclosure, { caller: callerOf(asked, response), deps }));
    },
  );
  router.post('/exchange/requests/:id/:partner/$proof', async (asked: Request, response: Response) => {
    const actor = requireStaff(response, roles);
    const { id: requestId, partner: source } = named(receivedName, asked.params);
    const body = receivedBody.safeParse(asked.body);
    if (!body.success) throw new ExchangeError('EXCHANGE_REQUEST_INVALID', { message: 'See: proof.' });
    const caller = { ...callerOf(asked, response), actor };
    response.json(await proveReceived({ requestId, source, proof: body.data.proof }, { caller, deps }));
  });
  return router;
}

/** What cannot be a name names nothing. */
function named<Schema extends z.ZodType>(schema: Schema, parameters: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(parameters);
  if (!parsed.success) throw new ExchangeError('EXCHANGE_NOT_FOUND');
  return parsed.data;
}

function callerOf(asked: Request, response: Response): ProofCaller {
  const requestId: unknown = response.locals['requestId'];
  const [query = ''] = asked.originalUrl.split('?', 1);
  return {
    actor: actorOf(response),
    query,
    requestId: typeof requestId === 'string' ? requestId : undefined,
  };
}
