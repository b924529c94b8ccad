import {
  type InnerList,
  type Item,
  type Parameters,
  serializeInnerList,
  serializeItem,
} from 'structured-headers';
import { AppError } from '../lib/errors.ts';

/** Header fields by lower-case name, each present once. */
export type HttpFields = Readonly<Record<string, string>>;
export type RequestParts = { method: string; targetUri: string; fields: HttpFields };
export type ResponseParts = { status: number; fields: HttpFields };

/** What a signature is made over: a request, or a response together with the request that it answers. */
export type SignedMessage =
  | { kind: 'request'; request: RequestParts }
  | { kind: 'response'; response: ResponseParts; request: RequestParts };

export type HttpSignatureCode =
  | 'SIGNATURE_MALFORMED'
  | 'SIGNATURE_COMPONENTS'
  | 'SIGNATURE_PARAMETERS'
  | 'SIGNATURE_KEY'
  | 'SIGNATURE_DIGEST'
  | 'SIGNATURE_INVALID'
  | 'SIGNATURE_PARTIES'
  | 'SIGNATURE_CLOCK';

/** A message whose signature is not the one that is asked for. The code is for the audit record, not for the sender. */
export class HttpSignatureError extends AppError<HttpSignatureCode> {
  constructor(code: HttpSignatureCode, options: { message?: string; cause?: unknown } = {}) {
    super(code, options);
    this.name = 'HttpSignatureError';
  }
}

// Visible ASCII and spaces; a line feed in a value would let one field forge the line of another (RFC 9421 §7.5.6).
const fieldValue = /^[\x20-\x7e\t]*$/;

/**
 * The signature base of RFC 9421 §2.5: one line a component, then the parameters. `components` is the inner list of
 * Signature-Input with its parameters. Only the component parameter `req` is known (§2.4).
 */
export function signatureBase(components: InnerList, message: SignedMessage): string {
  const seen = new Set<string>();
  const lines = components[0].map((component) => {
    const identifier = serializeItem(component);
    if (seen.has(identifier)) throw new HttpSignatureError('SIGNATURE_COMPONENTS');
    seen.add(identifier);
    return `${identifier}: ${componentValue(component, message)}`;
  });
  return [...lines, `"@signature-params": ${serializeInnerList(components)}`].join('\n');
}

function componentValue([name, parameters]: Item, message: SignedMessage): string {
  if (typeof name !== 'string') throw new HttpSignatureError('SIGNATURE_COMPONENTS');
  const fromRequest = isFromRequest(parameters, message);
  if (name.startsWith('@')) return derivedValue(name, message, fromRequest);
  const { fields } = fromRequest || message.kind === 'request' ? message.request : message.response;
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (value === undefined || !fieldValue.test(value)) throw new HttpSignatureError('SIGNATURE_COMPONENTS');
  return value.trim();
}

function isFromRequest(parameters: Parameters, message: SignedMessage): boolean {
  if (parameters.size === 0) return false;
  if (parameters.size > 1 || parameters.get('req') !== true || message.kind !== 'response') {
    throw new HttpSignatureError('SIGNATURE_COMPONENTS');
  }
  return true;
}

/** Derived components (RFC 9421 §2.2). */
function derivedValue(name: string, message: SignedMessage, fromRequest: boolean): string {
  if (message.kind === 'response' && !fromRequest) {
    if (name === '@status') return String(message.response.status);
    throw new HttpSignatureError('SIGNATURE_COMPONENTS');
  }
  const { method, targetUri } = message.request;
  switch (name) {
    case '@method':
      return method;
    case '@target-uri':
      return targetUri;
    case '@authority':
      return new URL(targetUri).host;
    case '@path':
      return new URL(targetUri).pathname;
    case '@query':
      return new URL(targetUri).search || '?';
    default:
      throw new HttpSignatureError('SIGNATURE_COMPONENTS');
  }
}
