import { historyBundle, parseEverything, parseHistory, parseSearch, searchsetJson } from '../fhir/index.ts';
import type { PatientId } from '../lib/brand.ts';
import {
  answer,
  answerRecord,
  answerText,
  type Context,
  type Handler,
  parametersOf,
  pathOf,
} from './answers.ts';
import { auditedQuery } from './audited-query.ts';
import { RecordsError } from './errors.ts';
import { patientEverything } from './everything.ts';
import { compartmentHistory, type HistoryPage, recordHistory } from './history.ts';
import { linkOf } from './links.ts';
import { readRecord } from './read.ts';
import { type CertificatePort, certifyRecord, type ProofPort, proveRecord } from './record-proof.ts';
import { assertReadParameters, idFor, refused, typeFor, versionFor } from './requests.ts';
import { searchset } from './searchset.ts';

export const getSearch: Handler = async (request, response, context) => {
  const type = typeFor(request.params['type'], 'search-type');
  const parameters = parametersOf(request);
  answerText(response, await searchset({ query: parseSearch(type, parameters), parameters }, context));
};

/** The parameters may stand in the body, so that no log of URLs ever sees them (FHIR R4 http.html §search). */
export const postSearch: Handler = async (request, response, context) => {
  const type = typeFor(request.params['type'], 'search-type');
  const parameters = parametersOf(request);
  if (request.body instanceof URLSearchParams) {
    for (const [name, value] of request.body) parameters.append(name, value);
  } else if (request.body !== undefined) {
    // A criterion that is passed over would release more than was asked for.
    throw refused('FHIR_PARAMETER_INVALID', 'invalid');
  }
  const caller = { ...context.caller, query: auditedQuery(pathOf(request), parameters) };
  const query = parseSearch(type, parameters);
  answerText(response, await searchset({ query, parameters }, { ...context, caller }));
};

export const getRecord: Handler = async (request, response, context) => {
  const type = typeFor(request.params['type'], 'read');
  assertReadParameters(type, parametersOf(request));
  answerRecord(response, await readRecord({ type, id: idFor(request.params['id']) }, context));
};

export const getVersion: Handler = async (request, response, context) => {
  const type = typeFor(request.params['type'], 'vread');
  assertReadParameters(type, parametersOf(request));
  const version = versionFor(request.params['version']);
  answerRecord(response, await readRecord({ type, id: idFor(request.params['id']), version }, context));
};

/** The evidence bundle of one version (docs/formats/bundle.md), for `medseal-verify`. */
export function getProof(proofs: ProofPort): Handler {
  return async (request, response, context) => {
    const type = typeFor(request.params['type'], 'vread');
    const version = versionFor(request.params['version']);
    const id = idFor(request.params['id']);
    response.json(await proveRecord({ type, id, version }, { ...context, proofs }));
  };
}

/**
 * The certificate of one version as PDF; to whoever asks for JSON, together with the bundle whose digest is on it, as
 * text, for its bytes count.
 */
export function getCertificate(proofs: ProofPort, certificates: CertificatePort): Handler {
  return async (request, response, context) => {
    const type = typeFor(request.params['type'], 'vread');
    const version = versionFor(request.params['version']);
    const id = idFor(request.params['id']);
    const issued = await certifyRecord({ type, id, version }, { ...context, proofs, certificates });
    const pdf = Buffer.from(await certificates.render(issued.certificate));
    if (request.accepts(['application/pdf', 'application/json']) !== 'application/json')
      response.type('application/pdf').send(pdf);
    else response.json({ bundle: issued.bundleText, certificate: pdf.toString('base64') });
  };
}

export const getHistory: Handler = async (request, response, context) => {
  const type = typeFor(request.params['type'], 'history-instance');
  const id = idFor(request.params['id']);
  const parameters = parametersOf(request);
  const page = await recordHistory({ type, id, query: parseHistory(parameters) }, context);
  answer(response, historyAnswer(page, { path: `${type}/${id}/_history`, parameters, context }));
};

/** The history of a type is offered within one patient's compartment: `Observation/_history?patient=…`. */
export const getTypeHistory: Handler = async (request, response, context) => {
  const type = typeFor(request.params['type'], 'history-type');
  const parameters = parametersOf(request);
  const [patient, ...others] = parameters.getAll('patient');
  if (patient === undefined || others.length > 0) throw new RecordsError('RECORDS_SEARCH_UNBOUND');
  const patientId = idFor(patient.replace(/^Patient\//, '')) as PatientId;
  const own = new URLSearchParams(parameters);
  own.delete('patient');
  const page = await compartmentHistory({ type, patientId, query: parseHistory(own) }, context);
  answer(response, historyAnswer(page, { path: `${type}/_history`, parameters, context }));
};

export const getEverything: Handler = async (request, response, context) => {
  const patientId = idFor(request.params['id']) as PatientId;
  const parameters = parametersOf(request);
  const query = parseEverything(parameters);
  const own = new URLSearchParams(parameters);
  own.delete('_cursor');
  const page = await patientEverything({ patientId, query, text: own.toString() }, context);
  const links = linksOf(page.next, { path: `Patient/${patientId}/$everything`, parameters, context });
  const base = context.deps.baseUrl;
  answerText(response, searchsetJson({ base, links, matches: page.records }));
};

type Place = { path: string; parameters: URLSearchParams; context: Context };

function historyAnswer(page: HistoryPage, place: Place): object {
  const base = place.context.deps.baseUrl;
  return historyBundle({ base, links: linksOf(page.next, place), versions: page.versions });
}

function linksOf(
  next: string | undefined,
  { path, parameters, context }: Place,
): { self: string; next: string | undefined } {
  const base = context.deps.baseUrl;
  return {
    self: linkOf(base, path, parameters),
    next: next === undefined ? undefined : linkOf(base, path, parameters, next),
  };
}
