import { bytesOfBinary } from './bytes.ts';

/** A block of PEM (RFC 7468), its label and what it holds. */
export type PemBlock = { readonly label: string; readonly bytes: Uint8Array };

type Place = { readonly rest: string; readonly end: number; readonly after: number };
type Headed = Place & { readonly headers: number };

const beginMark = '-----BEGIN ';
const endMark = '\n-----END ';
const dashes = '-----';
const base64Text = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * The first block in a text of one character a byte, as Go's pem.Decode finds it (encoding/pem/pem.go): with text before and
 * after it, headers, white space in lines and any label. An organisation writes the certificates of its members so as it likes.
 */
export function firstPemBlock(text: string): PemBlock | undefined {
  let found: PemBlock | Place | undefined = { rest: text, end: 0, after: 0 };
  while (found !== undefined && 'rest' in found) found = nextBlock(found);
  return found;
}

/** The block that ends next; where there is none, from where to go on. */
function nextBlock({ rest: whole, after: start }: Place): PemBlock | Place | undefined {
  if (start < 0 || start > whole.length) return undefined;
  const rest = whole.slice(start);
  const end = rest.indexOf(endMark);
  if (end < 0) return undefined;
  const after = end + endMark.length;
  const begin = end < beginMark.length ? -1 : rest.lastIndexOf(beginMark, end - beginMark.length);
  if (begin < 0 || (begin > 0 && rest[begin - 1] !== '\n')) return { rest, end, after };
  const cut = begin + beginMark.length;
  const [label, place] = labelled({ rest: rest.slice(cut), end: end - cut, after: after - cut });
  if (label === undefined) return place;
  const body = withoutHeaders(place);
  const bytes = body && contentOf(label, body);
  return bytes === undefined ? body : { label, bytes };
}

/** The label in the rest of the line that begins a block; undefined where no dashes end it. */
function labelled(place: Place): [string | undefined, Headed] {
  const { line, length } = lineOf(place.rest);
  const after = { ...advanced(place, length), headers: 0 };
  return [line.endsWith(dashes) ? line.slice(0, -dashes.length) : undefined, after];
}

/** What follows the lines with a colon; undefined where there is nothing. */
function withoutHeaders(place: Headed): Headed | undefined {
  let at = place;
  while (at.rest.length > 0) {
    const { line, length } = lineOf(at.rest);
    if (!line.includes(':')) return at;
    at = { ...advanced(at, length), headers: at.headers + 1 };
  }
  return undefined;
}

/** The bytes up to the line that ends a block, if that bears the label and nothing else. */
function contentOf(label: string, { rest, end, after, headers }: Headed): Uint8Array | undefined {
  // Headers have run over the line that ends the block.
  if ((headers > 0 && end < 0) || after < 0) return undefined;
  const trailer = rest.slice(after);
  const line = label + dashes;
  if (!trailer.startsWith(line) || lineOf(trailer.slice(line.length)).line !== '') return undefined;
  return bytesOf(end > 0 ? rest.slice(0, end) : '');
}

/** Base64 as Go's StdEncoding reads it: loose bits at its end are passed over, padding is not left out. */
function bytesOf(text: string): Uint8Array | undefined {
  const dense = text.replaceAll(/[ \t\r\n]/g, '');
  return dense.length % 4 === 0 && base64Text.test(dense) ? bytesOfBinary(atob(dense)) : undefined;
}

/** A line without the spaces and tabs at its end, and how long it is with its end. */
function lineOf(text: string): { line: string; length: number } {
  const at = text.indexOf('\n');
  const whole = at < 0 ? text : text.slice(0, at > 0 && text[at - 1] === '\r' ? at - 1 : at);
  let end = whole.length;
  while (end > 0 && (whole[end - 1] === ' ' || whole[end - 1] === '\t')) end -= 1;
  return { line: whole.slice(0, end), length: at < 0 ? text.length : at + 1 };
}

function advanced({ rest, end, after }: Place, length: number): Place {
  return { rest: rest.slice(length), end: end - length, after: after - length };
}
