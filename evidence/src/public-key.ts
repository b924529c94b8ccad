import { concat, equalBytes, fromHex, hex } from './bytes.ts';
import { verifyEd25519 } from './checkpoint.ts';
import { type DerElement, derElements, derOf, derTag, derWhole, expectTag } from './der.ts';
import { curveByAlgorithm, type EcdsaHash, type EcdsaKey, ecdsaKey, verifyEcdsa } from './ecdsa.ts';
import { isStrictKey } from './ed25519.ts';
import { refusal } from './errors.ts';
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
  /** With SHA-1, as old roots signed themselves: read, and never taken for anybody's signature. */
  | { readonly kind: 'unjudged' };

// AlgorithmIdentifier by its DER, as hex: RFC 8410 §3, RFC 3279 §2.3.1.
const ed25519Algorithm = '300506032b6570';
const rsaAlgorithm = '300d06092a864886f70d0101010500';
const ed25519Length = 32;
const exponent = fromHex('010001');

/** The key in a SubjectPublicKeyInfo; undefined for a kind that is not judged, and for a key that is not sound. */
export function publicKeyOf({ content }: DerElement): PublicKey | undefined {
  const [algorithm, bits, ...others] = derElements(content);
  const octets = octetsOf(bits);
  if (algorithm === undefined || others.length > 0) return undefined;
  const name = hex(algorithm.whole);
  if (name === ed25519Algorithm) return ed25519KeyIn(octets);
  if (name === rsaAlgorithm) return rsaKeyIn(octets);
  const curve = curveByAlgorithm.get(name);
  const key = curve && ecdsaKey(curve, octets);
  return key && { kind: 'ecdsa', key };
}

/** Under a key of small order, or in another encoding, OpenSSL and Go differ: it is not judged. */
function ed25519KeyIn(key: Uint8Array): PublicKey | undefined {
  return key.length === ed25519Length && isStrictKey(key) ? { kind: 'ed25519', key } : undefined;
}

/** RSAPublicKey (RFC 8017 §A.1.1). */
function rsaKeyIn(octets: Uint8Array): PublicKey | undefined {
  const [modulus, e, ...others] = derElements(derWhole(octets, derTag.sequence).content);
  const { content } = expectTag(modulus, derTag.integer);
  const [sign = 0] = content;
  const isCommon = equalBytes(expectTag(e, derTag.integer).content, exponent) && others.length === 0;
  const key = isCommon && sign < 0x80 ? rsaKey(content.subarray(sign === 0 ? 1 : 0)) : undefined;
  return key && { kind: 'rsa', key };
}

/** The bytes of a bit string without unused bits. */
export function octetsOf(bits: DerElement | undefined): Uint8Array {
  const { content } = expectTag(bits, derTag.bitString);
  if (content[0] !== 0) throw refusal('CERTIFICATE_MALFORMED', 'unused bits');
  return content.subarray(1);
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

/** Whether an authority signed a certificate or a list, as Go judges it (crypto/x509, checkSignature). */
export function verifyAuthority(
  authority: PublicKey,
  signed: Uint8Array,
  { signature, algorithm }: Certified,
): boolean {
  if (algorithm.kind === 'ecdsa' && authority.kind === 'ecdsa')
    return verifyEcdsa(authority.key, signed, { signature, form: 'strict', hash: algorithm.hash });
  if (algorithm.kind === 'ed25519' && authority.kind === 'ed25519')
    return verifyEd25519(signature, signed, authority.key);
  if (algorithm.kind !== 'rsa' || authority.kind !== 'rsa') return false;
  const verify = algorithm.padding === 'pss' ? verifyPss : verifyPkcs1;
  return verify(authority.key, signed, { signature, hash: algorithm.hash });
}

/** The algorithm of an AlgorithmIdentifier; undefined for one that is not known. */
export function certificateAlgorithm({ whole }: DerElement): CertificateAlgorithm | undefined {
  return algorithms.get(hex(whole));
}

// RFC 5758 §3.2, RFC 8410 §3, RFC 4055 §5 (NULL, which some leave out), RFC 4055 §3.1, RFC 3279 §2.2.1.
const algorithms: ReadonlyMap<string, CertificateAlgorithm> = new Map([
  [ed25519Algorithm, { kind: 'ed25519' }],
  ['300d06092a864886f70d0101050500', { kind: 'unjudged' }],
  ...(['sha256', 'sha384', 'sha512'] as const).flatMap((hash, at) => algorithmsOf(hash, at)),
]);

function algorithmsOf(hash: RsaHash, at: number): [string, CertificateAlgorithm][] {
  const pkcs1 = `06092a864886f70d0101${['0b', '0c', '0d'][at]}`;
  return [
    [`300a06082a8648ce3d0403${['02', '03', '04'][at]}`, { kind: 'ecdsa', hash }],
    [`300d${pkcs1}0500`, { kind: 'rsa', padding: 'pkcs1', hash }],
    [`300b${pkcs1}`, { kind: 'rsa', padding: 'pkcs1', hash }],
    [hex(pssAlgorithm(at)), { kind: 'rsa', padding: 'pss', hash }],
  ];
}

/** RSASSA-PSS with MGF1 and a salt, both of the hash. */
function pssAlgorithm(at: number): Uint8Array {
  const hash = fromHex(`300d060960864801650304020${at + 1}0500`);
  const mask = derOf(derTag.sequence, fromHex('06092a864886f70d010108'), hash);
  const salt = Uint8Array.of(derTag.integer, 1, 32 + 16 * at);
  const parts = [hash, mask, salt].map((part, place) => derOf(0xa0 + place, part));
  return derOf(derTag.sequence, fromHex('06092a864886f70d01010a'), derOf(derTag.sequence, concat(...parts)));
}
