import { hex } from '@medseal/evidence';
import { newSecret } from '../lib/ids.ts';

/** A random 128-bit id, under which the ledger knows a consent; nothing about it can be guessed or joined. */
export function newLedgerId(): string {
  return hex(newSecret(16));
}
