import type { NextFunction, Request, Response } from 'express';
import { HttpError } from './errors.ts';

// No path of this API needs an escape: ids are [A-Za-z0-9-.] (FHIR R4 `id`), operations start with `$`.
const plainPath = /^(?:\/[A-Za-z0-9$_~-][A-Za-z0-9$._~-]*)*\/?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const control = /[\u0000-\u001f\u007f]/;

/**
 * Refuses request targets that proxies, routers and file systems read differently: escapes, dot segments, empty
 * segments, backslashes, absolute form; and queries whose escapes are no UTF-8 or hide control characters.
 */
export function checkTarget(request: Request, _response: Response, next: NextFunction): void {
  const target = request.originalUrl;
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  if (!plainPath.test(path)) throw new HttpError('HTTP_PATH_INVALID');
  if (mark >= 0) checkQuery(target.slice(mark + 1));
  next();
}

/** Whether the request is to the FHIR interface, whose bodies and errors are FHIR's. */
export function isFhirRequest({ originalUrl }: Pick<Request, 'originalUrl'>): boolean {
  return originalUrl.startsWith('/fhir/');
}

function checkQuery(query: string): void {
  let decoded: string;
  try {
    decoded = decodeURIComponent(query);
  } catch {
    throw new HttpError('HTTP_QUERY_INVALID');
  }
  if (control.test(decoded)) throw new HttpError('HTTP_QUERY_INVALID');
}
