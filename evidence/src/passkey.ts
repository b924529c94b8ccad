import { concat, equalBytes, fromHex } from './bytes.ts';
import { verifyEd25519 } from './checkpoint.ts';
import { ecdsaKey, verifyEcdsa } from './ecdsa.ts';
import { rsaKey, verifyPkcs1 } from './rsa.ts';

/** Whether a signature over a message is that of the passkey. */
export type PasskeyVerifier = (message: Uint8Array, signature: Uint8Array) => boolean;

// COSE_Key in CTAP2 canonical CBOR, each in one spelling (RFC 9053 §7, RFC 8230 §4). EC2: ES256, P-256, x, y.
const es256Prefix = fromHex('a5010203262001215820');
const es256Middle = fromHex('225820');
// OKP: EdDSA, Ed25519, x.
const ed25519Prefix = fromHex('a4010103272006215820');
// RSA: RS256, n (a byte string whose length takes two bytes), e = 65537.
const rs256Prefix = fromHex('a401030339010020');
const rs256Length = 0x59;
const rs256Suffix = fromHex('2143010001');

/**
 * How a passkey's signatures are checked; undefined for a kind of key that is not judged. A key of a judged kind that is
 * no sound one (a point off the curve, a short modulus, another exponent) has no valid signature.
 */
export function passkeyVerifier(cose: Uint8Array): PasskeyVerifier | undefined {
  if (cose.length === 42 && startsWith(cose, ed25519Prefix))
    return (message, signature) => verifyEd25519(signature, message, cose.subarray(10));
  if (startsWith(cose, rs256Prefix)) return rs256Verifier(cose);
  const isEs256 =
    cose.length === 77 && startsWith(cose, es256Prefix) && equalBytes(cose.subarray(42, 45), es256Middle);
  return isEs256 ? es256Verifier(concat(cose.subarray(10, 42), cose.subarray(45))) : undefined;
}

/** Whether the key is of a judged kind and sound: whoever takes a passkey in refuses others. */
export function isSoundPasskey(cose: Uint8Array): boolean {
  const verifier = passkeyVerifier(cose);
  return verifier !== undefined && verifier !== never;
}

function es256Verifier(coordinates: Uint8Array): PasskeyVerifier {
  const key = ecdsaKey('P-256', concat(Uint8Array.of(4), coordinates));
  if (key === undefined) return never;
  return (message, signature) => verifyEcdsa(key, message, { signature, form: 'strict', hash: 'sha256' });
}

function rs256Verifier(cose: Uint8Array): PasskeyVerifier {
  const start = rs256Prefix.length + 3;
  const end = cose.length - rs256Suffix.length;
  const [tag, high = 0, low = 0] = cose.subarray(rs256Prefix.length, start);
  const isWhole = tag === rs256Length && end > start && high * 256 + low === end - start;
  if (!isWhole || !equalBytes(cose.subarray(end), rs256Suffix)) return never;
  const key = rsaKey(cose.subarray(start, end));
  return key === undefined
    ? never
    : (message, signature) => verifyPkcs1(key, message, { signature, hash: 'sha256' });
}

const never: PasskeyVerifier = () => false;

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return equalBytes(bytes.subarray(0, prefix.length), prefix);
}
