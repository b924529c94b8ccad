import { fromHex } from '@medseal/evidence';
import { ristretto255 } from '@noble/curves/ed25519.js';
import type { Config } from '../config.ts';
import { AppError } from '../lib/errors.ts';

/** The public key of the alliance's pseudonym function; text that is none would be found with the first patient only. */
export function pseudonymKeyOf({ MEDSEAL_PSEUDONYM_PUBLIC_KEY: text }: Config): Uint8Array {
  const key = fromHex(text);
  try {
    ristretto255.Point.fromBytes(key);
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', {
      message: 'MEDSEAL_PSEUDONYM_PUBLIC_KEY is no such key: ask the regulator for it (pseudonymPublicKey)',
      cause,
    });
  }
  return key;
}
