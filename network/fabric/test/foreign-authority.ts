// @peculiar/x509 needs this polyfill before it is loaded.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

type Keys = webcrypto.CryptoKeyPair;
const algorithms = {
  'P-256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'P-384': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  ed25519: { name: 'Ed25519' },
  rsa: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    publicExponent: Uint8Array.of(1, 0, 1),
    modulusLength: 2048,
  },
};
type Kind = keyof typeof algorithms;

/** An authority of a hospital's own, whose key is not of the usual kind, and what it issues. PEM. */
export type ForeignAuthority = {
  certificate: string;
  issue(kind: Kind, role: 'client' | 'peer'): Promise<{ certificate: string; key: string }>;
};

const validity = { notBefore: new Date('2020-01-01'), notAfter: new Date('2040-01-01') };

export async function foreignAuthority(kind: Kind): Promise<ForeignAuthority> {
  const keys = await keysOf(kind);
  const name = `CN=${kind} root`;
  const root = await X509CertificateGenerator.createSelfSigned(
    {
      ...{ name, ...validity, keys },
      signingAlgorithm: algorithms[kind],
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    webcrypto,
  );
  const issue: ForeignAuthority['issue'] = async (of, role) => {
    const own = await keysOf(of);
    const certificate = await X509CertificateGenerator.create(
      {
        ...{ subject: `OU=${role}, CN=${of} ${role}`, issuer: name, ...validity },
        ...{ publicKey: own.publicKey, signingKey: keys.privateKey, signingAlgorithm: algorithms[kind] },
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          await SubjectKeyIdentifierExtension.create(own.publicKey),
          await AuthorityKeyIdentifierExtension.create(keys.publicKey),
        ],
      },
      webcrypto,
    );
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.privateKey));
    return { certificate: certificate.toString('pem'), key: keyPem(der) };
  };
  return { certificate: root.toString('pem'), issue };
}

async function keysOf(kind: Kind): Promise<Keys> {
  return (await webcrypto.subtle.generateKey(algorithms[kind], true, ['sign', 'verify'])) as Keys;
}

function keyPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n');
}
