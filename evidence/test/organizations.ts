import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import identities from '@hyperledger/fabric-protos/lib/msp/identities_pb.js';
import mspConfig from '@hyperledger/fabric-protos/lib/msp/msp_config_pb.js';
import { p256 } from '@noble/curves/nist.js';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  CertificateList,
  Extension,
  Extensions,
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
import { base64, fromHex } from '../src/bytes.ts';
import { parseCertificate } from '../src/certificate.ts';
import type { Role } from '../src/fabric-msp.ts';

/** ECDSA signature in DER, in its low form unless asked otherwise. */
export function signP256(key: KeyObject, message: Uint8Array, form: 'low' | 'high' = 'low'): Uint8Array {
  const signature = p256.Signature.fromBytes(sign('sha256', message, key), 'der');
  const flip = signature.hasHighS() !== (form === 'high');
  const s = flip ? p256.Point.CURVE().n - signature.s : signature.s;
  return new p256.Signature(signature.r, s).toBytes('der');
}

export type Holder = { pem: string; der: Uint8Array; key: KeyObject; serialized: Uint8Array };
export type IssueOptions = {
  role?: Role | undefined;
  units?: string[];
  notBefore?: string;
  notAfter?: string;
  authority?: boolean;
  critical?: string;
  curve?: string;
};

/** An organisation with a root of its own that issues members. */
export type TestOrganization = {
  mspId: string;
  root: Holder;
  issue(options: IssueOptions): Holder;
  /** The organisation's MSP value, with certificates revoked. */
  msp(options?: { revoked?: Uint8Array[]; nodeUnits?: boolean; crlKey?: KeyObject }): Uint8Array;
};

const ecdsaWithSha256 = new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.2' });

export function createOrganization(mspId: string): TestOrganization {
  const rootName = nameOf([['2.5.4.3', `ca.${mspId}`]]);
  const rootKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rootDer = certificate({
    subject: rootName,
    issuer: rootName,
    publicKey: rootKeys.publicKey,
    signer: rootKeys.privateKey,
    options: { authority: true },
  });
  const root = holder(mspId, rootDer, rootKeys.privateKey);
  return {
    mspId,
    root,
    issue: (options) => {
      const keys = generateKeyPairSync('ec', { namedCurve: options.curve ?? 'P-256' });
      const units = options.units ?? (options.role === undefined ? [] : [options.role]);
      const subject = nameOf([
        ...units.map((unit): [string, string] => ['2.5.4.11', unit]),
        ['2.5.4.3', `${units.join()}.${mspId}`],
      ]);
      const der = certificate({
        subject,
        issuer: rootName,
        publicKey: keys.publicKey,
        signer: rootKeys.privateKey,
        options,
      });
      return holder(mspId, der, keys.privateKey);
    },
    msp: ({ revoked = [], nodeUnits = true, crlKey = rootKeys.privateKey } = {}) => {
      const fabric = new mspConfig.FabricMSPConfig();
      fabric.setName(mspId);
      fabric.addRootCerts(Buffer.from(root.pem));
      if (revoked.length > 0)
        fabric.addRevocationList(Buffer.from(revocationList(rootName, revoked, crlKey)));
      const units = new mspConfig.FabricNodeOUs();
      units.setEnable(nodeUnits);
      units.setClientOuIdentifier(unit('client', root.pem));
      units.setPeerOuIdentifier(unit('peer', root.pem));
      units.setAdminOuIdentifier(unit('admin', root.pem));
      units.setOrdererOuIdentifier(unit('orderer', root.pem));
      fabric.setFabricNodeOus(units);
      const config = new mspConfig.MSPConfig();
      config.setConfig(fabric.serializeBinary());
      return config.serializeBinary();
    },
  };
}

/** The same identity claimed for another organisation. */
export function serializedAs(mspId: string, pem: string): Uint8Array {
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
  signer: KeyObject;
  options: IssueOptions;
};

function certificate({ subject, issuer, publicKey, signer, options }: CertificateRequest): Uint8Array {
  const { notBefore = '2020-01-01', notAfter = '2040-01-01', authority = false, critical } = options;
  const basic = AsnConvert.serialize(new BasicConstraints({ cA: authority }));
  const usage = AsnConvert.serialize(new KeyUsage(authority ? 0x20 : 0x01));
  const extensions = [
    new Extension({ extnID: '2.5.29.19', critical: true, extnValue: new OctetString(basic) }),
    new Extension({ extnID: '2.5.29.15', critical: true, extnValue: new OctetString(usage) }),
  ];
  if (critical !== undefined) {
    extensions.push(
      new Extension({ extnID: critical, critical: true, extnValue: new OctetString(new Uint8Array([5, 0])) }),
    );
  }
  const serialNumber = Uint8Array.from([0x01, ...randomBytes(15)]).buffer;
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber,
    signature: ecdsaWithSha256,
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
  const signatureValue = toBuffer(signP256(signer, signed));
  return new Uint8Array(
    AsnConvert.serialize(
      new Certificate({ tbsCertificate, signatureAlgorithm: ecdsaWithSha256, signatureValue }),
    ),
  );
}

function revocationList(issuer: Name, revoked: Uint8Array[], signer: KeyObject): string {
  const tbsCertList = new TBSCertList({
    version: Version.v2,
    signature: ecdsaWithSha256,
    issuer,
    thisUpdate: new Time(new Date('2026-01-01')),
    nextUpdate: new Time(new Date('2036-01-01')),
    revokedCertificates: revoked.map(
      (der) =>
        new RevokedCertificate({
          userCertificate: toBuffer(fromHex(parseCertificate(der).serial)),
          revocationDate: new Time(new Date('2026-01-01')),
        }),
    ),
  });
  const signature = toBuffer(signP256(signer, new Uint8Array(AsnConvert.serialize(tbsCertList))));
  const list = new CertificateList({ tbsCertList, signatureAlgorithm: ecdsaWithSha256, signature });
  return pemOf('X509 CRL', new Uint8Array(AsnConvert.serialize(list)));
}

function toBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

/** Ed25519 key whose seed is fixed, for vectors that do not change. */
export function fixedEd25519(seed: Uint8Array): { privateKey: KeyObject } {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return { privateKey: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) };
}
