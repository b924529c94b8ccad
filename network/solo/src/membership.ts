import { type KeyObject, X509Certificate } from 'node:crypto';
import { msp } from '@hyperledger/fabric-protos';
import type { Clock } from './clock.ts';
import { SoloError, textOf } from './errors.ts';
import type { NodeRole } from './material/certificates.ts';
import { parse } from './protobuf.ts';
import { verifyLowS } from './signature.ts';

/** Somebody whose certificate one of the channel's MSPs vouches for. */
export type Principal = {
  mspId: string;
  role: NodeRole;
  publicKey: KeyObject;
  validFrom: Date;
  validTo: Date;
};

/** The MSPs of the channel: tells who a serialised identity is. */
export type Membership = {
  /** The identity, if its certificate chains to its MSP's root and carries exactly one role; else IDENTITY_REFUSED. */
  identify(serialized: Uint8Array): Principal;
  /** An identity of a member organisation, valid now, that signed `bytes`. */
  authenticate(signed: { creator: Uint8Array; bytes: Uint8Array; signature: Uint8Array }): Principal;
};

const roles: readonly string[] = ['client', 'peer', 'admin', 'orderer'];
const maxRemembered = 1000;

export function createMembership(
  roots: {
    organizations: readonly { mspId: string; rootPem: string }[];
    orderer: { mspId: string; rootPem: string };
  },
  clock: Clock,
): Membership {
  const authorities = new Map(
    [...roots.organizations, roots.orderer].map(({ mspId, rootPem }) => [
      mspId,
      new X509Certificate(rootPem),
    ]),
  );
  const remembered = new Map<string, Principal>();
  const identify = (serialized: Uint8Array): Principal => {
    const key = Buffer.from(serialized).toString('base64');
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const principal = identifyIn(authorities, serialized);
    if (remembered.size >= maxRemembered) remembered.clear();
    remembered.set(key, principal);
    return principal;
  };
  return {
    identify,
    authenticate: ({ creator, bytes, signature }) => {
      const principal = identify(creator);
      const now = clock.now();
      if (principal.mspId === roots.orderer.mspId)
        throw new SoloError('IDENTITY_REFUSED', 'the orderer is no member of the application');
      if (now < principal.validFrom || now > principal.validTo)
        throw new SoloError('IDENTITY_REFUSED', 'the certificate is not valid now');
      if (!verifyLowS(principal.publicKey, bytes, signature))
        throw new SoloError('SIGNATURE_REFUSED', 'the signature does not match');
      return principal;
    },
  };
}

function identifyIn(authorities: ReadonlyMap<string, X509Certificate>, serialized: Uint8Array): Principal {
  const identity = parse(msp.SerializedIdentity, serialized, 'identity');
  const mspId = identity.getMspid();
  const authority = authorities.get(mspId);
  if (authority === undefined) throw new SoloError('IDENTITY_REFUSED', `MSP ${mspId} is unknown`);
  const pem = Buffer.from(identity.getIdBytes_asU8()).toString('utf8').trim();
  if (!/^-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----$/.test(pem))
    throw new SoloError('IDENTITY_REFUSED', 'the identity is not one PEM certificate');
  const certificate = readCertificate(pem);
  if (certificate.ca || !certificate.checkIssued(authority) || !certificate.verify(authority.publicKey))
    throw new SoloError('IDENTITY_REFUSED', `the certificate is not issued by ${mspId}`);
  const { publicKey } = certificate;
  if (publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new SoloError('IDENTITY_REFUSED', 'the key is not on P-256');
  return {
    mspId,
    role: roleOf(certificate),
    publicKey,
    validFrom: new Date(certificate.validFrom),
    validTo: new Date(certificate.validTo),
  };
}

function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new SoloError('IDENTITY_REFUSED', `the certificate cannot be read: ${textOf(cause)}`, { cause });
  }
}

/** NodeOUs are on: an identity has one role, named in its OU (msp/mspimplsetup.go). */
function roleOf(certificate: X509Certificate): NodeRole {
  const { OU } = certificate.toLegacyObject().subject as { OU?: string | string[] };
  const units = [OU ?? []].flat().filter((unit) => roles.includes(unit));
  const [role] = units;
  if (role === undefined || units.length !== 1)
    throw new SoloError('IDENTITY_REFUSED', 'the certificate must name exactly one role');
  return role as NodeRole;
}
