import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.ts';
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
  logger: Logger;
};

/**
 * Keeps a lease on the ledger view. It is renewed when the chain is no higher than what is projected here, and runs
 * from the moment before the chain was asked: whatever was committed by then has been taken into account.
 */
export function createFreshness(options: FreshnessOptions): Freshness {
  const { ledger, projectedHeight, leaseMilliseconds, clock, logger } = options;
  let until = 0;
  const check = async (): Promise<boolean> => {
    const askedAt = clock.now().getTime();
    try {
      const height = await ledger.chainHeight();
      if (BigInt(height) > BigInt(projectedHeight())) return false;
      until = Math.max(until, askedAt + leaseMilliseconds);
      return true;
    } catch (error) {
      logger.warn('ledger.height-unknown', { error });
      return false;
    }
  };
  return {
    freshUntil: () => until,
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
