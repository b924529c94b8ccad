import { AsnConvert } from '@peculiar/asn1-schema';
import {
  Certificate as AsnCertificate,
  BasicConstraints,
  CertificateList,
  type Extensions,
  KeyUsage,
  KeyUsageFlags,
  type Name,
} from '@peculiar/asn1-x509';
import { equalBytes, fromBase64, hex } from './bytes.ts';
import { EvidenceError, refusal } from './errors.ts';
import { type P256Key, p256Key, verifyP256 } from './p256.ts';

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
  readonly key: P256Key;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
};

/** A certificate revocation list: serial numbers of one issuer. */
export type RevocationList = {
  readonly issuer: string;
  readonly serials: ReadonlySet<string>;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
};

const ecdsaWithSha256 = '1.2.840.10045.4.3.2';
const ecPublicKey = '1.2.840.10045.2.1';
const p256Parameters = '06082a8648ce3d030107';
const organizationalUnit = '2.5.4.11';
const basicConstraints = '2.5.29.19';
const keyUsage = '2.5.29.15';
// What may be marked critical: an extension we do not evaluate must not be (RFC 5280 §4.2).
const understood = new Set([basicConstraints, keyUsage, '2.5.29.37']);
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

/** Parses a certificate with a P-256 key that is signed with ecdsa-with-SHA256; others are refused. */
export function parseCertificate(der: Uint8Array): Certificate {
  const parsed = parseExactly(der, AsnCertificate, maxCertificateLength);
  const { tbsCertificate: tbs, tbsCertificateRaw, signatureAlgorithm } = parsed;
  const sameAlgorithm =
    signatureAlgorithm.algorithm === ecdsaWithSha256 && tbs.signature.algorithm === ecdsaWithSha256;
  if (tbsCertificateRaw === undefined || !sameAlgorithm) throw refusal('CERTIFICATE_MALFORMED', 'algorithm');
  return {
    der,
    serial: hex(new Uint8Array(tbs.serialNumber)),
    issuer: nameOf(tbs.issuer),
    subject: nameOf(tbs.subject),
    organizationalUnits: unitsOf(tbs.subject),
    notBefore: tbs.validity.notBefore.getTime().getTime(),
    notAfter: tbs.validity.notAfter.getTime().getTime(),
    isAuthority: isAuthority(tbs.extensions),
    key: keyOf(tbs.subjectPublicKeyInfo),
    signed: new Uint8Array(tbsCertificateRaw),
    signature: new Uint8Array(parsed.signatureValue),
  };
}

/** Parses a revocation list signed with ecdsa-with-SHA256. */
export function parseRevocationList(der: Uint8Array): RevocationList {
  const parsed = parseExactly(der, CertificateList, maxListLength);
  if (parsed.tbsCertListRaw === undefined || parsed.signatureAlgorithm.algorithm !== ecdsaWithSha256) {
    throw refusal('CERTIFICATE_MALFORMED', 'algorithm');
  }
  const revoked = parsed.tbsCertList.revokedCertificates ?? [];
  return {
    issuer: nameOf(parsed.tbsCertList.issuer),
    serials: new Set(revoked.map(({ userCertificate }) => hex(new Uint8Array(userCertificate)))),
    signed: new Uint8Array(parsed.tbsCertListRaw),
    signature: new Uint8Array(parsed.signature),
  };
}

/** Whether `authority` issued the certificate or list: names match and the signature verifies. */
export function isIssuedBy(
  issued: Pick<Certificate, 'issuer' | 'signed' | 'signature'>,
  authority: Certificate,
): boolean {
  return (
    authority.isAuthority &&
    issued.issuer === authority.subject &&
    verifyP256(authority.key, issued.signed, issued.signature, { lowS: false })
  );
}

function nameOf(name: Name): string {
  return hex(new Uint8Array(AsnConvert.serialize(name)));
}

function unitsOf(name: Name): string[] {
  const attributes = [...name].flatMap((relative) => [...relative]);
  return attributes.filter(({ type }) => type === organizationalUnit).map(({ value }) => value.toString());
}

function keyOf(spki: AsnCertificate['tbsCertificate']['subjectPublicKeyInfo']): P256Key {
  const { algorithm, parameters } = spki.algorithm;
  const onP256 = parameters instanceof ArrayBuffer && hex(new Uint8Array(parameters)) === p256Parameters;
  const key =
    algorithm === ecPublicKey && onP256 ? p256Key(new Uint8Array(spki.subjectPublicKey)) : undefined;
  if (key === undefined) throw refusal('CERTIFICATE_MALFORMED', 'not a P-256 key');
  return key;
}

function isAuthority(extensions: Extensions | undefined): boolean {
  let authority = false;
  let maySign = true;
  for (const { extnID, critical, extnValue } of extensions ?? []) {
    if (critical && !understood.has(extnID))
      throw refusal('CERTIFICATE_MALFORMED', 'unknown critical extension');
    if (extnID === basicConstraints) {
      authority = malformed(() => AsnConvert.parse(extnValue.buffer, BasicConstraints)).cA;
    }
    if (extnID === keyUsage) {
      const usage = malformed(() => AsnConvert.parse(extnValue.buffer, KeyUsage));
      maySign = (usage.toNumber() & KeyUsageFlags.keyCertSign) !== 0;
    }
  }
  return authority && maySign;
}

/**
 * Parses what re-encodes to the same bytes. The parser skips optional parts that it cannot read and bytes after the
 * end: a list of revoked certificates must not turn into an empty one that way.
 */
function parseExactly<Parsed>(der: Uint8Array, type: new () => Parsed, maxLength: number): Parsed {
  if (der.length > maxLength) throw refusal('CERTIFICATE_MALFORMED', 'too long');
  return malformed(() => {
    const parsed = AsnConvert.parse(der, type);
    if (!equalBytes(new Uint8Array(AsnConvert.serialize(parsed)), der)) throw new TypeError('not DER');
    return parsed;
  });
}

function malformed<Result>(parse: () => Result): Result {
  try {
    return parse();
  } catch (cause) {
    throw new EvidenceError('CERTIFICATE_MALFORMED', { cause });
  }
}
