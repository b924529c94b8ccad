import { type Request, type Response, Router } from 'express';
import { capabilityStatement, SUPPORTED_TYPES } from '../fhir/index.ts';
import { exactPaths } from '../lib/exact-paths.ts';
import { answer, callerOf, type Handler } from './answers.ts';
import {
  getCertificate,
  getEverything,
  getHistory,
  getProof,
  getRecord,
  getSearch,
  getTypeHistory,
  getVersion,
  postSearch,
} from './read-handlers.ts';
import type { CertificatePort, ProofPort } from './record-proof.ts';
import type { RecordsDeps } from './records-deps.ts';
import { nodeWritten, refused } from './requests.ts';
import {
  deleteOne,
  postBundle,
  postErase,
  postRecord,
  postWithdrawErasure,
  putRecord,
} from './write-handlers.ts';

export type RecordRouteDeps = {
  records: RecordsDeps;
  proofs: ProofPort;
  certificates: CertificatePort;
  software: { version: string; publishedAt: string };
};

/** The FHIR R4 REST API over records, mounted at `/fhir/R4`. */
export function recordRoutes(deps: RecordRouteDeps): Router {
  const router = Router(exactPaths);
  const on = (handler: Handler) => handle(handler, deps.records);
  router.get('/metadata', (_request, response) => answer(response, capabilities(deps)));
  router.post('/', on(postBundle));
  router.get('/Patient/:id/$everything', on(getEverything));
  router.post('/Patient/:id/$erase', on(postErase));
  router.post('/Patient/:id/$withdraw-erasure', on(postWithdrawErasure));
  router.get('/:type', on(getSearch));
  router.post('/:type/_search', on(postSearch));
  router.post('/:type', on(postRecord));
  router.get('/:type/_history', on(getTypeHistory));
  router.get('/:type/:id', on(getRecord));
  router.put('/:type/:id', on(putRecord));
  router.delete('/:type/:id', on(deleteOne));
  router.get('/:type/:id/_history', on(getHistory));
  router.get('/:type/:id/_history/:version', on(getVersion));
  router.get('/:type/:id/_history/:version/$proof', on(getProof(deps.proofs)));
  const certify = getCertificate(deps.proofs, deps.certificates);
  router.get(
    '/:type/:id/_history/:version/$certificate',
    handle(certify, deps.records, ['application/pdf', 'application/json']),
  );
  return router;
}

const fhirJson = ['application/fhir+json', 'application/json'];

function handle(handler: Handler, deps: RecordsDeps, offered = fhirJson) {
  return async (request: Request<Record<string, string>>, response: Response): Promise<void> => {
    if (!request.accepts(offered)) {
      throw refused('FHIR_FORMAT_UNSUPPORTED', 'not-supported');
    }
    await handler(request, response, { caller: callerOf(request, response), deps });
  };
}

/** Made from the tables that validation, search and routing work with. */
function capabilities({ records, software }: RecordRouteDeps): object {
  const own = Object.entries(SUPPORTED_TYPES).filter(([type]) => !nodeWritten.has(type));
  return capabilityStatement({
    baseUrl: records.baseUrl,
    softwareVersion: software.version,
    publishedAt: software.publishedAt,
    types: Object.fromEntries(own.map(([type, { interactions }]) => [type, interactions])),
    operations: {
      Patient: [
        {
          name: 'everything',
          definition: 'http://hl7.org/fhir/OperationDefinition/Patient-everything',
        },
      ],
    },
  });
}
