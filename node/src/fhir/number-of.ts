import { WrittenNumber } from '@medseal/evidence';

/** The double that a JSON number of a resource stands for; undefined for anything else. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return value instanceof WrittenNumber ? value.valueOf() : undefined;
}
