import { equalBytes, fromBase64, hex } from './bytes.ts';
import { type DerElement, derElements, derTag, derWhole, expectTag, onlyElement } from './der.ts';
import { nameOf, timeOf, unitsOf } from './der-values.ts';
import { EvidenceError, refusal } from './errors.ts';
import {
  type CertificateAlgorithm,
  certificateAlgorithm,
  octetsOf,
  type PublicKey,
  publicKeyOf,
  verifyAuthority,
} from './public-key.ts';

/** What is needed of an X.509 certificate (RFC 5280). Names are compared by their DER, as hex. */
export type Certificate = {
  readonly der: Uint8Array;
  readonly serial: string;
  readonly issuer: string;
  readonly subject: string;
  readonly organizationalUnits: readonly string[];
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isAuthority: boolean;
  readonly key: PublicKey;
} & Signed;

/** What an issuer signed, and how. */
type Signed = {
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  readonly algorithm: CertificateAlgorithm;
};

/** A certificate revocation list: serial numbers of one issuer. */
export type RevocationList = {
  readonly issuer: string;
  readonly serials: ReadonlySet<string>;
} & Signed;

// Extension ids by their DER, as hex: RFC 5280 §4.2.1.
const basicConstraints = '551d13';
const keyUsage = '551d0f';
// What may be marked critical: an extension we do not evaluate must not be (RFC 5280 §4.2).
const understood = new Set([basicConstraints, keyUsage, '551d25']);
const keyCertSign = 0x04;
const [explicit0, explicit1, explicit2, explicit3] = [0xa0, 0x81, 0x82, 0xa3];
const maxCertificateLength = 16_384;
const maxListLength = 1_048_576;
const pemText = /^-----BEGIN ([A-Z0-9 ]{1,40})-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1-----(?:\r?\n)*$/;

/** The DER bytes in one PEM block (RFC 7468) with this label, and nothing beside it. */
export function fromPem(pem: string, label: string): Uint8Array {
  const [, found, body] = pemText.exec(pem) ?? [];
  if (found !== label || body === undefined) throw refusal('CERTIFICATE_MALFORMED', 'PEM');
  return malformed(() => fromBase64(body.replaceAll(/[\r\n]/g, '')));
}

// Parsing costs more than verifying a signature, and the same few certificates come with every block and proof. The
// cache holds pure results of public bytes, so nobody can tell that it is there.
const parsedByPem = new Map<string, Certificate>();
const maxParsed = 512;

/** The certificate in one PEM block. */
export function certificateFromPem(pem: string): Certificate {
  const known = parsedByPem.get(pem);
  if (known !== undefined) return known;
  const certificate = parseCertificate(fromPem(pem, 'CERTIFICATE'));
  if (parsedByPem.size >= maxParsed) parsedByPem.clear();
  parsedByPem.set(pem, certificate);
  return certificate;
}

/** Parses a certificate with a key of a kind that Fabric takes; others are refused. */
export function parseCertificate(der: Uint8Array): Certificate {
  const { content, stated, ...signed } = signedPart(der, maxCertificateLength);
  const [serial, algorithm, issuer, validity, subject, key, ...rest] = withoutVersion(derElements(content));
  requireSame(algorithm, stated);
  const [notBefore, notAfter, ...others] = derElements(expectTag(validity, derTag.sequence).content);
  if (others.length > 0) throw refusal('CERTIFICATE_MALFORMED', 'validity');
  return {
    der,
    serial: hex(expectTag(serial, derTag.integer).content),
    issuer: nameOf(issuer),
    subject: nameOf(subject),
    organizationalUnits: unitsOf(expectTag(subject, derTag.sequence)),
    notBefore: timeOf(notBefore),
    notAfter: timeOf(notAfter),
    isAuthority: isAuthority(extensionsOf(rest)),
    key: keyOf(expectTag(key, derTag.sequence)),
    ...signed,
  };
}

/** Parses a revocation list. Signed in a way that is not judged it is refused: who knows whom it revokes. */
export function parseRevocationList(der: Uint8Array): RevocationList {
  const { content, stated, ...signed } = signedPart(der, maxListLength);
  const elements = derElements(content);
  const [algorithm, issuer, thisUpdate, nextUpdate, ...rest] =
    elements[0]?.tag === derTag.integer ? elements.slice(1) : elements;
  requireSame(algorithm, stated);
  if (signed.algorithm.kind === 'unjudged') throw refusal('CERTIFICATE_MALFORMED', 'algorithm');
  timeOf(thisUpdate);
  timeOf(nextUpdate);
  const revoked = rest[0]?.tag === derTag.sequence ? derElements(rest[0].content) : [];
  return { issuer: nameOf(issuer), serials: new Set(revoked.map(serialOf)), ...signed };
}

/** A revoked certificate: its number, the time, extensions (RFC 5280 §5.1). */
function serialOf({ tag, content }: DerElement): string {
  const [serial, at] = tag === derTag.sequence ? derElements(content) : [];
  timeOf(at);
  return hex(expectTag(serial, derTag.integer).content);
}

type SignedPart = Signed & { content: Uint8Array; stated: Uint8Array };

/** What a certificate and a list are alike: SEQUENCE { signed, algorithm, signature }, all of it DER. */
function signedPart(der: Uint8Array, maxLength: number): SignedPart {
  if (der.length > maxLength) throw refusal('CERTIFICATE_MALFORMED', 'too long');
  const [part, identifier, bits, ...others] = derElements(derWhole(der, derTag.sequence).content);
  const { whole: signed, content } = expectTag(part, derTag.sequence);
  const stated = expectTag(identifier, derTag.sequence);
  const algorithm = certificateAlgorithm(stated);
  const signature = octetsOf(bits);
  if (algorithm === undefined) throw refusal('CERTIFICATE_MALFORMED', 'algorithm');
  if (others.length > 0) throw refusal('CERTIFICATE_MALFORMED', 'more than three parts');
  return { content, signed, signature, stated: stated.whole, algorithm };
}

/** The algorithm stands inside of what is signed, too (RFC 5280 §4.1.1.2). */
function requireSame(algorithm: DerElement | undefined, stated: Uint8Array): void {
  if (algorithm === undefined || !equalBytes(algorithm.whole, stated))
    throw refusal('CERTIFICATE_MALFORMED', 'two algorithms');
}

/** Version 1 is not written (RFC 5280 §4.1.2.1). */
function withoutVersion(elements: DerElement[]): DerElement[] {
  const [first, ...rest] = elements;
  if (first?.tag !== explicit0) return elements;
  const version = expectTag(onlyElement(first.content), derTag.integer).content;
  if (version.length !== 1 || (version[0] !== 1 && version[0] !== 2))
    throw refusal('CERTIFICATE_MALFORMED', 'version');
  return rest;
}

/** Whether `authority` issued the certificate or list: names match and the signature verifies. */
export function isIssuedBy(issued: Signed & Pick<Certificate, 'issuer'>, authority: Certificate): boolean {
  return (
    authority.isAuthority &&
    issued.issuer === authority.subject &&
    verifyAuthority(authority.key, issued.signed, issued)
  );
}

function keyOf(info: DerElement): PublicKey {
  const key = publicKeyOf(info);
  if (key === undefined) throw refusal('CERTIFICATE_MALFORMED', 'no key of a kind that is judged');
  return key;
}

/** The extensions after two unique ids that may stand before them, each once: its content by its id. */
function extensionsOf(rest: DerElement[]): Map<string, Uint8Array> {
  const extensions = new Map<string, Uint8Array>();
  const place = rest.findIndex(({ tag }) => tag !== explicit1 && tag !== explicit2);
  const [last, ...others] = place < 0 ? [] : rest.slice(place);
  if (last === undefined) return extensions;
  if (others.length > 0) throw refusal('CERTIFICATE_MALFORMED', 'after the extensions');
  const listed = expectTag(onlyElement(expectTag(last, explicit3).content), derTag.sequence);
  for (const extension of derElements(listed.content)) {
    const { id, content } = extensionOf(expectTag(extension, derTag.sequence));
    if (extensions.has(id)) throw refusal('CERTIFICATE_MALFORMED', 'an extension stands twice');
    extensions.set(id, content);
  }
  return extensions;
}

function extensionOf({ content }: DerElement): { id: string; content: Uint8Array } {
  const [first, ...parts] = derElements(content);
  const id = hex(expectTag(first, derTag.objectIdentifier).content);
  const marked = parts[0]?.tag === derTag.boolean;
  const [value, ...others] = marked ? parts.slice(1) : parts;
  // The default is not written: what is marked is critical.
  if (others.length > 0 || (marked && parts[0]?.content[0] !== 0xff))
    throw refusal('CERTIFICATE_MALFORMED', 'extension');
  if (marked && !understood.has(id)) throw refusal('CERTIFICATE_MALFORMED', 'unknown critical extension');
  return { id, content: expectTag(value, derTag.octetString).content };
}

function isAuthority(extensions: ReadonlyMap<string, Uint8Array>): boolean {
  const constraints = extensions.get(basicConstraints);
  const usage = extensions.get(keyUsage);
  const bits = usage === undefined ? undefined : derWhole(usage, derTag.bitString).content[1];
  const maySign = usage === undefined || ((bits ?? 0) & keyCertSign) !== 0;
  if (constraints === undefined) return false;
  const [first] = derElements(derWhole(constraints, derTag.sequence).content);
  return first?.tag === derTag.boolean && first.content[0] === 0xff && maySign;
}

function malformed<Result>(parse: () => Result): Result {
  try {
    return parse();
  } catch (cause) {
    throw new EvidenceError('CERTIFICATE_MALFORMED', { cause });
  }
}
