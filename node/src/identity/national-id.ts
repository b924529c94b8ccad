import type { Branded } from '../lib/brand.ts';
import { IdentityError } from './errors.ts';

/** Resident identity number: 17 digits and a check character, `X` in upper case (GB 11643-1999). */
export type NationalId = Branded<'NationalId'>;

/** FHIR identifier system of the resident identity number. */
export const nationalIdSystem = 'urn:oid:2.16.156.10011.1.3';

const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/**
 * Parses a resident identity number (GB 11643-1999: region, birth date, sequence, ISO 7064 MOD 11-2 check character).
 * Full-width digits, spaces and 15-digit numbers are refused, not guessed at: two spellings of one person would give
 * two pseudonyms.
 */
export function parseNationalId(text: string): NationalId {
  const normalised = text.replace(/x$/, 'X');
  if (!/^\d{17}[\dX]$/.test(normalised) || !isDate(normalised.slice(6, 14)) || !isChecked(normalised)) {
    throw new IdentityError('IDENTITY_NATIONAL_ID_INVALID');
  }
  return normalised as NationalId;
}

function isDate(digits: string): boolean {
  const iso = `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}`;
  const time = Date.parse(`${iso}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(iso);
}

function isChecked(id: string): boolean {
  const sum = weights.reduce((total, weight, place) => total + weight * Number(id[place]), 0);
  return '10X98765432'[sum % 11] === id[17];
}
