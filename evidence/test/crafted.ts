import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import mspConfig from '@hyperledger/fabric-protos/lib/msp/msp_config_pb.js';
import { concat, fromHex, sha256, utf8 } from '../src/bytes.ts';
import { derOf, derTag } from '../src/der.ts';
import { pemOf, serializedAs, signLedger } from './organizations.ts';

/** Certificates, lists and rules of an organisation written field by field, as wrong as wanted. */
export type Key = { publicKey: KeyObject; privateKey: KeyObject };

export const fromAlgorithm = fromHex('300a06082a8648ce3d040302');
export const sequence = (...parts: Uint8Array[]): Uint8Array => derOf(derTag.sequence, ...parts);
export const integer = (hexText: string): Uint8Array => derOf(derTag.integer, fromHex(hexText));
export const octets = (...parts: Uint8Array[]): Uint8Array => derOf(derTag.octetString, ...parts);
export const explicit = (number: number, ...parts: Uint8Array[]): Uint8Array =>
  derOf(0xa0 + number, ...parts);
export const critical = fromHex('0101ff');

export function newKey(): Key {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

export function infoOf({ publicKey }: Pick<Key, 'publicKey'>): Uint8Array {
  return new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
}

/** A text of a kind in a name: object identifier as hex, tag, bytes. */
export type Attribute = [id: string, tag: number, text: Uint8Array];

/** One relative name for each list of attributes. */
export function nameOf(...relatives: Attribute[][]): Uint8Array {
  return sequence(
    ...relatives.map((attributes) =>
      derOf(
        derTag.set,
        ...attributes.map(([id, tag, text]) =>
          sequence(derOf(derTag.objectIdentifier, fromHex(id)), derOf(tag, text)),
        ),
      ),
    ),
  );
}

export const unit = (text: string, tag = 0x0c): Attribute => ['55040b', tag, utf8(text)];
export const common = (text: string, tag = 0x0c): Attribute => ['550403', tag, utf8(text)];

export function extension(id: string, value: Uint8Array, ...marks: Uint8Array[]): Uint8Array {
  return sequence(derOf(derTag.objectIdentifier, fromHex(id)), ...marks, octets(value));
}

export function time(text: string): Uint8Array {
  return derOf(/^\d{13}/.test(text) ? derTag.generalizedTime : derTag.utcTime, utf8(text));
}

export const keyIdOf = (key: Pick<Key, 'publicKey'>): Uint8Array => sha256(infoOf(key)).subarray(0, 20);
export const isAuthority = extension('551d13', fromHex('30030101ff'), critical);
export const isMember = extension('551d13', fromHex('3000'), critical);
export const mayCertify = extension('551d0f', fromHex('03020106'), critical);
export const mayAuthenticate = extension('551d0f', fromHex('03020780'), critical);
export const keyIdentifier = (key: Pick<Key, 'publicKey'>): Uint8Array =>
  extension('551d0e', octets(keyIdOf(key)));

/** The fields of a certificate, each in its DER; what is left out is as usual. */
export type Fields = {
  version?: Uint8Array;
  serial?: Uint8Array;
  inner?: Uint8Array;
  outer?: Uint8Array;
  issuer?: Uint8Array;
  validity?: Uint8Array;
  subject?: Uint8Array;
  info?: Uint8Array;
  /** Unique ids. */
  ids?: Uint8Array;
  extensions?: Uint8Array[];
  /** Instead of what begins the extensions. */
  tail?: Uint8Array;
  /** After the fields, and after the signature. */
  more?: Uint8Array;
  last?: Uint8Array;
  bend?: (signature: Uint8Array) => Uint8Array;
};

export type Authority = { name: Uint8Array; key: Key; der: Uint8Array };
export type Member = { key: Key; der: Uint8Array };

let serials = 0x1000;

export function certificateBy(issuer: Pick<Authority, 'name' | 'key'>, key: Key, fields: Fields): Uint8Array {
  const inner = fields.inner ?? fromAlgorithm;
  serials += 1;
  const signed = sequence(
    fields.version ?? explicit(0, integer('02')),
    fields.serial ?? integer(serials.toString(16)),
    inner,
    fields.issuer ?? issuer.name,
    fields.validity ?? sequence(time('200101000000Z'), time('400101000000Z')),
    fields.subject ?? nameOf([unit('client')], [common('member')]),
    fields.info ?? infoOf(key),
    fields.ids ?? new Uint8Array(0),
    fields.tail ?? explicit(3, sequence(...(fields.extensions ?? [isMember, mayAuthenticate]))),
    fields.more ?? new Uint8Array(0),
  );
  const signature = signedBy(issuer.key, signed, fields.bend);
  return sequence(signed, fields.outer ?? inner, signature, fields.last ?? new Uint8Array(0));
}

/** ECDSA with SHA-256, as bits, with s in its low half. */
export function signedBy(
  { privateKey }: Key,
  bytes: Uint8Array,
  bend: (signature: Uint8Array) => Uint8Array = (signature) => signature,
): Uint8Array {
  return derOf(derTag.bitString, Uint8Array.of(0), bend(signLedger(privateKey, bytes)));
}

/** An authority that signed itself, or that another one signed. */
export function authorityOf(
  label: string,
  { by, key = newKey(), ...fields }: Fields & { by?: Authority; key?: Key } = {},
): Authority {
  const name = fields.subject ?? nameOf([common(label)]);
  const extensions = fields.extensions ?? [isAuthority, mayCertify, keyIdentifier(key)];
  const der = certificateBy(by ?? { name, key }, key, { ...fields, subject: name, extensions });
  return { name, key, der };
}

export function memberOf(
  issuer: Pick<Authority, 'name' | 'key'>,
  fields: Fields = {},
  key = newKey(),
): Member {
  return { key, der: certificateBy(issuer, key, fields) };
}

export type ListFields = {
  version?: Uint8Array;
  issuer?: Uint8Array;
  times?: Uint8Array;
  extensions?: Uint8Array | undefined;
  entry?: Uint8Array;
  algorithm?: Uint8Array;
  sign?: (bytes: Uint8Array) => Uint8Array;
};

export const authorityKey = (id: Uint8Array, ...marks: Uint8Array[]): Uint8Array =>
  extension('551d23', sequence(derOf(0x80, id)), ...marks);

/** A list of serial numbers, each in its DER. */
export function listBy({ name, key }: Authority, revoked: Uint8Array[], fields: ListFields = {}): Uint8Array {
  const { algorithm = fromAlgorithm, entry = new Uint8Array(0) } = fields;
  const signed = sequence(
    fields.version ?? integer('01'),
    algorithm,
    fields.issuer ?? name,
    fields.times ?? concat(time('260101000000Z'), time('360101000000Z')),
    sequence(...revoked.map((serial) => sequence(serial, time('260101000000Z'), entry))),
    'extensions' in fields
      ? (fields.extensions ?? new Uint8Array(0))
      : explicit(0, sequence(authorityKey(keyIdOf(key)))),
  );
  return sequence(signed, algorithm, fields.sign?.(signed) ?? signedBy(key, signed));
}

export type RuleUnit = { name: string; pem?: Uint8Array };
/** The rules of an organisation; certificates and lists as they stand in them, in PEM or not. */
export type Rules = {
  roots: Uint8Array[];
  intermediates?: Uint8Array[];
  admins?: Uint8Array[];
  lists?: Uint8Array[];
  units?: RuleUnit[];
  nodeUnits?: Partial<Record<'client' | 'peer' | 'admin' | 'orderer', RuleUnit>> | undefined;
  enable?: boolean;
};

const allUnits = Object.fromEntries(
  (['client', 'peer', 'admin', 'orderer'] as const).map((role) => [role, { name: role }]),
);

export function rulesOf(rules: Rules, mspId = 'HospitalAMSP'): Uint8Array {
  const fabric = new mspConfig.FabricMSPConfig();
  fabric.setName(mspId);
  fabric.setRootCertsList(rules.roots);
  fabric.setIntermediateCertsList(rules.intermediates ?? []);
  fabric.setAdminsList(rules.admins ?? []);
  fabric.setRevocationListList(rules.lists ?? []);
  fabric.setOrganizationalUnitIdentifiersList((rules.units ?? []).map(identifierOf));
  const { nodeUnits = allUnits } = rules;
  const units = new mspConfig.FabricNodeOUs();
  units.setEnable(rules.enable ?? true);
  if (nodeUnits.client !== undefined) units.setClientOuIdentifier(identifierOf(nodeUnits.client));
  if (nodeUnits.peer !== undefined) units.setPeerOuIdentifier(identifierOf(nodeUnits.peer));
  if (nodeUnits.admin !== undefined) units.setAdminOuIdentifier(identifierOf(nodeUnits.admin));
  if (nodeUnits.orderer !== undefined) units.setOrdererOuIdentifier(identifierOf(nodeUnits.orderer));
  fabric.setFabricNodeOus(units);
  const config = new mspConfig.MSPConfig();
  config.setConfig(fabric.serializeBinary());
  return config.serializeBinary();
}

function identifierOf({ name, pem }: RuleUnit) {
  const identifier = new mspConfig.FabricOUIdentifier();
  identifier.setOrganizationalUnitIdentifier(name);
  if (pem !== undefined) identifier.setCertificate(pem);
  return identifier;
}

export const inPem = (der: Uint8Array, label = 'CERTIFICATE'): Uint8Array => utf8(pemOf(label, der));

/** An identity whose certificate is written in any way. */
export function identityOf(pem: Uint8Array, mspId = 'HospitalAMSP'): Uint8Array {
  return serializedAs(mspId, pem);
}
