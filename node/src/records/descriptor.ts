import type { RecordDescriptor } from '../consent/index.ts';
import type { RecordIndex } from './types.ts';

/** What a decision is applied to, of a record's index. */
export function descriptorOf({ type, id, labels, date, until }: RecordIndex): RecordDescriptor {
  return {
    ...{ type, id, labels },
    ...(date === undefined ? {} : { date }),
    ...(until === undefined ? {} : { until }),
  };
}
