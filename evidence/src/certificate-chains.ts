import { hex } from './bytes.ts';
import { type Certificate, isIssuedBy } from './certificate.ts';
import { leadingElements } from './der.ts';
import { attempt, EvidenceError, refusal } from './errors.ts';

/** A certificate, its issuer, … up to a root. */
export type Chain = readonly [Certificate, ...Certificate[]];
/** Whom an organisation trusts to issue. */
export type Authorities = {
  readonly roots: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
};
type Walk = Authorities & { readonly at: number; checks: number };
const places = ['root', 'intermediate'] as const;
type Place = (typeof places)[number];

const maxChecks = 100;
const [anyUsage, serverAuth] = ['551d2500', '2b06010505070301'];

/**
 * The one chain of a certificate, by the rules of Go's Verify (crypto/x509/verify.go) as Fabric asks for them: at the second
 * after its validity began (msp/mspimplvalidate.go, getValidityOptsForCert), and there must be no second chain
 * (msp/mspimpl.go, getUniqueValidationChain).
 */
export function onlyChain(certificate: Certificate, authorities: Authorities): Chain {
  const walk = { ...authorities, at: certificate.notBefore + 1000, checks: 0 };
  requireStanding(certificate, walk.at);
  const isRoot = authorities.roots.some((root) => isSame(root, certificate));
  const chains = (isRoot ? [[certificate] as const] : chainsFrom([certificate], walk)).filter(isForServers);
  const [chain, ...others] = chains;
  if (chain === undefined || others.length > 0)
    throw refusal('IDENTITY_UNTRUSTED', `${chains.length} paths to a root of its MSP`);
  requireJudged(chain);
  return chain;
}

/** Certificates that differ in the half of s alone are one for Fabric (msp/cert.go, sanitizeECDSASignedCert). */
export function isSame(left: Certificate, right: Certificate): boolean {
  return left === right || identifierOf(left) === identifierOf(right);
}

function identifierOf({ signed, signature, algorithm }: Certificate): string {
  const r = () => {
    const [sequence] = leadingElements(signature, 1);
    return leadingElements(sequence?.content ?? signature, 1)[0]?.whole ?? signature;
  };
  const part = algorithm.kind === 'ecdsa' ? attempt(r) : signature;
  return `${hex(signed)} ${hex(part instanceof EvidenceError ? signature : part)}`;
}

/** The same certificate listed twice is one (crypto/x509/cert_pool.go, AddCert). */
export function distinct(certificates: readonly Certificate[]): Certificate[] {
  return [...new Map(certificates.map((certificate) => [identifierOf(certificate), certificate])).values()];
}

/** All chains that go on from one; each certificate that bears the issuer's name is tried (buildChains). */
function chainsFrom(chain: Chain, walk: Walk): Chain[] {
  const last = chain.at(-1) ?? chain[0];
  const found: Chain[] = [];
  const candidates = places.flatMap((place) =>
    walk[`${place}s`]
      .filter(({ subject }) => subject === last.issuer)
      .map((candidate) => ({ candidate, place })),
  );
  for (const { candidate, place } of candidates) {
    walk.checks += 1;
    if (walk.checks > maxChecks) break;
    if (!mayFollow(candidate, chain, { place, at: walk.at })) continue;
    const longer: Chain = [...chain, candidate];
    found.push(...(place === 'root' ? [longer] : chainsFrom(longer, walk)));
  }
  return found;
}

function mayFollow(
  candidate: Certificate,
  chain: Chain,
  { place, at }: { place: Place; at: number },
): boolean {
  const last = chain.at(-1) ?? chain[0];
  const { maxPath, isAuthority } = candidate.extensions;
  return (
    !chain.some((link) => isSameHolder(link, candidate)) &&
    isIssuedBy(last, candidate) &&
    stands(candidate, at) &&
    (place === 'root' || isAuthority) &&
    (maxPath === undefined || chain.length - 1 <= maxPath)
  );
}

/** Name, key and alternative names are what makes two certificates one place in a chain (alreadyInChain). */
function isSameHolder(left: Certificate, right: Certificate): boolean {
  return (
    left.subject === right.subject &&
    left.keyInfo === right.keyInfo &&
    left.extensions.names === right.extensions.names
  );
}

function stands({ notBefore, notAfter, extensions }: Certificate, at: number): boolean {
  return notBefore <= at && at <= notAfter && !extensions.hasUnknownCritical;
}

function requireStanding(certificate: Certificate, at: number): void {
  if (!stands(certificate, at))
    throw refusal('IDENTITY_UNTRUSTED', 'never valid, or with a critical extension that nobody knows');
}

/** Fabric states no use that it wants, and Go then asks for authentication of servers (checkChainForKeyUsage). */
function isForServers(chain: Chain): boolean {
  return chain.every(
    ({ extensions: { usages } }) =>
      usages.length === 0 || usages.includes(anyUsage) || usages.includes(serverAuth),
  );
}

/**
 * Policies and name constraints are not judged but for what Fabric adds to the latter: under them a member without
 * alternative names has no common name that looks like a host's (msp/mspimpl.go, verifyLegacyNameConstraints).
 */
function requireJudged(chain: Chain): void {
  const [first, ...above] = chain;
  if (chain.slice(0, -1).some(asksForPolicies))
    throw refusal('IDENTITY_UNTRUSTED', 'policies are not judged');
  const constrained = above.findLastIndex(({ extensions }) => extensions.hasNameConstraints) + 1;
  if (chain.slice(0, constrained).some(({ extensions }) => extensions.names !== undefined))
    throw refusal('IDENTITY_UNTRUSTED', 'name constraints are not judged');
  if (constrained > 0 && isHostName(first.commonName))
    throw refusal('IDENTITY_UNTRUSTED', 'a host’s name under name constraints');
}

/** Whether policies may count: those that one asks for reach the end of the chain (policiesValid). */
function asksForPolicies({ extensions }: Certificate, at: number): boolean {
  const { explicitPolicy, mapsAnyPolicy } = extensions;
  return (explicitPolicy !== undefined && explicitPolicy <= at) || (mapsAnyPolicy && at > 0);
}

/** As Fabric has it (msp/mspimpl.go, validHostname). */
function isHostName(name: string): boolean {
  const host = name.endsWith('.') ? name.slice(0, -1) : name;
  return host
    .split('.')
    .every((part, at) => (at === 0 && part === '*') || /^[A-Za-z0-9_:][A-Za-z0-9_:-]*$/.test(part));
}
