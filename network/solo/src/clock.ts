/** The only source of time; tests pass their own. */
export type Clock = { now(): Date };

export const systemClock: Clock = { now: () => new Date() };

/** A client's timestamp may be this far from ours, as at Fabric's peers (TimeWindowCheck). */
const windowMilliseconds = 15 * 60 * 1000;

/** Whether a time a client claims is within 15 minutes of the ledger's own. */
export function withinWindow(claimed: Date, now: Date): boolean {
  return Math.abs(claimed.getTime() - now.getTime()) <= windowMilliseconds;
}
