import { WrittenNumber } from '@medseal/evidence';
import { timeRange } from './dates.ts';
import { numberOf } from './number-of.ts';

/** FHIR R4 datatypes.html: a string is at most 1 MiB; ours counts UTF-16 units. */
const MAX_STRING = 1024 * 1024;
const MAX_URI = 4096;
const MAX_CODE = 1024;
/** Encoded characters of one base64Binary (6 MiB of bytes). */
const MAX_BASE64 = 8 * 1024 * 1024;
const MAX_INTEGER = 2_147_483_647;
/** Characters of a decimal; FHIR asks for 18 digits (R5 datatypes.html §decimal). */
const MAX_DECIMAL = 64;

/**
 * Control characters, byte order marks and the two direction overrides: FHIR forbids the first, the others make
 * a name look like another one (Trojan Source, CVE-2021-42574).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is searched for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u202d\u202e\ufeff]/;
const CODE = /^[^\s]+(?: [^\s]+)*$/;
const ID = /^[A-Za-z0-9\-.]{1,64}$/;
const ONLY_DOTS = /^\.+$/;
const URI = /^[^\s<>"{}^`\\]+$/;
const ACTIVE_SCHEME = /^(?:javascript|vbscript|data|file|blob|filesystem|view-source):/i;
const OID = /^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/;
const UUID = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,9})?$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const NOT_BLANK = /\S/;

/** Checks one primitive value by its FHIR R4 type: JSON type, syntax, calendar, range. */
export const PRIMITIVES: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ['boolean', (value) => typeof value === 'boolean'],
  ['integer', (value) => isInteger(value, -MAX_INTEGER - 1)],
  ['unsignedInt', (value) => isInteger(value, 0)],
  ['positiveInt', (value) => isInteger(value, 1)],
  ['decimal', isDecimal],
  ['string', isText],
  ['markdown', isText],
  ['code', (value) => isShort(value, MAX_CODE) && CODE.test(value)],
  ['id', isId],
  ['uri', isUri],
  ['url', isUri],
  ['canonical', isUri],
  ['oid', (value) => isShort(value, MAX_URI) && OID.test(value)],
  ['uuid', (value) => isShort(value, MAX_URI) && UUID.test(value)],
  ['date', (value) => typeof value === 'string' && value.length <= 10 && timeRange(value) !== undefined],
  ['dateTime', (value) => typeof value === 'string' && timeRange(value) !== undefined],
  ['instant', (value) => typeof value === 'string' && value.length > 10 && timeRange(value) !== undefined],
  ['time', (value) => typeof value === 'string' && TIME.test(value)],
  ['base64Binary', isBase64],
]);

/** A logical id that is safe in a URL path: `.` and `..` would be folded away there. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value) && !ONLY_DOTS.test(value);
}

/** True if the text has no control character, lone surrogate, byte order mark or direction override. */
export function isCleanText(value: string): boolean {
  return !FORBIDDEN.test(value) && value.isWellFormed();
}

function isShort(value: unknown, limit: number): value is string {
  return typeof value === 'string' && value.length <= limit && isCleanText(value);
}

function isText(value: unknown): boolean {
  return isShort(value, MAX_STRING) && NOT_BLANK.test(value);
}

function isUri(value: unknown): boolean {
  return isShort(value, MAX_URI) && URI.test(value) && !ACTIVE_SCHEME.test(value);
}

function isInteger(value: unknown, least: number): boolean {
  return (
    Number.isInteger(value) && Number(value) >= least && Number(value) <= MAX_INTEGER && !Object.is(value, -0)
  );
}

/** Beyond 2^53 and below the smallest double nothing of what was sent is left; as a plain number -0 would come back as 0. */
function isDecimal(value: unknown): boolean {
  const number = numberOf(value);
  if (number === undefined || Math.abs(number) > Number.MAX_SAFE_INTEGER) return false;
  if (!(value instanceof WrittenNumber)) return Number.isFinite(number) && !Object.is(value, -0);
  const text = value.toString();
  return text.length <= MAX_DECIMAL && (number !== 0 || !/[1-9]/.test(text.replace(/e.*/i, '')));
}

function isBase64(value: unknown): boolean {
  return (
    typeof value === 'string' && value.length <= MAX_BASE64 && value.length % 4 === 0 && BASE64.test(value)
  );
}
