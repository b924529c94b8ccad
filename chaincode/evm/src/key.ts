import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { type Address, type Hex, isHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';

/** Writes a new notary's key (0x and 64 hex digits) to a file that must not exist yet, and returns its address. */
export function createNotaryKey(path: string): Address {
  const key: Hex = `0x${randomBytes(32).toString('hex')}`;
  writeFileSync(path, `${key}\n`, { mode: 0o600, flag: 'wx' });
  return privateKeyToAccount(key).address;
}

/** The key that `createNotaryKey` wrote. */
export function readNotaryKey(path: string): Hex {
  const key = readFileSync(path, 'utf8').trim();
  if (!isHex(key) || key.length !== 66) throw new Error('the key file does not hold 0x and 64 hex digits');
  return key;
}

/** Address of the notary whose key the file holds. */
export function notaryAddress(path: string): Address {
  return privateKeyToAccount(readNotaryKey(path)).address;
}
