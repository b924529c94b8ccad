import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, steadyMilliseconds } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';

/** How long this node's view of the ledger counts. */
export type Freshness = {
  /** Milliseconds since the epoch; 0 while the view was never confirmed. */
  freshUntil(): number;
  /** Asks once; resolves to whether the view was confirmed. */
  check(): Promise<boolean>;
  /** Asks again and again until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
};

export type FreshnessOptions = {
  ledger: { chainHeight(): Promise<number | bigint> };
  /** Number of blocks that are projected here. */
  projectedHeight: () => number | bigint;
  leaseMilliseconds: number;
  clock: Clock;
  /** Time that cannot be set back. */
  steady?: () => number;
  logger: Logger;
};

/**
 * Keeps a lease on the ledger view. It is renewed when the chain is as high as what is projected here, and runs from the
 * moment before the chain was asked: whatever was committed by then has been taken into account. A peer that has less than
 * was seen before (restored from a backup, made anew) cannot know what the others committed since. The lease ends by the
 * system's clock or by steady time, whichever says so first: a clock that is set back does not make it longer, nor does a
 * machine that slept.
 */
export function createFreshness(options: FreshnessOptions): Freshness {
  const { ledger, projectedHeight, leaseMilliseconds, clock, logger, steady = steadyMilliseconds } = options;
  let until: { clock: number; steady: number } | undefined;
  const check = async (): Promise<boolean> => {
    const seen = BigInt(projectedHeight());
    const ends = { clock: clock.now().getTime() + leaseMilliseconds, steady: steady() + leaseMilliseconds };
    try {
      const height = BigInt(await ledger.chainHeight());
      if (height < seen) {
        logger.warn('ledger.behind', { height, seen });
        return false;
      }
      if (height > BigInt(projectedHeight())) return false;
      if (ends.steady >= (until?.steady ?? 0)) until = ends;
      return true;
    } catch (error) {
      logger.warn('ledger.height-unknown', { error });
      return false;
    }
  };
  return {
    freshUntil: () => {
      if (until === undefined) return 0;
      return Math.min(until.clock, Math.floor(clock.now().getTime() + until.steady - steady()));
    },
    check,
    run: async (signal) => {
      while (!signal.aborted) {
        const confirmed = await check();
        // Sooner again while the view lags: every look that fails brings the end of the lease closer.
        const pause = leaseMilliseconds / (confirmed ? 6 : 30);
        await delay(pause, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
      }
    },
  };
}
