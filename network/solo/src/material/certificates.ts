// @peculiar/x509 needs this polyfill before it is loaded.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate and its private key (PKCS #8), both PEM. */
export type KeyPair = { certificate: string; key: string };

/** An authority that can issue. */
export type Authority = KeyPair & { subject: JsonName; keys: webcrypto.CryptoKeyPair };

/** Fabric's node organisational units: the role of an identity stands in its certificate's OU. */
export type NodeRole = 'client' | 'peer' | 'admin' | 'orderer';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const years = 10;

/** Makes an authority with its own root certificate. */
export async function createAuthority(
  organization: string,
  commonName: string,
  now: Date,
): Promise<Authority> {
  const keys = await newKeys();
  const subject = [{ O: [organization] }, { CN: [commonName] }];
  const extensions = [
    new BasicConstraintsExtension(true, undefined, true),
    new KeyUsagesExtension(
      KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature,
      true,
    ),
    await SubjectKeyIdentifierExtension.create(keys.publicKey),
  ];
  const certificate = await generate({
    subject,
    issuer: subject,
    keys,
    signingKey: keys.privateKey,
    extensions,
    now,
  });
  return { certificate, key: await exportKey(keys.privateKey), subject, keys };
}

/** An identity of the MSP: signs proposals, endorsements or blocks, according to its role. */
export async function issueIdentity(
  authority: Authority,
  { commonName, role, now }: { commonName: string; role: NodeRole; now: Date },
): Promise<KeyPair> {
  const extensions = [new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true)];
  return issue(authority, { subject: [{ OU: [role] }, { CN: [commonName] }], extensions, now });
}

/** A TLS identity for this machine's own names and `names`, for either end of a mutual connection. */
export async function issueTls(
  authority: Authority,
  { commonName, names = [], now }: { commonName: string; names?: readonly string[]; now: Date },
): Promise<KeyPair> {
  const extensions = [
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
    new SubjectAlternativeNameExtension([
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
      { type: 'ip', value: '::1' },
      ...names.map((value) => ({ type: 'dns' as const, value })),
    ]),
  ];
  return issue(authority, { subject: [{ CN: [commonName] }], extensions, now });
}

async function issue(
  authority: Authority,
  leaf: { subject: JsonName; extensions: Extension[]; now: Date },
): Promise<KeyPair> {
  const keys = await newKeys();
  const extensions = [
    new BasicConstraintsExtension(false, undefined, true),
    ...leaf.extensions,
    await SubjectKeyIdentifierExtension.create(keys.publicKey),
    await AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
  ];
  const signer = { issuer: authority.subject, signingKey: authority.keys.privateKey };
  const certificate = await generate({ ...leaf, ...signer, keys, extensions });
  return { certificate, key: await exportKey(keys.privateKey) };
}

async function generate(parts: {
  subject: JsonName;
  issuer: JsonName;
  keys: webcrypto.CryptoKeyPair;
  signingKey: webcrypto.CryptoKey;
  extensions: Extension[];
  now: Date;
}): Promise<string> {
  const notBefore = new Date(parts.now.getTime() - 5 * 60 * 1000);
  const notAfter = new Date(notBefore);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + years);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: parts.subject,
    issuer: parts.issuer,
    notBefore,
    notAfter,
    publicKey: parts.keys.publicKey,
    signingKey: parts.signingKey,
    signingAlgorithm: algorithm,
    extensions: parts.extensions,
  });
  return pem('CERTIFICATE', certificate.rawData);
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', key));
}

function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** RFC 5280 §4.1.2.2: positive, at most 20 octets, not to be guessed. */
function newSerial(): string {
  return `01${randomBytes(15).toString('hex')}`;
}
