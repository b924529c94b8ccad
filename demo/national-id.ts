import { createHash } from 'node:crypto';

const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** Check digit of the first 17 digits (GB 11643-1999, ISO 7064 MOD 11-2). */
function checkDigit(digits: string): string {
  const sum = weights.reduce((total, weight, place) => total + weight * Number(digits[place]), 0);
  return '10X98765432'[sum % 11] ?? '';
}

/**
 * An invented, valid 18-digit resident identity number that stays the same for the same patient. Region 999999 is
 * assigned to no place, so the number can be nobody's.
 */
export function inventNationalId(patient: { id: string; birthDate: string; gender: string }): string {
  const random = createHash('sha256').update(patient.id).digest().readUInt16BE(0) % 500;
  return nationalIdOf(patient.birthDate, random * 2 + (patient.gender === 'male' ? 1 : 0));
}

/** The number with this place, 0 to 999, among those of one birth date. */
export function nationalIdOf(birthDate: string, sequence: number): string {
  const digits = `999999${birthDate.replaceAll('-', '')}${String(sequence).padStart(3, '0')}`;
  return digits + checkDigit(digits);
}
