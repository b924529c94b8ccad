/** The only source of time; tests pass their own. */
export type Clock = { now(): Date };

export const systemClock: Clock = { now: () => new Date() };

/** Milliseconds that only ever go on, whatever the system's clock is set to; they may stand still while the machine sleeps. */
export const steadyMilliseconds = (): number => performance.now();

/** A clock that stands still until it is moved. */
export function manualClock(startAt: string): Clock & { advance(milliseconds: number): void } {
  let time = Date.parse(startAt);
  return {
    now: () => new Date(time),
    advance: (milliseconds) => {
      time += milliseconds;
    },
  };
}
