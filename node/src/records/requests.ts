import {
  errorIssue,
  FhirError,
  type Identifier,
  type Interaction,
  parseIdentifierQuery,
  parseSearch,
  type Resource,
  supportedType,
  validateResource,
} from '../fhir/index.ts';
import { RecordsError } from './errors.ts';

/** What a request says about a single record: parsed once, refused before anything is looked up. */

/** A type of resource that is served here and takes this interaction. */
export function typeFor(type: string | undefined, interaction: Interaction): string {
  const supported = type === undefined ? undefined : supportedType(type);
  if (type === undefined || supported === undefined || nodeWritten.has(type))
    throw refused('FHIR_TYPE_UNSUPPORTED', 'not-supported');
  const isOffered = interaction === 'history-type' || supported.interactions.includes(interaction);
  if (!isOffered) throw refused('FHIR_INTERACTION_UNSUPPORTED', 'not-supported');
  return type;
}

/** Kept by consent/ and audit/, which have routes of their own. */
export const nodeWritten: ReadonlySet<string> = new Set(['AuditEvent', 'Consent']);

/** A logical id; what cannot be one names nothing. */
export function idFor(id = ''): string {
  if (/^[A-Za-z0-9\-.]{1,64}$/.test(id)) return id;
  throw new RecordsError('RECORDS_NOT_FOUND');
}

/** A version id of this node: a number from 1; what cannot be one names nothing. */
export function versionFor(version = ''): number {
  if (/^[1-9]\d{0,8}$/.test(version)) return Number(version);
  throw new RecordsError('RECORDS_NOT_FOUND');
}

/** The body of a create or update of `type`. */
export function resourceFor(type: string, body: unknown): Resource {
  const resource = validateResource(body);
  if (resource.resourceType !== type) throw new RecordsError('RECORDS_ID_MISMATCH');
  return resource;
}

/** If-Match: the version in quotes, weak or strong (FHIR R4 http.html §concurrency). */
export function ifMatchFor(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const version = /^(?:W\/)?"([A-Za-z0-9\-.]{1,64})"$/.exec(header.trim())?.[1];
  if (version === undefined) throw new RecordsError('RECORDS_PRECONDITION_INVALID');
  return version;
}

/** If-None-Exist: `identifier=system|value`, the one condition that is looked up without opening records. */
export function ifNoneExistFor(header: string | undefined): Identifier | undefined {
  if (header === undefined) return undefined;
  const identifier = parseIdentifierQuery(header.replace(/^\?/, ''));
  if (identifier === undefined) throw new RecordsError('RECORDS_PRECONDITION_INVALID');
  return identifier;
}

/** A read takes `_format` and `_pretty` only. */
export function assertReadParameters(type: string, parameters: URLSearchParams): void {
  for (const name of parameters.keys()) {
    if (name !== '_format' && name !== '_pretty') throw refused('FHIR_UNKNOWN_PARAMETER', 'not-supported');
  }
  parseSearch(type, parameters);
}

/** v3-ActReason code of the purpose of use; the policy denies what it does not know. */
export function purposeFor(header: string | undefined, fallback: string): string {
  const purpose = header ?? fallback;
  if (/^[A-Z]{2,16}$/.test(purpose)) return purpose;
  throw refused('FHIR_PARAMETER_INVALID', 'invalid');
}

export function refused(
  code:
    | 'FHIR_TYPE_UNSUPPORTED'
    | 'FHIR_INTERACTION_UNSUPPORTED'
    | 'FHIR_UNKNOWN_PARAMETER'
    | 'FHIR_PARAMETER_INVALID'
    | 'FHIR_FORMAT_UNSUPPORTED',
  type: 'not-supported' | 'invalid',
): FhirError {
  const texts = {
    FHIR_TYPE_UNSUPPORTED: 'This resource type is not served here.',
    FHIR_INTERACTION_UNSUPPORTED: 'Resources of this type do not take this interaction.',
    FHIR_UNKNOWN_PARAMETER: 'This interaction has no such parameter.',
    FHIR_PARAMETER_INVALID: 'A header or parameter is not valid.',
    FHIR_FORMAT_UNSUPPORTED: 'Only JSON is supported.',
  };
  return new FhirError(code, [errorIssue({ type, code, text: texts[code] })]);
}
