import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, NextFunction, Request, Response } from 'express';
import { errorIssue, FhirError, type IssueType, operationOutcome } from '../fhir/index.ts';
import { AppError } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { HttpError } from './errors.ts';
import { closeAfterBody, discardRest } from './read-bytes.ts';
import { isFhirRequest } from './request-target.ts';
import { codeTable } from './status-table.ts';

type Problem = { status: number; code: string; text: string; cause: unknown };

// A database that is away, silent, shutting down, out of disk, connections or locks, read-only (25006) or whose disk
// fails (SQLSTATE classes), or a broken socket.
const unavailable =
  /^(?:(?:08|40|53|55|57|58)[0-9A-Z]{3}|25006|DATABASE_UNAVAILABLE|E(?:CONNREFUSED|CONNRESET|PIPE|TIMEDOUT))$/;

/** The last middleware: one answer for every error, with a stable code, without stack or values. */
export function answerError(logger: Logger): ErrorRequestHandler {
  return (error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const problem = problemOf(error);
    const requestId = String(response.locals['requestId'] ?? '');
    response.locals['errorCode'] = problem.code;
    if (problem.status >= 500) {
      logger.error('http.failed', { requestId, code: problem.code, error: problem.cause });
    }
    if (response.headersSent) {
      // Half an answer is out: the only honest end is a broken one.
      response.destroy();
      return;
    }
    closeAfterBody(request, response);
    send(problem, { request, response, requestId });
    discardRest(request, response);
  };
}

/** The status line, headers and body for a connection on which no request could be read. */
export function rawProblem(error: HttpError): string {
  const { status, code, text } = problemOf(error);
  const body = JSON.stringify({
    type: 'about:blank',
    title: STATUS_CODES[status],
    status,
    code,
    detail: text,
  });
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

function problemOf(error: unknown): Problem {
  if (error instanceof AppError) {
    const meaning = codeTable[error.code];
    if (meaning !== undefined) {
      return {
        status: meaning[0],
        code: error.code,
        text: meaning[1] + detailOf(error, meaning[0]),
        cause: error,
      };
    }
    const own = ownStatus(error);
    if (own !== undefined) return { status: own, code: error.code, text: ownText(error), cause: error };
  }
  if (hasCode(error) && unavailable.test(error.code)) return tableProblem('HTTP_UNAVAILABLE', error);
  // express answers an undecodable path parameter with a URIError of status 400.
  if (error instanceof URIError) return tableProblem('HTTP_PATH_INVALID', error);
  return tableProblem('INTERNAL_ERROR', error);
}

function tableProblem(code: string, cause: unknown): Problem {
  const [status, text] = codeTable[code] ?? [500, ''];
  return { status, code, text, cause };
}

/** A message that the thrower wrote for the client (field names, a chaincode's code); errors never put values into it. */
function detailOf(error: AppError, status: number): string {
  return status < 500 && error.message !== error.code ? ` ${error.message}` : '';
}

function ownStatus(error: AppError): number | undefined {
  const { status } = error as { status?: unknown };
  return typeof status === 'number' && status >= 400 && status <= 599 ? status : undefined;
}

function ownText(error: AppError): string {
  if (error.message !== error.code) return error.message;
  const { text } = error as { text?: unknown };
  return typeof text === 'string' ? text : (STATUS_CODES[ownStatus(error) ?? 500] ?? '');
}

function hasCode(error: unknown): error is { code: string } {
  return (
    typeof error === 'object' && error !== null && typeof (error as { code?: unknown }).code === 'string'
  );
}

function send(
  problem: Problem,
  { request, response, requestId }: { request: Request; response: Response; requestId: string },
): void {
  const { status, code, text } = problem;
  response.status(status);
  if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
  if (status === 429) response.setHeader('Retry-After', '60');
  if (status === 503) response.setHeader('Retry-After', '5');
  if (isFhirRequest(request)) {
    const issues =
      problem.cause instanceof FhirError
        ? problem.cause.issues
        : [errorIssue({ type: issueTypeOf(status), code, text })];
    response.type('application/fhir+json').send(JSON.stringify(operationOutcome(issues)));
    return;
  }
  const title = STATUS_CODES[status] ?? 'Error';
  response
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', title, status, code, detail: text, requestId }));
}

/** FHIR R4 IssueType for a status, where the error does not say itself. */
function issueTypeOf(status: number): IssueType {
  const types: Record<number, IssueType> = {
    400: 'invalid',
    401: 'login',
    403: 'forbidden',
    404: 'not-found',
    405: 'not-supported',
    409: 'conflict',
    410: 'deleted',
    412: 'conflict',
    413: 'too-long',
    415: 'not-supported',
    422: 'processing',
    428: 'required',
    429: 'throttled',
    502: 'transient',
    503: 'transient',
    504: 'timeout',
  };
  return types[status] ?? (status >= 500 ? 'exception' : 'invalid');
}
