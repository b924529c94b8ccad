import type { RecordIndex } from './types.ts';

/**
 * Characters of records that one answer carries: a patient's scans as one page would take gigabytes to open and write.
 * A page may be shorter than `_count` asks (FHIR R4 search.html §count).
 */
export const pageRoom = 16 * 1_048_576;

/** How many of the records, from the first on, fit into `room`; one always does. */
export function fitting(records: readonly { index: RecordIndex }[], room = pageRoom): number {
  let left = room;
  const end = records.findIndex(({ index }, at) => {
    left -= index.size ?? 0;
    return left < 0 && at > 0;
  });
  return end === -1 ? records.length : end;
}
