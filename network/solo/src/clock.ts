/** The only source of time; tests pass their own. */
export type Clock = { now(): Date };

export const systemClock: Clock = { now: () => new Date() };

/** A client's timestamp may be this far from ours, as since Fabric v3.1 (TimeWindowCheck). */
const windowMilliseconds = 15 * 60 * 1000;

/** Whether a time a client claims is within 15 minutes of the ledger's own. */
export function withinWindow(claimed: Date, now: Date): boolean {
  return Math.abs(claimed.getTime() - now.getTime()) <= windowMilliseconds;
}
