import { binaryOf } from './bytes.ts';
import { type Certificate, certificateFromPem, certificateIn, isShort } from './certificate.ts';
import { type Authorities, type Chain, distinct, isSame, onlyChain } from './certificate-chains.ts';
import { attempt, EvidenceError, refusal } from './errors.ts';
import {
  fabricMspConfig,
  type MessageOf,
  mspConfig,
  namedMspConfig,
  serializedIdentity,
} from './fabric-messages.ts';
import { readMessage } from './protobuf.ts';
import { type LedgerHash, type PublicKey, verifyMember } from './public-key.ts';
import { isRevokedBy, parseRevocationList, type RevocationList } from './revocation-list.ts';

/** What a certificate's organisational unit makes its holder (Fabric NodeOUs). */
export type Role = 'client' | 'peer' | 'admin' | 'orderer';
/** A member of an organisation whose certificate was checked. */
export type Identity = {
  readonly mspId: string;
  /** Which roles Fabric gives it: none without NodeOUs, several where units or the list of admins say so. */
  readonly roles: readonly Role[];
  readonly certificate: Certificate;
  /** What it signs of a message, by the rules of its organisation. */
  readonly hash: LedgerHash;
};

/** When certificates have to be valid: at a time, or not to have ended by one; undefined: whenever. Milliseconds. */
export type ValidityTime = number | { readonly notEndedBy: number } | undefined;

/** An organisational unit that says something of its holder, and the chain that has to stand behind it, if one has. */
type Unit = { readonly name: string; readonly above: Chain | undefined };

/** The membership rules of one organisation, from the channel's configuration. */
export type Msp = Authorities & {
  readonly mspId: string;
  /** Whether an authority issued one of the intermediates: then it issues no members. */
  readonly issuesAuthorities: (authority: Certificate) => boolean;
  readonly admins: readonly Certificate[];
  readonly revocationLists: readonly RevocationList[];
  /** Kinds of keys that its members may have. */
  readonly memberKeys: readonly PublicKey['kind'][];
  readonly hash: LedgerHash;
  /** Undefined without NodeOUs. */
  readonly roleUnits: ReadonlyMap<Role, Unit> | undefined;
  /** Of which every member has one; empty: nobody asks. */
  readonly memberUnits: readonly Unit[];
  /** Identities whose chain and role were checked already, by PEM. Validity in time is checked anew each time. */
  readonly known: Map<string, { identity: Identity; chain: Chain }>;
};

const roles = ['client', 'peer', 'admin', 'orderer'] as const;
const fabricMspType = 0;
const maxKnown = 2_000;
// As Fabric reads them: an organisation writes its own.
const how = { code: 'CONFIG_MALFORMED', spelling: 'any' } as const;

/**
 * Reads an organisation's MSP value. An organisation changes its own alone, so one that this verifier cannot judge (another
 * kind; a list that cannot be read) must not stop everybody: it has no members here, and nothing that they sign counts.
 */
export function parseMsp(value: Uint8Array, memberKeys: Msp['memberKeys']): Msp {
  const { type, config } = readMessage(mspConfig, value, how);
  const { name: mspId } = readMessage(namedMspConfig, config, how);
  const judged = type === fabricMspType ? attempt(() => fabricMsp(config)) : nothing;
  const rules = judged instanceof EvidenceError ? nothing : judged;
  return { mspId, memberKeys, known: new Map(), ...rules };
}

type Rules = Omit<Msp, 'mspId' | 'memberKeys' | 'known'>;

const nothing: Rules = {
  roots: [],
  intermediates: [],
  issuesAuthorities: () => false,
  admins: [],
  revocationLists: [],
  roleUnits: undefined,
  memberUnits: [],
  hash: undefined,
};

function fabricMsp(config: Uint8Array): Rules {
  const fabric = readMessage(fabricMspConfig, config, how);
  const roots = distinct(fabric.rootCerts.flatMap(readable));
  const intermediates = distinct(fabric.intermediateCerts.flatMap(readable));
  const authorities = { roots, intermediates };
  return {
    ...authorities,
    issuesAuthorities: internalOf(authorities),
    admins: fabric.admins.flatMap(readable),
    revocationLists: fabric.revocationLists.map(parseRevocationList),
    roleUnits: roleUnitsOf(fabric.nodeUnits, authorities),
    memberUnits: fabric.unitIdentifiers.map(({ unit, certificate }) => ({
      name: unit,
      above: chainIn(certificate, authorities),
    })),
    hash: hashes.get(fabric.cryptoConfig?.signatureHashFamily ?? ''),
  };
}

/** The inner nodes of the tree of authorities (finalizeSetupCAs), looked for when somebody is asked about that may be one. */
function internalOf(authorities: Authorities): Msp['issuesAuthorities'] {
  let internal: readonly Certificate[] | undefined;
  return (authority) => {
    if (!authorities.intermediates.some(({ issuer }) => issuer === authority.subject)) return false;
    internal ??= authorities.intermediates.flatMap((each) =>
      attempted(() => onlyChain(each, authorities).slice(1)).flat(),
    );
    return internal.some((each) => isSame(each, authority));
  };
}

/** Where no unit is named for any role, NodeOUs are off (msp/mspimplsetup.go, setupNodeOUsV142). */
function roleUnitsOf(
  nodeUnits: MessageOf<typeof fabricMspConfig>['nodeUnits'],
  authorities: Authorities,
): Msp['roleUnits'] {
  if (nodeUnits?.enable !== true) return undefined;
  const named = roles.flatMap((role): [Role, Unit][] => {
    const identifier = nodeUnits[role];
    if (identifier === undefined) return [];
    const { unit, certificate } = identifier;
    return [
      [role, { name: unit, above: certificate.length === 0 ? undefined : chainIn(certificate, authorities) }],
    ];
  });
  return named.length === 0 ? undefined : new Map(named);
}

/** What stands above the members of a unit: its certificate is one of the authorities (getCertifiersIdentifier). */
function chainIn(pem: Uint8Array, authorities: Authorities): Chain {
  return onlyChain(certificateIn(pem), authorities);
}

// fabric/msp/mspimplsetup.go, setupCrypto; identities.go, getHashOpt. Under any other name no signature holds.
const hashes: ReadonlyMap<string, LedgerHash> = new Map([
  ['', 'sha256'],
  ['SHA2', 'sha256'],
  ['SHA3', 'sha3-256'],
]);

/** An authority of a kind that this verifier does not know vouches for nobody here. */
function readable(pem: Uint8Array): Certificate[] {
  return attempted(() => certificateIn(pem));
}

function attempted<Result>(work: () => Result): Result[] {
  const result = attempt(work);
  return result instanceof EvidenceError ? [] : [result];
}

/** The identity in a `SerializedIdentity`, in whatever spelling it was signed, if one of `msps` vouches for it at that time. */
export function identify(
  msps: ReadonlyMap<string, Msp>,
  serialized: Uint8Array,
  atTime: ValidityTime,
): Identity {
  const { mspId, pem } = readIdentity(serialized);
  return identifyMember(msps, { mspId, pem: binaryOf(pem) }, atTime);
}

/** The identity of a certificate, a text of one character a byte, under the MSP it names. */
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

/** In the order in which Fabric asks (msp/mspimplvalidate.go, validateIdentity). */
function admit(msp: Msp, pem: string): { identity: Identity; chain: Chain } {
  const certificate = certificateFromPem(pem);
  if (certificate.extensions.isAuthority) throw refusal('IDENTITY_UNTRUSTED', 'an authority is no member');
  if (!msp.memberKeys.includes(certificate.key.kind))
    throw refusal('IDENTITY_UNTRUSTED', `no member has a key of kind ${certificate.key.kind}`);
  const chain = onlyChain(certificate, msp);
  const [, issuer] = chain;
  if (issuer === undefined || msp.issuesAuthorities(issuer))
    throw refusal('IDENTITY_UNTRUSTED', 'issued by an authority that issues authorities');
  requireNotRevoked(msp, certificate, issuer);
  const identity = { mspId: msp.mspId, roles: rolesOf(msp, chain), certificate, hash: msp.hash };
  if (msp.known.size >= maxKnown) msp.known.clear();
  if (isShort(pem)) msp.known.set(pem, { identity, chain });
  return { identity, chain };
}

/** A list that does not say by whose key it is keeps Fabric from taking anybody. */
function requireNotRevoked({ revocationLists }: Msp, certificate: Certificate, issuer: Certificate): void {
  if (revocationLists.some((list) => isRevokedBy(list, certificate, issuer)))
    throw refusal('IDENTITY_REVOKED', 'revoked');
  const isUnnamed = revocationLists.some(({ authorityKeyId }) => authorityKeyId === undefined);
  if (isUnnamed || issuer.extensions.keyId === undefined)
    throw refusal('IDENTITY_UNTRUSTED', 'no key identifier by which it could be revoked');
}

/** The roles of a member (msp/mspimplvalidate.go, validateIdentityOUsV142; msp/mspimpl.go, hasOURole, isInAdmins). */
function rolesOf({ memberUnits, roleUnits, admins }: Msp, chain: Chain): Role[] {
  const [certificate, ...above] = chain;
  const units = certificate.organizationalUnits;
  if (
    memberUnits.length > 0 &&
    !memberUnits.some((unit) => units.includes(unit.name) && isBehind(unit, above))
  )
    throw refusal('IDENTITY_ROLE', 'no unit of its organisation');
  const listed = admins.some((admin) => isSame(admin, certificate));
  if (roleUnits === undefined) return listed ? ['admin'] : [];
  // Of two roles with one unit's name the later one says which certificate stands behind it.
  const byName = new Map([...roleUnits.values()].map((unit) => [unit.name, unit]));
  const held = units.flatMap((name) => byName.get(name) ?? []);
  const [unit] = held;
  if (unit === undefined || held.length > 1 || (unit.above !== undefined && !isBehind(unit, above)))
    throw refusal('IDENTITY_ROLE', 'not exactly one unit of a role');
  return roles.filter((role) => roleUnits.get(role)?.name === unit.name || (role === 'admin' && listed));
}

/** Whether the chain above a member is the one that stands behind the unit. */
function isBehind({ above: wanted }: Unit, above: readonly Certificate[]): boolean {
  return wanted?.length === above.length && wanted.every((link, at) => isSame(link, above[at] ?? link));
}
