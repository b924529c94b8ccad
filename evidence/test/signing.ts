import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { AlgorithmIdentifier } from '@peculiar/asn1-x509';
import { concat, fromHex, hex } from '../src/bytes.ts';
import { derElements, derOf, derTag, onlyElement } from '../src/der.ts';

/** A kind of key that Fabric takes, or none. */
export type KeyKind = 'P-224' | 'P-256' | 'P-384' | 'P-521' | 'secp256k1' | 'ed25519' | 'rsa' | 'rsa-pss';
/** What Fabric takes of members, on a channel of capability V3_0, and of authorities. */
export const memberKinds = ['P-224', 'P-256', 'P-384', 'P-521', 'ed25519'] as const;
export const authorityKinds = [...memberKinds, 'rsa', 'rsa-pss'] as const;
type Pair = { publicKey: KeyObject; privateKey: KeyObject };

// Slow to make, and nothing depends on which one it is.
let rsaPair: Pair | undefined;

export function generateKeys(kind: KeyKind = 'P-256'): Pair {
  if (kind === 'ed25519') return generateKeyPairSync('ed25519');
  if (kind !== 'rsa' && kind !== 'rsa-pss') return generateKeyPairSync('ec', { namedCurve: kind });
  rsaPair ??= generateKeyPairSync('rsa', { modulusLength: 2048 });
  return rsaPair;
}

/** Orders of the curves, by the names that Node has for them (NIST SP 800-186 §3.2.1, SEC 2 §2.4.1). */
const orders: Record<string, bigint> = {
  secp224r1: 0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn,
  prime256v1: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  secp384r1:
    0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  secp521r1:
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  secp256k1: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
};

export function orderOf(key: KeyObject): bigint {
  return orders[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? 0n;
}

/** As a member signs for the ledger: ECDSA in DER, in its low form unless asked otherwise; Ed25519 as it is. */
export function signLedger(
  key: KeyObject,
  message: Uint8Array,
  form: 'low' | 'high' = 'low',
  hash = 'sha256',
): Uint8Array {
  if (key.asymmetricKeyType === 'ed25519') return new Uint8Array(sign(null, message, key));
  if (key.asymmetricKeyType === 'rsa') return new Uint8Array(sign(hash, message, key));
  const [r, s] = integersOf(new Uint8Array(sign(hash, message, key)));
  const flip = s > orderOf(key) / 2n !== (form === 'high');
  return derSignature(r, flip ? orderOf(key) - s : s);
}

/** The integers of a signature. */
export function integersOf(signature: Uint8Array): [r: bigint, s: bigint] {
  const [r, s] = derElements(onlyElement(signature).content).map(({ content }) =>
    BigInt(`0x${hex(content)}`),
  );
  return [r ?? 0n, s ?? 0n];
}

/** DER of any two integers, as wrong as wanted. */
export function derSignature(r: bigint, s: bigint): Uint8Array {
  return derOf(derTag.sequence, integer(r), integer(s));
}

function integer(value: bigint): Uint8Array {
  const text = value.toString(16);
  const bytes = fromHex(text.length % 2 === 0 ? text : `0${text}`);
  return derOf(derTag.integer, (bytes[0] ?? 0) >= 0x80 ? concat(Uint8Array.of(0), bytes) : bytes);
}

/** How an authority signs certificates and lists. */
export type Issuing = { algorithm: AlgorithmIdentifier; sign: (message: Uint8Array) => Uint8Array };

type Hash = 'sha1' | 'sha256' | 'sha384' | 'sha512';
const ecdsaIds: Record<Hash, string> = {
  sha1: '1.2.840.10045.4.1',
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
};
const rsaIds: Record<Hash, string> = {
  sha1: '1.2.840.113549.1.1.5',
  sha256: '1.2.840.113549.1.1.11',
  sha384: '1.2.840.113549.1.1.12',
  sha512: '1.2.840.113549.1.1.13',
};
// RFC 4055 §3.1, the parameters of RSASSA-PSS with SHA-256 throughout.
const pssParameters =
  '3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120';

export function issuing(key: KeyObject, kind: KeyKind = 'P-256', hash: Hash = 'sha256'): Issuing {
  const bytes = (signature: Uint8Array) => new Uint8Array(signature);
  switch (kind) {
    case 'ed25519':
      return { algorithm: identifier('1.3.101.112'), sign: (message) => bytes(sign(null, message, key)) };
    case 'rsa':
      return {
        algorithm: identifier(rsaIds[hash], '0500'),
        sign: (message) => bytes(sign(hash, message, key)),
      };
    case 'rsa-pss': {
      const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
      return {
        algorithm: identifier('1.2.840.113549.1.1.10', pssParameters),
        sign: (message) => bytes(sign('sha256', message, pss)),
      };
    }
    default:
      return {
        algorithm: identifier(ecdsaIds[hash]),
        sign: (message) => signLedger(key, message, 'low', hash),
      };
  }
}

function identifier(algorithm: string, parameters?: string): AlgorithmIdentifier {
  return new AlgorithmIdentifier({
    algorithm,
    ...(parameters === undefined ? {} : { parameters: fromHex(parameters).slice().buffer }),
  });
}
