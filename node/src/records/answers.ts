import type { Request, Response } from 'express';
import { actorOf } from '../identity/index.ts';
import { auditedQuery } from './audited-query.ts';
import type { RecordsDeps } from './records-deps.ts';
import { purposeFor } from './requests.ts';
import type { Caller, OpenedRecord, WriteResult } from './types.ts';

export type Context = { caller: Caller; deps: RecordsDeps };
export type Handler = (
  request: Request<Record<string, string>>,
  response: Response,
  context: Context,
) => Promise<void>;

/** Who asks, and what for: `Purpose-Of-Use` names the purpose, else treatment, or the patient's own request. */
export function callerOf(request: Request<Record<string, string>>, response: Response): Caller {
  const actor = actorOf(response);
  const fallback = actor.kind === 'patient' ? 'PATRQT' : 'TREAT';
  const requestId = response.locals['requestId'];
  return {
    actor,
    purpose: purposeFor(request.get('Purpose-Of-Use'), fallback),
    requestId: requestId === undefined ? undefined : String(requestId),
    clientAddress: request.socket.remoteAddress,
    query: auditedQuery(pathOf(request), parametersOf(request)),
  };
}

/** The parameters of the query, decoded once. */
export function parametersOf(request: Request<Record<string, string>>): URLSearchParams {
  const { originalUrl } = request;
  const mark = originalUrl.indexOf('?');
  return new URLSearchParams(mark < 0 ? '' : originalUrl.slice(mark + 1));
}

/** The path that was asked for, without its query. */
export function pathOf({ originalUrl }: Request<Record<string, string>>): string {
  const [path = ''] = originalUrl.split('?', 1);
  return path;
}

export function answer(response: Response, resource: object): void {
  answerText(response, JSON.stringify(resource));
}

/** Answers with a resource that is JSON already. */
export function answerText(response: Response, json: string): void {
  response.type('application/fhir+json').send(json);
}

/** One version with its ETag (FHIR R4 http.html §read). */
export function answerRecord(response: Response, { index, text, version }: OpenedRecord): void {
  response.set('ETag', `W/"${version}"`);
  // The same as `meta.lastUpdated`, for which the record would have to be parsed.
  if (index.values.at !== undefined) response.set('Last-Modified', new Date(index.values.at).toUTCString());
  answerText(response, text);
}

/** A written record: 201 with its place, 200 for an update or where a condition found one (FHIR R4 http.html §create). */
export function answerWrite(
  request: Request<Record<string, string>>,
  response: Response,
  { result, context }: { result: WriteResult; context: Context },
): void {
  const { status, type, id, version, lastUpdated, resource } = result;
  response.status(status);
  response.set('ETag', `W/"${version}"`);
  response.set('Last-Modified', new Date(lastUpdated).toUTCString());
  response.set('Location', `${context.deps.baseUrl}/${type}/${id}/_history/${version}`);
  const isMinimal = /(?:^|[;,\s])return=minimal(?:$|[;,\s])/.test(request.get('Prefer') ?? '');
  if (resource === undefined || isMinimal) response.end();
  else answer(response, resource);
}
