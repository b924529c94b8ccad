import { binaryOf, equalBytes, hex } from './bytes.ts';
import { type Extensions, extensionsIn } from './certificate-extensions.ts';
import { type DerElement, derTag, expectTag, onlyElement } from './der.ts';
import { alignedBits, cursorOf, type DerCursor, integerOf, numberOf } from './der-cursor.ts';
import { nameOf, nextTime } from './der-values.ts';
import { refusal } from './errors.ts';
import { firstPemBlock } from './pem.ts';
import {
  type CertificateAlgorithm,
  certificateAlgorithm,
  type PublicKey,
  publicKeyOf,
  verifyAuthority,
} from './public-key.ts';

/** What an issuer signed, and how. */
export type Signed = {
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  readonly algorithm: CertificateAlgorithm;
};

/** What is needed of an X.509 certificate (RFC 5280). Names are compared by their DER, as hex. */
export type Certificate = {
  readonly der: Uint8Array;
  readonly serial: string;
  readonly issuer: string;
  readonly subject: string;
  readonly commonName: string;
  readonly organizationalUnits: readonly string[];
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions: Extensions;
  /** SubjectPublicKeyInfo by its DER, as hex. */
  readonly keyInfo: string;
  readonly key: PublicKey;
} & Signed;

// Parsing costs more than verifying a signature, and the same few certificates come with every block and proof. The
// cache holds pure results of public bytes, so nobody can tell that it is there.
const parsedByPem = new Map<string, Certificate>();
const maxParsed = 512;
const maxKeptLength = 16_384;
const [uniqueId1, uniqueId2, explicit0, explicit3] = [0x81, 0x82, 0xa0, 0xa3];

/** The certificate in the first PEM block of a text of one character a byte, whatever its label (msp/mspimpl.go). */
export function certificateFromPem(pem: string): Certificate {
  const known = parsedByPem.get(pem);
  if (known !== undefined) return known;
  const block = firstPemBlock(pem);
  if (block === undefined) throw refusal('CERTIFICATE_MALFORMED', 'PEM');
  const certificate = parseCertificate(block.bytes);
  if (parsedByPem.size >= maxParsed) parsedByPem.clear();
  if (isShort(pem)) parsedByPem.set(pem, certificate);
  return certificate;
}

/** Whether a certificate is so short that what was read of it may be kept. */
export function isShort(pem: string): boolean {
  return pem.length <= maxKeptLength;
}

/** The certificate in the first PEM block of these bytes. */
export function certificateIn(bytes: Uint8Array): Certificate {
  return certificateFromPem(binaryOf(bytes));
}

/** Parses a certificate as Go does (crypto/x509/parser.go), with a key of a kind that Fabric takes; others are refused. */
export function parseCertificate(der: Uint8Array): Certificate {
  const outer = cursorOf(expectTag(onlyElement(der), derTag.sequence).content);
  const part = outer.next(derTag.sequence);
  const stated = outer.next(derTag.sequence).content;
  const fields = cursorOf(part.content);
  const version = versionOf(fields.optional(explicit0));
  const serial = positive(integerOf(fields.next(derTag.integer)));
  if (!equalBytes(fields.next(derTag.sequence).content, stated))
    throw refusal('CERTIFICATE_MALFORMED', 'two algorithms');
  const issuer = nameOf(fields.next(derTag.sequence));
  const validity = cursorOf(fields.next(derTag.sequence).content);
  const [notBefore, notAfter] = [nextTime(validity), nextTime(validity)];
  const subject = nameOf(fields.next(derTag.sequence));
  const info = fields.next(derTag.sequence);
  return {
    der,
    serial: hex(serial),
    issuer: issuer.der,
    subject: subject.der,
    commonName: subject.commonName,
    organizationalUnits: subject.organizationalUnits,
    notBefore,
    notAfter,
    keyInfo: hex(info.whole),
    key: keyOf(info),
    extensions: extensionsIn(extensionsOf(fields, version)),
    signed: part.whole,
    algorithm: certificateAlgorithm(stated),
    signature: alignedBits(outer.next(derTag.bitString)),
  };
}

/** Counted from 0; where it is not written it is 0. */
function versionOf(stated: DerElement | undefined): number {
  const version = stated === undefined ? 0 : numberOf(expectTag(onlyElement(stated.content), derTag.integer));
  if (version < 0 || version > 2) throw refusal('CERTIFICATE_MALFORMED', 'version');
  return version;
}

function positive(serial: Uint8Array): Uint8Array {
  if ((serial[0] ?? 0) >= 0x80) throw refusal('CERTIFICATE_MALFORMED', 'serial number');
  return serial;
}

/** What follows the key: unique ids from version 2 on, extensions in version 3. Nobody reads them in versions before. */
function extensionsOf(fields: DerCursor, version: number): Uint8Array | undefined {
  if (version < 1) return undefined;
  for (const id of [uniqueId1, uniqueId2]) fields.optional(id);
  return version < 2 ? undefined : fields.optional(explicit3)?.content;
}

function keyOf(info: DerElement): PublicKey {
  const key = publicKeyOf(info);
  if (key === undefined) throw refusal('CERTIFICATE_MALFORMED', 'no key of a kind that is judged');
  return key;
}

/** Whether `authority` issued the certificate: names match and the signature verifies (Go's CheckSignatureFrom). */
export function isIssuedBy(issued: Signed & Pick<Certificate, 'issuer'>, authority: Certificate): boolean {
  const { isAuthority, maySign } = authority.extensions;
  return (
    isAuthority &&
    maySign &&
    issued.issuer === authority.subject &&
    verifyAuthority(authority.key, issued.signed, issued)
  );
}
