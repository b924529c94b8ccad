import { type DerElement, derTag, expectTag, isIdentifier, isShortest, leadingElements } from './der.ts';
import { refusal } from './errors.ts';

/**
 * Reads one element of DER after the other, as Go's cryptobyte.String does, with which crypto/x509 reads certificates: lengths
 * and numbers are in their shortest form, and nobody looks at what follows the last element that is asked for.
 */
export type DerCursor = {
  /** Whether the next element is of this tag. */
  isAt(tag: number): boolean;
  isAtEnd(): boolean;
  /** The next element, which must be of this tag. */
  next(tag: number): DerElement;
  /** The next element, whatever it is. */
  any(): DerElement;
  /** The next element, if it is of this tag. */
  optional(tag: number): DerElement | undefined;
};

export function cursorOf(content: Uint8Array): DerCursor {
  let rest = content;
  const any = (): DerElement => {
    const [element] = leadingElements(rest, 1);
    if (element === undefined) throw refusal('CERTIFICATE_MALFORMED', 'cut');
    rest = rest.subarray(element.whole.length);
    return element;
  };
  const next = (tag: number): DerElement => {
    if (rest[0] !== tag) throw refusal('CERTIFICATE_MALFORMED', `no element of tag ${tag}`);
    return any();
  };
  return {
    isAt: (tag) => rest[0] === tag,
    isAtEnd: () => rest.length === 0,
    next,
    any,
    optional: (tag) => (rest[0] === tag ? next(tag) : undefined),
  };
}

/** The sequence that a content begins with. */
export function sequenceIn(content: Uint8Array): DerCursor {
  return cursorOf(cursorOf(content).next(derTag.sequence).content);
}

/** A truth value: no byte but 00 and ff. */
export function booleanOf({ content }: DerElement): boolean {
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff))
    throw refusal('CERTIFICATE_MALFORMED', 'truth value');
  return content[0] === 0xff;
}

/** The content of an integer in its shortest form. */
export function integerOf(element: DerElement): Uint8Array {
  if (!isShortest(element.content)) throw refusal('CERTIFICATE_MALFORMED', 'integer');
  return element.content;
}

/** An integer of at most 64 bits, as precise as a number is. */
export function numberOf(element: DerElement): number {
  const content = integerOf(element);
  if (content.length > 8) throw refusal('CERTIFICATE_MALFORMED', 'number');
  const [first = 0] = content;
  return content.reduce((sum, byte) => sum * 256 + byte, 0) - (first >= 0x80 ? 256 ** content.length : 0);
}

/** The content of an object identifier, of which no arc is 2³¹ or more (cryptobyte, readBase128Int). */
export function identifierOf(element: DerElement | undefined): Uint8Array {
  const { content } = expectTag(element, derTag.objectIdentifier);
  const begins = [...content.keys()].filter((at) => at === 0 || (content[at - 1] ?? 0) < 0x80);
  const isSmall = begins.every((at, place) => {
    const length = (begins[place + 1] ?? content.length) - at;
    return length < 5 || (length === 5 && (content[at] ?? 0) < 0x88);
  });
  if (!isIdentifier(content) || !isSmall) throw refusal('CERTIFICATE_MALFORMED', 'identifier');
  return content;
}

/** The bits of a bit string; unused ones, which are zero, are shifted out (Go's BitString.RightAlign). */
export function alignedBits({ content }: DerElement): Uint8Array {
  const [unused = 8] = content;
  const bits = content.subarray(1);
  const last = bits.at(-1) ?? 0;
  if (unused > 7 || (bits.length === 0 && unused > 0) || (last & ((1 << unused) - 1)) !== 0)
    throw refusal('CERTIFICATE_MALFORMED', 'bits');
  if (unused === 0) return bits;
  return bits.map((byte, at) => ((at === 0 ? 0 : (bits[at - 1] ?? 0)) << (8 - unused)) | (byte >> unused));
}
