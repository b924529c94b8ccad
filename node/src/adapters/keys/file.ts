import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { ristretto255_oprf } from '@noble/curves/ed25519.js';
import { CryptoError } from '../../crypto/errors.ts';
import type { KeyStore } from '../../crypto/key-store.ts';
import { newId, newSecret } from '../../lib/ids.ts';
import { decodeKeyFile, encodeKeyFile, type KeyFileSecrets } from './key-file-format.ts';
import { keyStoreOf } from './key-store.ts';

/** scrypt with N = 2^17, r = 8, p = 1: 128 MiB and about half a second a guess (OWASP's first choice). */
const defaultLogN = 17;
const minPassphrase = 12;

/**
 * Creates a key file with fresh keys, readable by its owner only, and opens it. Never overwrites: KEY_FILE_EXISTS.
 * `pseudonymKey` adds the alliance's pseudonym key (the regulator's node alone has it).
 */
export function createKeyFile(options: {
  path: string;
  passphrase: string;
  pseudonymKey?: boolean;
  logN?: number;
}): KeyStore {
  const { path, passphrase, logN = defaultLogN } = options;
  if (passphrase.length < minPassphrase) {
    throw new CryptoError('KEY_FILE_PASSPHRASE', {
      message: `the passphrase of a key file has at least ${minPassphrase} characters`,
    });
  }
  const secrets = newSecrets(options.pseudonymKey === true);
  writeOnce(path, encodeKeyFile(secrets, { passphrase, logN }));
  return keyStoreOf(secrets);
}

/**
 * Opens a key file. A wrong passphrase and a damaged file are one error, KEY_FILE_REFUSED; a file that others may
 * read is KEY_FILE_EXPOSED.
 */
export function openKeyFile({ path, passphrase }: { path: string; passphrase: string }): KeyStore {
  return keyStoreOf(decodeKeyFile(readPrivate(path), passphrase));
}

function newSecrets(pseudonymKey: boolean): KeyFileSecrets {
  const secret = (): string => Buffer.from(newSecret(32)).toString('hex');
  const voprf = pseudonymKey ? ristretto255_oprf.voprf.generateKeyPair().secretKey : undefined;
  return {
    masterKey: secret(),
    tokenKey: secret(),
    logSeed: secret(),
    messageSeed: secret(),
    receiptSeed: secret(),
    agreementSeed: secret(),
    ...(voprf === undefined ? {} : { voprfKey: Buffer.from(voprf).toString('hex') }),
  };
}

/** Write aside, fsync, then link: a crash leaves no file or a whole one, and an existing one is never replaced. */
function writeOnce(path: string, text: string): void {
  const aside = `${path}.${newId()}.tmp`;
  try {
    const file = openSync(aside, 'wx', 0o600);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    try {
      linkSync(aside, path);
    } finally {
      unlinkSync(aside);
    }
    syncDirectory(dirname(path));
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') {
      throw new CryptoError('KEY_FILE_EXISTS', {
        message: 'a key file exists already; it is not replaced',
        cause,
      });
    }
    throw new CryptoError('KEY_FILE_UNREADABLE', { message: 'the key file cannot be written', cause });
  }
}

/** Directories cannot be opened for syncing on Windows, where the rename is journalled. */
function syncDirectory(path: string): void {
  if (process.platform === 'win32') return;
  const directory = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function readPrivate(path: string): string {
  let text: string;
  let mode: number;
  try {
    const file = openSync(path, constants.O_RDONLY);
    try {
      mode = fstatSync(file).mode;
      text = readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw new CryptoError('KEY_FILE_UNREADABLE', { message: 'the key file cannot be read', cause });
  }
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new CryptoError('KEY_FILE_EXPOSED', {
      message: 'others may read the key file: set its mode to 0600',
    });
  }
  return text;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
