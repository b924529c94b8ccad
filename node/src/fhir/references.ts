import { isId } from './primitives.ts';
import { isResourceType } from './schema.ts';
import type { Identifier } from './types.ts';

/** A Reference.reference taken apart. */
export type ParsedReference =
  | { kind: 'local'; type: string; id: string; versionId: string | undefined }
  | { kind: 'contained'; id: string }
  | { kind: 'urn'; urn: string }
  | { kind: 'conditional'; type: string; identifier: Identifier }
  | { kind: 'foreign' };

const MAX_LENGTH = 1024;
const LOCAL = /^([A-Za-z]{1,64})\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/([A-Za-z0-9\-.]{1,64}))?$/;
const URN =
  /^urn:(?:uuid:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|oid:[0-2](?:\.\d{1,39}){1,30})$/;
const CONDITIONAL = /^([A-Za-z]{1,64})\?(.*)$/;
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:/i;

/** Reads one reference (FHIR R4 references.html §literal, http.html §transaction); undefined if it is malformed. */
export function parseReference(reference: string): ParsedReference | undefined {
  if (reference.length > MAX_LENGTH) return undefined;
  if (reference.startsWith('#')) return parseContained(reference.slice(1));
  const local = LOCAL.exec(reference);
  if (local) return parseLocal(local);
  if (URN.test(reference)) return { kind: 'urn', urn: reference };
  const conditional = CONDITIONAL.exec(reference);
  if (conditional) return parseConditional(conditional[1] ?? '', conditional[2] ?? '');
  return ABSOLUTE.test(reference) ? { kind: 'foreign' } : undefined;
}

function parseContained(id: string): ParsedReference | undefined {
  return isId(id) ? { kind: 'contained', id } : undefined;
}

function parseLocal([, type = '', id = '', versionId]: RegExpExecArray): ParsedReference | undefined {
  return isResourceType(type) && isId(id) ? { kind: 'local', type, id, versionId } : undefined;
}

function parseConditional(type: string, query: string): ParsedReference | undefined {
  const identifier = parseIdentifierQuery(query);
  return identifier && isResourceType(type) ? { kind: 'conditional', type, identifier } : undefined;
}

/**
 * `identifier=system|value`, the one condition that the node can look up without opening records.
 * Undefined for anything else. Synthea leaves the bar and the slashes unescaped; both forms are read.
 */
export function parseIdentifierQuery(query: string): Identifier | undefined {
  const match = /^identifier=([^&]+)$/.exec(query);
  const text = decode(match?.[1]);
  const bar = text?.indexOf('|') ?? -1;
  if (!text || bar < 1 || bar === text.length - 1) return undefined;
  const [system, value] = [text.slice(0, bar), text.slice(bar + 1)];
  return /^\S+$/.test(system) && !value.includes('|') && value.trim() !== '' ? { system, value } : undefined;
}

function decode(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // a malformed percent sequence is a malformed condition
  }
}
