import { equalBytes, fromUtf8 } from './bytes.ts';
import {
  type Certificate,
  certificateFromPem,
  fromPem,
  isIssuedBy,
  parseRevocationList,
  type RevocationList,
} from './certificate.ts';
import { attempt, EvidenceError, refusal } from './errors.ts';
import {
  fabricMspConfig,
  type MessageOf,
  mspConfig,
  namedMspConfig,
  serializedIdentity,
  type UnitIdentifier,
} from './fabric-messages.ts';
import { readMessage } from './protobuf.ts';
import { type LedgerHash, type PublicKey, verifyMember } from './public-key.ts';

/** What a certificate's organisational unit makes its holder (Fabric NodeOUs). */
export type Role = 'client' | 'peer' | 'admin' | 'orderer';
/** A member of an organisation whose certificate was checked. */
export type Identity = {
  readonly mspId: string;
  readonly role: Role;
  readonly certificate: Certificate;
  /** What it signs of a message, by the rules of its organisation. */
  readonly hash: LedgerHash;
};

/** When certificates have to be valid: at a time, or not to have ended by one; undefined: whenever. Milliseconds. */
export type ValidityTime = number | { readonly notEndedBy: number } | undefined;

/** The membership rules of one organisation, from the channel's configuration. */
export type Msp = {
  readonly mspId: string;
  readonly roots: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
  readonly revocationLists: readonly RevocationList[];
  /** Kinds of keys that its members may have. */
  readonly memberKeys: readonly PublicKey['kind'][];
  readonly hash: LedgerHash;
  readonly units: readonly { role: Role; unit: string; issuer: Certificate | undefined }[];
  /** Identities whose chain and role were checked already, by PEM. Validity in time is checked anew each time. */
  readonly known: Map<string, { identity: Identity; chain: readonly Certificate[] }>;
};

const roles = ['client', 'peer', 'admin', 'orderer'] as const;
const fabricMspType = 0;
const maxChainLength = 5;
const maxKnown = 2_000;
// As Fabric reads them: an organisation writes its own.
const how = { code: 'CONFIG_MALFORMED', spelling: 'any' } as const;

/**
 * Reads an organisation's MSP value. An organisation changes its own alone, so one that this verifier cannot judge (without
 * NodeOUs nobody has a role; another kind; a list that cannot be read) must not stop everybody: it has no members here, and
 * nothing that they sign counts.
 */
export function parseMsp(value: Uint8Array, memberKeys: Msp['memberKeys']): Msp {
  const { type, config } = readMessage(mspConfig, value, how);
  const { name: mspId } = readMessage(namedMspConfig, config, how);
  const judged = type === fabricMspType ? attempt(() => fabricMsp(config)) : nothing;
  const rules = judged instanceof EvidenceError ? nothing : judged;
  return { mspId, memberKeys, known: new Map(), ...rules };
}

type Rules = Omit<Msp, 'mspId' | 'memberKeys' | 'known'>;

const nothing: Rules = { roots: [], intermediates: [], revocationLists: [], units: [], hash: undefined };

function fabricMsp(config: Uint8Array): Rules {
  const fabric = readMessage(fabricMspConfig, config, how);
  const { nodeUnits } = fabric;
  if (nodeUnits?.enable !== true) throw refusal('CONFIG_MALFORMED', 'an MSP without NodeOUs');
  if (fabric.unitIdentifiers.length > 0) {
    throw refusal('CONFIG_MALFORMED', 'organizational unit identifiers are not supported');
  }
  const roots = fabric.rootCerts.flatMap(readable);
  if (roots.length === 0) throw refusal('CONFIG_MALFORMED', 'an MSP without a root');
  return {
    roots,
    intermediates: fabric.intermediateCerts.flatMap(readable),
    revocationLists: fabric.revocationLists.map((pem) =>
      parseRevocationList(fromPem(pemOf(pem), 'X509 CRL')),
    ),
    units: roles.flatMap((role) => unitOf(role, nodeUnits[role])),
    hash: hashes.get(fabric.cryptoConfig?.signatureHashFamily ?? ''),
  };
}

// fabric/msp/mspimplsetup.go, setupCrypto; identities.go, getHashOpt. Under any other name no signature holds.
const hashes: ReadonlyMap<string, LedgerHash> = new Map([
  ['', 'sha256'],
  ['SHA2', 'sha256'],
  ['SHA3', 'sha3-256'],
]);

/** An authority of a kind that this verifier does not know vouches for nobody here. */
function readable(pem: Uint8Array): Certificate[] {
  const certificate = attempt(() => certificateOf(pem));
  return certificate instanceof EvidenceError ? [] : [certificate];
}

/** The identity in a `SerializedIdentity`, in whatever spelling it was signed, if one of `msps` vouches for it at that time. */
export function identify(
  msps: ReadonlyMap<string, Msp>,
  serialized: Uint8Array,
  atTime: ValidityTime,
): Identity {
  const { mspId, pem } = readIdentity(serialized);
  return identifyMember(msps, { mspId, pem: pemOf(pem) }, atTime);
}

/** The identity of a certificate under the MSP it names. */
export function identifyMember(
  msps: ReadonlyMap<string, Msp>,
  { mspId, pem }: { mspId: string; pem: string },
  atTime: ValidityTime,
): Identity {
  const msp = msps.get(mspId);
  if (msp === undefined) throw refusal('IDENTITY_UNKNOWN_MSP', 'its MSP has no part in this');
  const { identity, chain } = msp.known.get(pem) ?? admit(msp, pem);
  if (!chain.every((link) => isValid(link, atTime)))
    throw refusal('IDENTITY_EXPIRED', 'outside its validity');
  return identity;
}

/** Whether a member signed the message, as Fabric's peers judge it. */
export function isSignedBy(
  { certificate, hash }: Identity,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verifyMember(certificate.key, message, { signature, hash });
}

function isValid({ notBefore, notAfter }: Certificate, at: ValidityTime): boolean {
  if (at === undefined) return true;
  return typeof at === 'number' ? notBefore <= at && at <= notAfter : at.notEndedBy <= notAfter;
}

/** The MSP that a `SerializedIdentity` claims. */
export function identityMspId(serialized: Uint8Array): string {
  return readIdentity(serialized).mspId;
}

function readIdentity(serialized: Uint8Array): MessageOf<typeof serializedIdentity> {
  return readMessage(serializedIdentity, serialized, { code: 'IDENTITY_MALFORMED', spelling: 'any' });
}

function admit(msp: Msp, pem: string): { identity: Identity; chain: readonly Certificate[] } {
  const certificate = certificateFromPem(pem);
  if (certificate.isAuthority) throw refusal('IDENTITY_UNTRUSTED', 'an authority is no member');
  if (!msp.memberKeys.includes(certificate.key.kind))
    throw refusal('IDENTITY_UNTRUSTED', `no member has a key of kind ${certificate.key.kind}`);
  const chain = chainOf(msp, certificate);
  for (const [at, link] of chain.entries()) {
    const issuer = chain[at + 1];
    if (issuer !== undefined && isRevoked(msp, link, issuer)) throw refusal('IDENTITY_REVOKED', 'revoked');
  }
  const role = roleOf(msp, certificate, chain[1]);
  const identity = { mspId: msp.mspId, role, certificate, hash: msp.hash };
  if (msp.known.size >= maxKnown) msp.known.clear();
  msp.known.set(pem, { identity, chain });
  return { identity, chain };
}

/** The certificate, its issuer, … up to one of the MSP's roots. */
function chainOf(msp: Msp, certificate: Certificate): Certificate[] {
  const chain = [certificate];
  let last = certificate;
  while (chain.length <= maxChainLength) {
    const link = last;
    const root = msp.roots.find((candidate) => isIssuedBy(link, candidate));
    if (root !== undefined) return [...chain, root];
    const next = msp.intermediates.find((candidate) => isIssuedBy(link, candidate));
    if (next === undefined) break;
    chain.push(next);
    last = next;
  }
  throw refusal('IDENTITY_UNTRUSTED', 'no path to a root of its MSP');
}

function isRevoked(msp: Msp, certificate: Certificate, issuer: Certificate): boolean {
  return msp.revocationLists.some(
    (list) =>
      list.issuer === certificate.issuer && list.serials.has(certificate.serial) && isIssuedBy(list, issuer),
  );
}

function roleOf(msp: Msp, certificate: Certificate, issuer: Certificate | undefined): Role {
  const matching = msp.units.filter(
    ({ unit, issuer: required }) =>
      certificate.organizationalUnits.includes(unit) &&
      (required === undefined || (issuer !== undefined && equalBytes(required.der, issuer.der))),
  );
  const [match] = matching;
  if (match === undefined || matching.length > 1) throw refusal('IDENTITY_ROLE', 'not exactly one role');
  return match.role;
}

function unitOf(role: Role, identifier: UnitIdentifier | undefined): Msp['units'] {
  if (identifier === undefined) return [];
  const { unit, certificate } = identifier;
  if (unit === '') throw refusal('CONFIG_MALFORMED', 'an empty organisational unit');
  return [{ role, unit, issuer: certificate.length === 0 ? undefined : certificateOf(certificate) }];
}

function certificateOf(pem: Uint8Array): Certificate {
  return certificateFromPem(pemOf(pem));
}

/** PEM is ASCII: other bytes are as malformed as any other text that is no PEM. */
export function pemOf(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch (cause) {
    throw new EvidenceError('CERTIFICATE_MALFORMED', { message: 'PEM', cause });
  }
}
