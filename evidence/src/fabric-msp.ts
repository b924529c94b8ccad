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

/** What a certificate's organisational unit makes its holder (Fabric NodeOUs). */
export type Role = 'client' | 'peer' | 'admin' | 'orderer';
/** A member of an organisation whose certificate was checked. */
export type Identity = { readonly mspId: string; readonly role: Role; readonly certificate: Certificate };

/** When certificates have to be valid: at a time, or not to have ended by one; undefined: whenever. Milliseconds. */
export type ValidityTime = number | { readonly notEndedBy: number } | undefined;

/** The membership rules of one organisation, from the channel's configuration. */
export type Msp = {
  readonly mspId: string;
  readonly roots: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
  readonly revocationLists: readonly RevocationList[];
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
export function parseMsp(value: Uint8Array): Msp {
  const { type, config } = readMessage(mspConfig, value, how);
  const { name: mspId } = readMessage(namedMspConfig, config, how);
  const nobody = { mspId, roots: [], intermediates: [], revocationLists: [], units: [], known: new Map() };
  const judged = type === fabricMspType ? attempt(() => fabricMsp(config)) : nobody;
  return judged instanceof EvidenceError ? nobody : judged;
}

function fabricMsp(config: Uint8Array): Msp {
  const fabric = readMessage(fabricMspConfig, config, how);
  const { nodeUnits } = fabric;
  if (nodeUnits?.enable !== true) throw refusal('CONFIG_MALFORMED', 'an MSP without NodeOUs');
  if (fabric.unitIdentifiers.length > 0) {
    throw refusal('CONFIG_MALFORMED', 'organizational unit identifiers are not supported');
  }
  const roots = fabric.rootCerts.flatMap(readable);
  if (roots.length === 0) throw refusal('CONFIG_MALFORMED', 'an MSP without a root');
  return {
    mspId: fabric.name,
    roots,
    intermediates: fabric.intermediateCerts.flatMap(readable),
    revocationLists: fabric.revocationLists.map((pem) =>
      parseRevocationList(fromPem(pemOf(pem), 'X509 CRL')),
    ),
    units: roles.flatMap((role) => unitOf(role, nodeUnits[role])),
    known: new Map(),
  };
}

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
  const chain = chainOf(msp, certificate);
  for (const [at, link] of chain.entries()) {
    const issuer = chain[at + 1];
    if (issuer !== undefined && isRevoked(msp, link, issuer)) throw refusal('IDENTITY_REVOKED', 'revoked');
  }
  const identity = { mspId: msp.mspId, role: roleOf(msp, certificate, chain[1]), certificate };
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
