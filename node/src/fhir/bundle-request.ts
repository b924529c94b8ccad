import { errorIssue, FhirError, type IssueType } from './errors.ts';
import { isId } from './primitives.ts';
import { parseIdentifierQuery } from './references.ts';
import { supportedType } from './supported-types.ts';
import type { PlannedRequest } from './types.ts';

type Json = Record<string, unknown>;
type Target = {
  type: string;
  id: string | undefined;
  versionId: string | undefined;
  query: string | undefined;
};

const URL_SHAPE =
  /^\/?([A-Za-z]{1,64})(?:\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/([A-Za-z0-9\-.]{1,64}))?)?(?:\?(.{0,4096}))?$/;
const WEAK_TAG = /^(?:W\/)?"([A-Za-z0-9\-.]{1,64})"$/;

/** Reads Bundle.entry.request: what is asked for, on what, under which conditions (FHIR R4 http.html §transaction). */
export function planRequest(request: Json, index: number): PlannedRequest {
  const place = { index };
  const target = readTarget(request['url'], place);
  refuseConditions(request, place);
  switch (request['method']) {
    case 'POST':
      return planCreate(request, target, place);
    case 'PUT':
      return { interaction: 'update', ...instance(target, place), ifMatch: readIfMatch(request, place) };
    case 'DELETE':
      return { interaction: 'delete', ...instance(target, place), ifMatch: readIfMatch(request, place) };
    case 'GET':
      return planRead(target, place);
    default:
      throw refusal('not-supported', 'Only GET, POST, PUT and DELETE are supported.', {
        ...place,
        element: 'method',
      });
  }
}

type Place = { index: number; element?: string };

function readTarget(url: unknown, place: Place): Target {
  const match = URL_SHAPE.exec(String(url));
  const [, type = '', id, versionId, query] = match ?? [];
  const isSafe = [id, versionId].every((part) => part === undefined || isId(part));
  if (!match || !isSafe)
    throw refusal('value', 'Not a relative URL of this API.', { ...place, element: 'url' });
  if (!supportedType(type)) {
    throw refusal('not-supported', 'This resource type is not supported.', { ...place, element: 'url' });
  }
  return { type, id, versionId, query };
}

function refuseConditions(request: Json, place: Place): void {
  for (const name of ['ifNoneMatch', 'ifModifiedSince']) {
    if (request[name] !== undefined)
      throw refusal('not-supported', 'This condition is not supported.', { ...place, element: name });
  }
  if (request['ifNoneExist'] !== undefined && request['method'] !== 'POST') {
    throw refusal('value', 'Only a POST may have this condition.', { ...place, element: 'ifNoneExist' });
  }
}

function planCreate(request: Json, target: Target, place: Place): PlannedRequest {
  if (target.id !== undefined || target.query !== undefined) {
    throw refusal('value', 'A POST names a type only.', { ...place, element: 'url' });
  }
  requireInteraction(target.type, 'create', place);
  const { ifNoneExist } = request;
  if (ifNoneExist === undefined) return { interaction: 'create', type: target.type, ifNoneExist: undefined };
  const identifier = parseIdentifierQuery(String(ifNoneExist));
  if (!identifier) {
    throw refusal('not-supported', 'A condition is identifier=system|value.', {
      ...place,
      element: 'ifNoneExist',
    });
  }
  return { interaction: 'create', type: target.type, ifNoneExist: identifier };
}

/** PUT and DELETE on one resource; conditional update and delete are not offered. */
function instance({ type, id, versionId, query }: Target, place: Place): { type: string; id: string } {
  if (id === undefined || versionId !== undefined || query !== undefined) {
    throw refusal('not-supported', 'PUT and DELETE name one resource by type and id.', {
      ...place,
      element: 'url',
    });
  }
  requireInteraction(type, 'update', place);
  return { type, id };
}

function planRead({ type, id, versionId, query }: Target, place: Place): PlannedRequest {
  if (id === undefined) return { interaction: 'search-type', type, query: query ?? '' };
  if (query !== undefined)
    throw refusal('not-supported', 'A read has no parameters.', { ...place, element: 'url' });
  return versionId === undefined
    ? { interaction: 'read', type, id }
    : { interaction: 'vread', type, id, versionId };
}

function readIfMatch({ ifMatch }: Json, place: Place): string | undefined {
  if (ifMatch === undefined) return undefined;
  const version = WEAK_TAG.exec(String(ifMatch))?.[1];
  if (version === undefined)
    throw refusal('value', 'An If-Match is a version in quotes: W/"3".', { ...place, element: 'ifMatch' });
  return version;
}

function requireInteraction(type: string, interaction: 'create' | 'update', place: Place): void {
  if (supportedType(type)?.interactions.includes(interaction)) return;
  throw refusal('not-supported', 'Resources of this type are written by the node alone.', {
    ...place,
    element: 'url',
  });
}

function refusal(type: IssueType, text: string, { index, element }: Place): FhirError {
  const code = type === 'not-supported' ? 'FHIR_INTERACTION_UNSUPPORTED' : 'FHIR_BUNDLE_INVALID';
  return new FhirError(code, [
    errorIssue({ type, code, text, expression: `Bundle.entry[${index}].request.${element}` }),
  ]);
}
