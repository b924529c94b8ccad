import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { type AnchorDeps, type AnchorOutcome, anchor } from './anchor.ts';
import { countPending } from './leaf-store.ts';
import { sequence } from './sequence.ts';

/** How often the log is looked at, how long a leaf waits at most, and how many leaves cut the wait short. */
export type AnchorPace = { pollMilliseconds: number; maxWaitMilliseconds: number; maxLeaves: number };

export const anchorPace: AnchorPace = { pollMilliseconds: 200, maxWaitMilliseconds: 1_800, maxLeaves: 1_000 };

const firstPause = 1_000;
const longestPause = 10_000;

/** Places and anchors leaves until `stop`; a failing round is logged and tried again after a growing pause. */
export function startAnchoring(
  deps: AnchorDeps & { logger: Logger },
  pace: AnchorPace = anchorPace,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = run(deps, pace, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function run(
  deps: AnchorDeps & { logger: Logger },
  pace: AnchorPace,
  signal: AbortSignal,
): Promise<void> {
  let pause = firstPause;
  let roundAt = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const due = performance.now() - roundAt >= pace.maxWaitMilliseconds;
    const well = await attempt(deps, async () => {
      if (!due && (await countPending(deps.db, pace.maxLeaves)) < pace.maxLeaves) return undefined;
      roundAt = performance.now();
      await sequence(deps.db, deps.organizationId);
      return anchor(deps);
    });
    pause = well ? firstPause : Math.min(pause * 2, longestPause);
    await sleep(well ? pace.pollMilliseconds : pause, signal);
  }
}

async function attempt(
  { logger }: { logger: Logger },
  round: () => Promise<AnchorOutcome | undefined>,
): Promise<boolean> {
  try {
    const outcome = await round();
    if (outcome === undefined || outcome.state === 'idle' || outcome.state === 'busy') return true;
    const failed = outcome.state === 'refused' || outcome.state === 'failed';
    if (failed) logger.warn('evidence-log.anchor-failed', outcome);
    return !failed;
  } catch (error) {
    const code = error instanceof AppError ? error.code : 'unexpected';
    logger.error('evidence-log.round-failed', { code, error });
    return false;
  }
}

async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
