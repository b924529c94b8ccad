import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { parseJson } from '../lib/strict-json.ts';
import { createBodyRoom } from './body-room.ts';
import { HttpError } from './errors.ts';
import { readBytes } from './read-bytes.ts';
import { isFhirRequest } from './request-target.ts';

export type BodyRules = {
  /** Most bytes of the body, after decompression. */
  limitOf(request: Request): number;
  /** Content codings taken besides none. A signed request is taken as it was signed: none. */
  encodings: readonly 'gzip'[];
  /** Paths that take plain text, which `request.body` then is. */
  textPaths?: ReadonlySet<string>;
};

const jsonTypes = new Set(['application/json', 'application/fhir+json']);
const formType = 'application/x-www-form-urlencoded';

/**
 * Reads and parses the body. `request.body` is strict JSON, the text of a path that takes text, or URLSearchParams for a FHIR `_search` by POST, or
 * undefined; the bytes as they were sent stay in `response.locals.rawBody` for a digest over them.
 */
export function readBody(rules: BodyRules): RequestHandler {
  const room = createBodyRoom();
  return async (request: Request, response: Response, next: NextFunction) => {
    if (!hasBody(request)) {
      next();
      return;
    }
    if (['GET', 'HEAD', 'DELETE'].includes(request.method)) throw new HttpError('HTTP_BODY_UNEXPECTED');
    const parse = parserFor(request, rules);
    const limit = rules.limitOf(request);
    const isGzip = isCompressed(request, rules);
    // Before a byte is read: a client that waits for 100-continue need not send the rest.
    if (Number(request.headers['content-length'] ?? 0) > limit) throw new HttpError('HTTP_BODY_TOO_LARGE');
    const place = room.enter(response);
    const bytes = await readBytes(request, { limit, isGzip, place });
    await place.turn();
    response.locals['rawBody'] = bytes;
    request.body = bytes.length === 0 ? undefined : parse(bytes);
    next();
  };
}

function hasBody(request: Request): boolean {
  const coding = request.headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    throw new HttpError('HTTP_REQUEST_MALFORMED');
  return coding !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

function isCompressed(request: Request, { encodings }: BodyRules): boolean {
  const coding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (coding === 'identity') return false;
  if (coding === 'gzip' && encodings.includes('gzip')) return true;
  throw new HttpError('HTTP_ENCODING_UNSUPPORTED');
}

function parserFor(request: Request, { textPaths }: BodyRules): (bytes: Uint8Array) => unknown {
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  const charset = parameters.map((text) => text.trim()).find((text) => text.startsWith('charset='));
  if (charset !== undefined && !/^charset="?utf-8"?$/.test(charset)) {
    throw new HttpError('HTTP_MEDIA_TYPE_UNSUPPORTED');
  }
  if (textPaths?.has(request.path)) {
    if (type.trim() === 'text/plain') return parseText;
  } else if (jsonTypes.has(type.trim())) return isFhirRequest(request) ? parseFhir : parseJson;
  if (type.trim() === formType && request.path.endsWith('/_search')) return parseForm;
  throw new HttpError('HTTP_MEDIA_TYPE_UNSUPPORTED');
}

/** The precision of a decimal is part of what it says (FHIR R4 datatypes.html §decimal). */
function parseFhir(bytes: Uint8Array): unknown {
  return parseJson(bytes, { numbers: 'written' });
}

function parseText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new HttpError('HTTP_BODY_MALFORMED', { cause });
  }
}

function parseForm(bytes: Uint8Array): URLSearchParams {
  const text = Buffer.from(bytes).toString('latin1');
  try {
    decodeURIComponent(text);
  } catch (cause) {
    throw new HttpError('HTTP_QUERY_INVALID', { cause });
  }
  return new URLSearchParams(text);
}
