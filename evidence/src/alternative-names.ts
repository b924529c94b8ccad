import { binaryOf } from './bytes.ts';
import type { DerElement } from './der.ts';
import { sequenceIn } from './der-cursor.ts';
import { refusal } from './errors.ts';

// Tags of an rfc822Name, a dNSName, a uniformResourceIdentifier and an iPAddress (RFC 5280 §4.2.1.6).
const [email, dns, uri, ip] = [0x81, 0x82, 0x86, 0x87];
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII.
const ascii = /^[\x00-\x7f]*$/;
// Go reads more (net/url); what does not look like one of these is not judged.
const scheme = '[A-Za-z][A-Za-z0-9+.-]*:';
const host = '[A-Za-z0-9_-]+(?:\\.[A-Za-z0-9_-]+)*(?::\\d+)?';
const segment = "[A-Za-z0-9._~!$&'()*+,;=@-]*";
const path = "[A-Za-z0-9._~!$&'()*+,;=:@/-]*";
const plainUri = new RegExp(
  `^(?:${scheme}(?:(?!/)${path})?|(?:${scheme})?(?://(?:${host})?(?:/${path})?|/(?!/)${path})|${segment}(?:/${path})?)$`,
);

/** How many alternative names of a subject Go knows; a malformed one is refused (crypto/x509, parseSANExtension). */
export function alternativeNames(value: Uint8Array): number {
  const names = sequenceIn(value);
  let known = 0;
  while (!names.isAtEnd()) {
    const { tag, content } = names.any();
    const read = forms.get(tag);
    if (read === undefined) continue;
    if (!read(content)) throw refusal('CERTIFICATE_MALFORMED', 'alternative name');
    known += 1;
  }
  return known;
}

const forms: ReadonlyMap<number, (content: Uint8Array) => boolean> = new Map([
  [email, isAscii],
  [dns, isAscii],
  [uri, (content: Uint8Array) => plainUri.test(binaryOf(content))],
  [ip, ({ length }: Uint8Array) => length === 4 || length === 16],
]);

function isAscii(content: Uint8Array): boolean {
  return ascii.test(binaryOf(content));
}

const mailbox = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*@/;

/** Whether Go knows this kind of name in a constraint; a malformed one is refused (crypto/x509, parseNameConstraintsExtension). */
export function isKnownConstraint({ tag, content }: DerElement): boolean {
  const isRead = constraints.get(tag);
  if (isRead?.(content) === false) throw refusal('CERTIFICATE_MALFORMED', 'name constraint');
  return isRead !== undefined;
}

const constraints: ReadonlyMap<number, (content: Uint8Array) => boolean> = new Map([
  // Of mailboxes the plain ones alone are judged.
  [email, (content: Uint8Array) => isDomain(binaryOf(content).replace(mailbox, ''))],
  [dns, (content: Uint8Array) => isDomain(binaryOf(content))],
  [uri, (content: Uint8Array) => isDomain(binaryOf(content)) && !/^[\d.]+$|:/.test(binaryOf(content))],
  [ip, isNetwork],
]);

/** Labels of visible characters; one dot may stand before them (crypto/x509/parser.go, domainNameValid). */
function isDomain(text: string): boolean {
  return text === '' || /^\.?[\x21-\x2d\x2f-\x7e]+(?:\.[\x21-\x2d\x2f-\x7e]+)*$/.test(text);
}

/** An address and a mask of ones and then zeros. */
function isNetwork(content: Uint8Array): boolean {
  if (content.length !== 8 && content.length !== 32) return false;
  const mask = [...content.subarray(content.length / 2)].map((byte) => byte.toString(2).padStart(8, '0'));
  return /^1*0*$/.test(mask.join(''));
}
