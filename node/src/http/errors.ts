import { AppError } from '../lib/errors.ts';

export type HttpCode =
  | 'HTTP_REQUEST_MALFORMED'
  | 'HTTP_REQUEST_TIMEOUT'
  | 'HTTP_HEADERS_TOO_LARGE'
  | 'HTTP_PATH_INVALID'
  | 'HTTP_QUERY_INVALID'
  | 'HTTP_NOT_FOUND'
  | 'HTTP_METHOD_NOT_ALLOWED'
  | 'HTTP_BODY_TOO_LARGE'
  | 'HTTP_BODY_UNEXPECTED'
  | 'HTTP_BODY_MALFORMED'
  | 'HTTP_BODY_FRAGMENTED'
  | 'HTTP_BODY_ABORTED'
  | 'HTTP_ENCODING_UNSUPPORTED'
  | 'HTTP_MEDIA_TYPE_UNSUPPORTED'
  | 'HTTP_RATE_LIMITED'
  | 'HTTP_UNAVAILABLE'
  | 'INTERNAL_ERROR';

/** A request that is refused before any module sees it. */
export class HttpError extends AppError<HttpCode> {
  constructor(code: HttpCode, options: { message?: string; cause?: unknown } = {}) {
    super(code, options);
    this.name = 'HttpError';
  }
}
