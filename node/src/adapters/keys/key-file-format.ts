import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { z } from 'zod';
import { CryptoError } from '../../crypto/errors.ts';

const hexOf = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`));

/** The bounds keep a planted file from asking for gigabytes, and a weak one from being accepted. */
const header = z.strictObject({
  format: z.literal('medseal/key-file/v1'),
  kdf: z.strictObject({
    name: z.literal('scrypt'),
    logN: z.number().int().min(14).max(20),
    r: z.literal(8),
    p: z.literal(1),
    salt: hexOf(32),
  }),
  cipher: z.strictObject({ name: z.literal('aes-256-gcm'), iv: hexOf(12) }),
});
const file = header.extend({ sealed: z.string().regex(/^(?:[0-9a-f]{2})+$/) });

const secrets = z.strictObject({
  masterKey: hexOf(32),
  tokenKey: hexOf(32),
  logSeed: hexOf(32),
  messageSeed: hexOf(32),
  receiptSeed: hexOf(32),
  agreementSeed: hexOf(32),
  voprfKey: hexOf(32).optional(),
});

/** The secrets of a node, each 32 bytes in hex. */
export type KeyFileSecrets = z.infer<typeof secrets>;

/** Seals the secrets under the passphrase: scrypt (RFC 7914), then AES-256-GCM with the whole header as AAD. */
export function encodeKeyFile(
  content: KeyFileSecrets,
  options: { passphrase: string; logN: number },
): string {
  const head = header.parse({
    format: 'medseal/key-file/v1',
    kdf: { name: 'scrypt', logN: options.logN, r: 8, p: 1, salt: randomBytes(32).toString('hex') },
    cipher: { name: 'aes-256-gcm', iv: randomBytes(12).toString('hex') },
  });
  const cipher = createCipheriv(
    'aes-256-gcm',
    keyOf(options.passphrase, head.kdf),
    Buffer.from(head.cipher.iv, 'hex'),
  );
  cipher.setAAD(aadOf(head));
  const sealed = Buffer.concat([
    cipher.update(JSON.stringify(content), 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return `${JSON.stringify({ ...head, sealed: sealed.toString('hex') }, undefined, 2)}\n`;
}

/** Opens `encodeKeyFile`. A wrong passphrase and a damaged file are one error, KEY_FILE_REFUSED. */
export function decodeKeyFile(text: string, passphrase: string): KeyFileSecrets {
  try {
    const { sealed: sealedHex, ...head } = file.parse(JSON.parse(text));
    const sealed = Buffer.from(sealedHex, 'hex');
    const iv = Buffer.from(head.cipher.iv, 'hex');
    const decipher = createDecipheriv('aes-256-gcm', keyOf(passphrase, head.kdf), iv, { authTagLength: 16 });
    decipher.setAAD(aadOf(head));
    decipher.setAuthTag(sealed.subarray(-16));
    const opened = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    return secrets.parse(JSON.parse(opened.toString('utf8')));
  } catch (cause) {
    throw new CryptoError('KEY_FILE_REFUSED', {
      message: 'the key file cannot be opened: wrong passphrase or damaged file',
      cause,
    });
  }
}

function keyOf(passphrase: string, kdf: z.infer<typeof header>['kdf']): Buffer {
  const N = 2 ** kdf.logN;
  const text = Buffer.from(passphrase.normalize('NFKC'), 'utf8');
  return scryptSync(text, Buffer.from(kdf.salt, 'hex'), 32, {
    N,
    r: kdf.r,
    p: kdf.p,
    maxmem: 256 * N * kdf.r,
  });
}

function aadOf({ format, kdf, cipher }: z.infer<typeof header>): Buffer {
  const { name, logN, r, p, salt } = kdf;
  return Buffer.from(
    `${format}\n${JSON.stringify([name, logN, r, p, salt, cipher.name, cipher.iv])}`,
    'utf8',
  );
}
