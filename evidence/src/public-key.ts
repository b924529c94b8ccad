import { equalBytes, fromHex, hex } from './bytes.ts';
import { verifyEd25519 } from './checkpoint.ts';
import { type DerElement, derTag, expectTag, onlyElement } from './der.ts';
import { alignedBits, cursorOf, type DerCursor, identifierOf, integerOf, sequenceIn } from './der-cursor.ts';
import {
  curveById,
  type EcdsaHash,
  type EcdsaKey,
  ecdsaKey,
  type SignatureForm,
  verifyEcdsa,
} from './ecdsa.ts';
import { isStrictKey } from './ed25519.ts';
import { attempt, EvidenceError } from './errors.ts';
import { type RsaHash, type RsaKey, rsaKey, verifyPkcs1, verifyPss } from './rsa.ts';

/**
 * A public key of a kind that Fabric takes in certificates: ECDSA on Go's curves; Ed25519, for members on channels of
 * capability V3_0; RSA, for authorities only (fabric/msp/mspimplsetup.go, fabric-lib-go/bccsp/sw/keyimport.go).
 */
export type PublicKey =
  | { readonly kind: 'ecdsa'; readonly key: EcdsaKey }
  | { readonly kind: 'ed25519'; readonly key: Uint8Array }
  | { readonly kind: 'rsa'; readonly key: RsaKey };

/** What members sign of a message with ECDSA keys; undefined where their MSP names no hash that Fabric has. */
export type LedgerHash = 'sha256' | 'sha3-256' | undefined;

/** How a certificate or a list is signed. */
export type CertificateAlgorithm =
  | { readonly kind: 'ecdsa'; readonly hash: Exclude<EcdsaHash, 'sha3-256'> }
  | { readonly kind: 'ed25519' }
  | { readonly kind: 'rsa'; readonly padding: 'pkcs1' | 'pss'; readonly hash: RsaHash }
  /** In a way that Go does not know, as old roots signed themselves: never taken for anybody's signature. */
  | { readonly kind: 'unjudged' };

// Object identifiers by their DER, as hex: RFC 8410 §3, RFC 3279 §2.3.1, RFC 5480 §2.1.1.
const ed25519Id = '2b6570';
const rsaId = '2a864886f70d010101';
const ecdsaId = '2a8648ce3d0201';
const pssId = '2a864886f70d01010a';
const mgf1Id = '2a864886f70d010108';
const nothing = new Uint8Array(0);
const ed25519Length = 32;
const exponent = fromHex('010001');

/** An AlgorithmIdentifier: its id, as hex, and its parameters; what follows them nobody reads (crypto/x509, parseAI). */
function algorithmIn(content: Uint8Array): { id: string; parameters: Uint8Array } {
  const algorithm = cursorOf(content);
  const id = hex(identifierOf(algorithm.next(derTag.objectIdentifier)));
  return { id, parameters: algorithm.isAtEnd() ? nothing : algorithm.any().whole };
}

/** The key in a SubjectPublicKeyInfo; undefined for a kind that is not judged, and for a key that is not sound. */
export function publicKeyOf({ content }: DerElement): PublicKey | undefined {
  const info = cursorOf(content);
  const { id, parameters } = algorithmIn(info.next(derTag.sequence).content);
  const octets = alignedBits(info.next(derTag.bitString));
  if (id === ed25519Id) return parameters.length === 0 ? ed25519KeyIn(octets) : undefined;
  if (id === rsaId) return isNull(parameters) ? rsaKeyIn(octets) : undefined;
  if (id !== ecdsaId) return undefined;
  const curve = curveById.get(hex(identifierOf(cursorOf(parameters).next(derTag.objectIdentifier))));
  const key = curve && ecdsaKey(curve, octets);
  return key && { kind: 'ecdsa', key };
}

function isNull(parameters: Uint8Array): boolean {
  return hex(parameters) === '0500';
}

/** Under a key of small order, or in another encoding, OpenSSL and Go differ: it is not judged. */
function ed25519KeyIn(key: Uint8Array): PublicKey | undefined {
  return key.length === ed25519Length && isStrictKey(key) ? { kind: 'ed25519', key } : undefined;
}

/** RSAPublicKey (RFC 8017 §A.1.1). */
function rsaKeyIn(octets: Uint8Array): PublicKey | undefined {
  const numbers = sequenceIn(octets);
  const content = integerOf(numbers.next(derTag.integer));
  const [sign = 0] = content;
  const isCommon = equalBytes(integerOf(numbers.next(derTag.integer)), exponent);
  const key = isCommon && sign < 0x80 ? rsaKey(content.subarray(sign === 0 ? 1 : 0)) : undefined;
  return key && { kind: 'rsa', key };
}

/** Whether a member signed the message, as Fabric's peers judge it (fabric/msp/identities.go, Verify). */
export function verifyMember(
  { kind, key }: PublicKey,
  message: Uint8Array,
  { signature, hash }: { signature: Uint8Array; hash: LedgerHash },
): boolean {
  if (kind === 'ed25519') return verifyEd25519(signature, message, key);
  return (
    kind === 'ecdsa' && hash !== undefined && verifyEcdsa(key, message, { signature, form: 'ledger', hash })
  );
}

export type Certified = { signature: Uint8Array; algorithm: CertificateAlgorithm };

/** Whether an authority signed a certificate, as Go judges it (crypto/x509, checkSignature): not with SHA-1. */
export function verifyAuthority(authority: PublicKey, signed: Uint8Array, certified: Certified): boolean {
  const { algorithm } = certified;
  if ('hash' in algorithm && algorithm.hash === 'sha1') return false;
  return verifyCertified(authority, signed, { ...certified, form: 'strict' });
}

/**
 * Whether an authority signed a list: with SHA-1, too (crypto/x509, CheckSignature); what follows the numbers of an ECDSA
 * signature Fabric cuts off (msp/mspimplsetup.go, setupCRLs).
 */
export function verifyList(authority: PublicKey, signed: Uint8Array, certified: Certified): boolean {
  return verifyCertified(authority, signed, { ...certified, form: 'list' });
}

function verifyCertified(
  authority: PublicKey,
  signed: Uint8Array,
  { signature, algorithm, form }: Certified & { form: SignatureForm },
): boolean {
  if (algorithm.kind === 'ecdsa' && authority.kind === 'ecdsa')
    return verifyEcdsa(authority.key, signed, { signature, form, hash: algorithm.hash });
  if (algorithm.kind === 'ed25519' && authority.kind === 'ed25519')
    return verifyEd25519(signature, signed, authority.key);
  if (algorithm.kind !== 'rsa' || authority.kind !== 'rsa') return false;
  const verify = algorithm.padding === 'pss' ? verifyPss : verifyPkcs1;
  return verify(authority.key, signed, { signature, hash: algorithm.hash });
}

/**
 * The algorithm of an AlgorithmIdentifier by its content (crypto/x509, getSignatureAlgorithmFromAI): whatever the parameters
 * are, but for Ed25519, which has none, and PSS.
 */
export function certificateAlgorithm(content: Uint8Array): CertificateAlgorithm {
  const { id, parameters } = algorithmIn(content);
  if (id === pssId) return pssAlgorithm(parameters);
  if (id === ed25519Id && parameters.length > 0) return unjudged;
  return algorithms.get(id) ?? unjudged;
}

const unjudged: CertificateAlgorithm = { kind: 'unjudged' };

// RFC 5758 §3.2, RFC 8410 §3, RFC 4055 §5, RFC 3279 §2.2.1; OIW for the second name of RSA with SHA-1.
const algorithms: ReadonlyMap<string, CertificateAlgorithm> = new Map<string, CertificateAlgorithm>([
  [ed25519Id, { kind: 'ed25519' }],
  ['2a864886f70d010105', { kind: 'rsa', padding: 'pkcs1', hash: 'sha1' }],
  ['2b0e03021d', { kind: 'rsa', padding: 'pkcs1', hash: 'sha1' }],
  ['2a8648ce3d0401', { kind: 'ecdsa', hash: 'sha1' }],
  ...(['sha256', 'sha384', 'sha512'] as const).flatMap((hash, at): [string, CertificateAlgorithm][] => [
    [`2a8648ce3d0403${['02', '03', '04'][at]}`, { kind: 'ecdsa', hash }],
    [`2a864886f70d0101${['0b', '0c', '0d'][at]}`, { kind: 'rsa', padding: 'pkcs1', hash }],
  ]),
]);

const pssHashes: ReadonlyMap<string, RsaHash> = new Map([
  ['60864801650304020120', 'sha256'],
  ['60864801650304020230', 'sha384'],
  ['60864801650304020340', 'sha512'],
]);

/** RSASSA-PSS whose mask and salt are of the hash (RFC 4055 §3.1). */
function pssAlgorithm(parameters: Uint8Array): CertificateAlgorithm {
  const hash = attempt(() => pssHash(parameters));
  return hash instanceof EvidenceError || hash === undefined
    ? unjudged
    : { kind: 'rsa', padding: 'pss', hash };
}

function pssHash(parameters: Uint8Array): RsaHash | undefined {
  const stated = sequenceIn(parameters);
  const [hash, mask] = [0xa0, 0xa1].map((tag) => algorithmIn(explicitIn(stated, tag, derTag.sequence)));
  const salt = explicitIn(stated, 0xa2, derTag.integer);
  const trailer = stated.isAt(0xa3) ? hex(explicitIn(stated, 0xa3, derTag.integer)) : '01';
  if (hash === undefined || mask?.id !== mgf1Id || trailer !== '01') return undefined;
  const masked = algorithmIn(cursorOf(mask.parameters).next(derTag.sequence).content);
  const isPlain = [hash, masked].every(({ parameters: more }) => more.length === 0 || isNull(more));
  return isPlain && masked.id === hash.id ? pssHashes.get(hash.id + hex(salt)) : undefined;
}

function explicitIn(cursor: DerCursor, tag: number, inner: number): Uint8Array {
  return expectTag(onlyElement(cursor.next(tag).content), inner).content;
}
