import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import identities from '@hyperledger/fabric-protos/lib/msp/identities_pb.js';
import mspConfig from '@hyperledger/fabric-protos/lib/msp/msp_config_pb.js';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  CertificateList,
  Extension,
  Extensions,
  KeyIdentifier,
  KeyUsage,
  Name,
  RelativeDistinguishedName,
  RevokedCertificate,
  SubjectPublicKeyInfo,
  TBSCertificate,
  TBSCertList,
  Time,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import { base64, concat, fromHex, sha256 } from '../src/bytes.ts';
import { parseCertificate } from '../src/certificate.ts';
import type { Role } from '../src/fabric-msp.ts';
import { generateKeys, type Issuing, issuing, type KeyKind } from './signing.ts';

export { signLedger } from './signing.ts';

export type Holder = { pem: string; der: Uint8Array; key: KeyObject; serialized: Uint8Array };
export type IssueOptions = {
  role?: Role | undefined;
  units?: string[];
  notBefore?: string;
  notAfter?: string;
  authority?: boolean;
  critical?: string;
  /** Of the member's key. */
  kind?: KeyKind | undefined;
  /** The member's key, which may be none that anybody has. */
  ed25519?: Uint8Array;
  /** Says that it is signed in another way than it is. */
  issuing?: Issuing;
};

/** What an organisation's authority is. */
export type OrganizationOptions = {
  /** Of the root's key. */
  kind?: KeyKind;
  hash?: Parameters<typeof issuing>[2];
  /** Says how the root signed itself. */
  ownSignature?: Issuing;
};
export type MspOptions = {
  revoked?: Uint8Array[];
  nodeUnits?: boolean;
  crlIssuing?: Issuing;
  hashFamily?: string;
  intermediates?: readonly Holder[];
  /** Bytes after the rules as they are written. */
  suffix?: Uint8Array;
};

/** An organisation with a root of its own that issues members. */
export type TestOrganization = {
  mspId: string;
  root: Holder;
  issue(options: IssueOptions): Holder;
  /** An authority under the root, with its own kind of key, and what it issues. */
  intermediate(kind: KeyKind): { authority: Holder; issue(options: IssueOptions): Holder };
  /** The organisation's MSP value, with certificates revoked. */
  msp(options?: MspOptions): Uint8Array;
};

type Authority = { mspId: string; name: Name; issuing: Issuing; publicKey: KeyObject };

export function createOrganization(mspId: string, options: OrganizationOptions = {}): TestOrganization {
  const { kind = 'P-256', hash, ownSignature } = options;
  const name = nameOf([['2.5.4.3', `ca.${mspId}`]]);
  const keys = generateKeys(kind);
  const how = issuing(keys.privateKey, kind, hash);
  const own = { subject: name, issuer: name, publicKey: keys.publicKey, issuing: ownSignature ?? how };
  const root = holder(mspId, certificate({ ...own, options: { authority: true } }), keys.privateKey);
  const authority = { mspId, name, issuing: how, publicKey: keys.publicKey };
  return {
    mspId,
    root,
    issue: (member) => issueMember(authority, member),
    intermediate: (kindBelow) => intermediateOf(authority, kindBelow),
    msp: (of = {}) => mspOf(authority, root, of),
  };
}

function issueMember({ mspId, name, issuing: how }: Authority, options: IssueOptions): Holder {
  const keys = generateKeys(options.kind);
  const publicKey = options.ed25519 === undefined ? keys.publicKey : publicEd25519(options.ed25519);
  const units = options.units ?? (options.role === undefined ? [] : [options.role]);
  const subject = nameOf([
    ...units.map((unit): [string, string] => ['2.5.4.11', unit]),
    ['2.5.4.3', `${units.join()}.${mspId}`],
  ]);
  const der = certificate({
    subject,
    issuer: name,
    publicKey,
    issuing: options.issuing ?? how,
    options,
  });
  return holder(mspId, der, keys.privateKey);
}

function publicEd25519(key: Uint8Array): KeyObject {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key]);
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}

function intermediateOf(above: Authority, kind: KeyKind): ReturnType<TestOrganization['intermediate']> {
  const { mspId } = above;
  const keys = generateKeys(kind);
  const name = nameOf([['2.5.4.3', `intermediate.${kind}.${mspId}`]]);
  const of = { subject: name, issuer: above.name, publicKey: keys.publicKey, issuing: above.issuing };
  const below = { ...above, name, issuing: issuing(keys.privateKey, kind), publicKey: keys.publicKey };
  return {
    authority: holder(mspId, certificate({ ...of, options: { authority: true } }), keys.privateKey),
    issue: (options) => issueMember(below, options),
  };
}

function mspOf(authority: Authority, root: Holder, options: MspOptions): Uint8Array {
  const { revoked = [], nodeUnits = true, intermediates = [] } = options;
  const fabric = new mspConfig.FabricMSPConfig();
  fabric.setName(authority.mspId);
  fabric.addRootCerts(Buffer.from(root.pem));
  for (const { pem } of intermediates) fabric.addIntermediateCerts(Buffer.from(pem));
  if (revoked.length > 0)
    fabric.addRevocationList(
      Buffer.from(revocationList(authority, revoked, options.crlIssuing ?? authority.issuing)),
    );
  const units = new mspConfig.FabricNodeOUs();
  units.setEnable(nodeUnits);
  const issuer = intermediates.length > 0 ? '' : root.pem;
  units.setClientOuIdentifier(unit('client', issuer));
  units.setPeerOuIdentifier(unit('peer', issuer));
  units.setAdminOuIdentifier(unit('admin', issuer));
  units.setOrdererOuIdentifier(unit('orderer', issuer));
  fabric.setFabricNodeOus(units);
  if (options.hashFamily !== undefined) {
    const crypto = new mspConfig.FabricCryptoConfig();
    crypto.setSignatureHashFamily(options.hashFamily);
    crypto.setIdentityIdentifierHashFunction('SHA256');
    fabric.setCryptoConfig(crypto);
  }
  const config = new mspConfig.MSPConfig();
  config.setConfig(concat(fabric.serializeBinary(), options.suffix ?? new Uint8Array(0)));
  return config.serializeBinary();
}

/** The same identity claimed for another organisation. */
export function serializedAs(mspId: string, pem: string | Uint8Array): Uint8Array {
  const identity = new identities.SerializedIdentity();
  identity.setMspid(mspId);
  identity.setIdBytes(Buffer.from(pem));
  return identity.serializeBinary();
}

export function pemOf(label: string, der: Uint8Array): string {
  return `-----BEGIN ${label}-----\n${(base64(der).match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`;
}

function holder(mspId: string, der: Uint8Array, key: KeyObject): Holder {
  const pem = pemOf('CERTIFICATE', der);
  return { pem, der, key, serialized: serializedAs(mspId, pem) };
}

function unit(name: string, rootPem: string) {
  const identifier = new mspConfig.FabricOUIdentifier();
  identifier.setOrganizationalUnitIdentifier(name);
  identifier.setCertificate(Buffer.from(rootPem));
  return identifier;
}

function nameOf(attributes: [type: string, value: string][]): Name {
  return new Name(
    attributes.map(
      ([type, value]) =>
        new RelativeDistinguishedName([
          new AttributeTypeAndValue({ type, value: new AttributeValue({ utf8String: value }) }),
        ]),
    ),
  );
}

type CertificateRequest = {
  subject: Name;
  issuer: Name;
  publicKey: KeyObject;
  issuing: Issuing;
  options: IssueOptions;
};

function certificate({ subject, issuer, publicKey, issuing: how, options }: CertificateRequest): Uint8Array {
  const { notBefore = '2020-01-01', notAfter = '2040-01-01', authority = false, critical } = options;
  const basic = AsnConvert.serialize(new BasicConstraints({ cA: authority }));
  const usage = AsnConvert.serialize(new KeyUsage(authority ? 0x20 : 0x01));
  const extensions = [
    new Extension({ extnID: '2.5.29.19', critical: true, extnValue: new OctetString(basic) }),
    new Extension({ extnID: '2.5.29.15', critical: true, extnValue: new OctetString(usage) }),
  ];
  // Fabric takes no authority without (msp/mspimplsetup.go, finalizeSetupCAs).
  if (authority) extensions.push(keyIdentifier('2.5.29.14', new OctetString(identifierOf(publicKey))));
  if (critical !== undefined) {
    extensions.push(
      new Extension({ extnID: critical, critical: true, extnValue: new OctetString(new Uint8Array([5, 0])) }),
    );
  }
  const serialNumber = Uint8Array.from([0x01, ...randomBytes(15)]).buffer;
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber,
    signature: how.algorithm,
    issuer,
    validity: new Validity({ notBefore: new Date(notBefore), notAfter: new Date(notAfter) }),
    subject,
    subjectPublicKeyInfo: AsnConvert.parse(
      publicKey.export({ format: 'der', type: 'spki' }),
      SubjectPublicKeyInfo,
    ),
    extensions: new Extensions(extensions),
  });
  const signed = new Uint8Array(AsnConvert.serialize(tbsCertificate));
  const signatureValue = toBuffer(how.sign(signed));
  return new Uint8Array(
    AsnConvert.serialize(
      new Certificate({ tbsCertificate, signatureAlgorithm: how.algorithm, signatureValue }),
    ),
  );
}

function revocationList({ name, publicKey }: Authority, revoked: Uint8Array[], how: Issuing): string {
  const keyId = new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(identifierOf(publicKey)) });
  const tbsCertList = new TBSCertList({
    version: Version.v2,
    signature: how.algorithm,
    issuer: name,
    thisUpdate: new Time(new Date('2026-01-01')),
    nextUpdate: new Time(new Date('2036-01-01')),
    revokedCertificates: revoked.map(
      (der) =>
        new RevokedCertificate({
          userCertificate: toBuffer(fromHex(parseCertificate(der).serial)),
          revocationDate: new Time(new Date('2026-01-01')),
        }),
    ),
    // By it Fabric finds the list of an authority (msp/mspimplvalidate.go, validateCertAgainstChain).
    crlExtensions: [keyIdentifier('2.5.29.35', keyId)],
  });
  const signature = toBuffer(how.sign(new Uint8Array(AsnConvert.serialize(tbsCertList))));
  const list = new CertificateList({ tbsCertList, signatureAlgorithm: how.algorithm, signature });
  return pemOf('X509 CRL', new Uint8Array(AsnConvert.serialize(list)));
}

function keyIdentifier(extnID: string, value: OctetString | AuthorityKeyIdentifier): Extension {
  return new Extension({ extnID, critical: false, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

function identifierOf(key: KeyObject): ArrayBuffer {
  return toBuffer(sha256(new Uint8Array(key.export({ format: 'der', type: 'spki' }))).subarray(0, 20));
}

function toBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

/** Ed25519 key whose seed is fixed, for vectors that do not change. */
export function fixedEd25519(seed: Uint8Array): { privateKey: KeyObject } {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return { privateKey: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) };
}
