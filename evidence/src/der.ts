import { concat } from './bytes.ts';
import { refusal } from './errors.ts';

/** One element of DER (X.690 §8.1): its tag, its content, and all of it from the tag on. */
export type DerElement = { readonly tag: number; readonly content: Uint8Array; readonly whole: Uint8Array };

/** The tags that certificates are made of; a context-specific one is 0xa0 plus its number. */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

const maxLengthBytes = 4;

/** The elements of a constructed one's content, each with its length in the shortest form and nothing between them. */
export function derElements(content: Uint8Array): DerElement[] {
  return leadingElements(content, Number.POSITIVE_INFINITY);
}

/** The first elements of a content, whatever follows them: no DER, but what Go's asn1.Unmarshal reads. */
export function leadingElements(content: Uint8Array, count: number): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < content.length && elements.length < count; ) {
    const { start, end } = extentAt(content, at);
    elements.push({
      tag: content[at] ?? 0,
      content: content.subarray(start, end),
      whole: content.subarray(at, end),
    });
    at = end;
  }
  return elements;
}

/** An element of a content of less than 64 KiB, its length in the shortest form. */
export function derOf(tag: number, ...content: Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  const short = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return concat(Uint8Array.of(tag, ...(length < 0x80 ? [length] : short)), ...content);
}

/** The elements of a content of which there is one. */
export function onlyElement(content: Uint8Array): DerElement {
  const [element, ...others] = derElements(content);
  if (element === undefined || others.length > 0) throw malformed('not one element');
  return element;
}

/** The element, which must be there and of this tag. */
export function expectTag(element: DerElement | undefined, tag: number): DerElement {
  if (element?.tag !== tag) throw malformed(`no element of tag ${tag}`);
  return element;
}

function extentAt(content: Uint8Array, at: number): { start: number; end: number } {
  const first = content[at + 1];
  // A tag number of 31 or more continues in further bytes: no certificate has one.
  if (first === undefined || ((content[at] ?? 0) & 0x1f) === 0x1f) throw malformed('tag');
  if (first < 0x80) return within(content, at + 2, first);
  const count = first - 0x80;
  if (count === 0 || count > maxLengthBytes) throw malformed('length');
  let length = 0;
  for (let place = 0; place < count; place += 1) length = length * 256 + (content[at + 2 + place] ?? 0);
  if (length < 0x80 || length < 256 ** (count - 1)) throw malformed('length not in its shortest form');
  return within(content, at + 2 + count, length);
}

function within(content: Uint8Array, start: number, length: number): { start: number; end: number } {
  if (start + length > content.length) throw malformed('cut');
  return { start, end: start + length };
}

/** An integer without a byte that only repeats the sign. */
export function isShortest(content: Uint8Array): boolean {
  const [first, second = 0] = content;
  if (first === undefined) return false;
  return content.length === 1 || !((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
}

/** Arcs in base 128: none begins with a zero digit, the last one ends. */
export function isIdentifier(content: Uint8Array): boolean {
  const begins = content.every((byte, at) => byte !== 0x80 || (content[at - 1] ?? 0) >= 0x80);
  return content.length > 0 && begins && (content.at(-1) ?? 0x80) < 0x80;
}

function malformed(part: string): Error {
  return refusal('CERTIFICATE_MALFORMED', part);
}
