import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../lib/logger.ts';
import { type AnchorDeps, type AnchorOutcome, anchor } from './anchor.ts';
import { countPending } from './leaf-store.ts';
import { readBack } from './read-back.ts';
import { sequence } from './sequence.ts';

/** How often the log is looked at, how long a leaf waits at most, and how many leaves cut the wait short. */
export type AnchorPace = { pollMilliseconds: number; maxWaitMilliseconds: number; maxLeaves: number };

export const anchorPace: AnchorPace = { pollMilliseconds: 200, maxWaitMilliseconds: 1_800, maxLeaves: 1_000 };

const firstPause = 1_000;
const longestPause = 10_000;

export type WorkerDeps = AnchorDeps & {
  logger: Logger;
  /** Whether a quiet log has its latest anchor read back, for proofs that need no peer's word (readBack). */
  readsBack: boolean;
  /** Told after each round what is wrong, as a code; undefined when all is well. */
  report(problem: string | undefined): void;
};

/** Places and anchors leaves until `stop`; a failing round is logged and tried again after a growing pause. */
export function startAnchoring(deps: WorkerDeps, pace: AnchorPace = anchorPace): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = run(deps, pace, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function run(deps: WorkerDeps, pace: AnchorPace, signal: AbortSignal): Promise<void> {
  let pause = firstPause;
  let roundAt = Number.NEGATIVE_INFINITY;
  let problem: string | undefined;
  while (!signal.aborted) {
    const due = performance.now() - roundAt >= pace.maxWaitMilliseconds;
    const found = await attempt(deps, async () => {
      if (!due && (await countPending(deps.db, pace.maxLeaves)) < pace.maxLeaves) return undefined;
      roundAt = performance.now();
      await sequence(deps.db, deps.organizationId);
      const outcome = await anchor(deps);
      if (outcome.state === 'idle' && deps.readsBack) await readBack(deps);
      return outcome;
    });
    if (found !== 'untold') problem = found;
    deps.report(problem);
    const well = found === undefined || found === 'untold';
    pause = well ? firstPause : Math.min(pause * 2, longestPause);
    await sleep(well ? pace.pollMilliseconds : pause, signal);
  }
}

/** Runs one round; what went wrong comes back as a code. `untold`: nothing was due, or another process is at it. */
async function attempt(
  { logger }: { logger: Logger },
  round: () => Promise<AnchorOutcome | undefined>,
): Promise<string | undefined> {
  try {
    const outcome = await round();
    if (outcome === undefined || outcome.state === 'busy') return 'untold';
    if (outcome.state !== 'refused' && outcome.state !== 'failed') return undefined;
    logger.warn('evidence-log.anchor-failed', outcome);
    return outcome.state === 'refused'
      ? outcome.code
      : `EVIDENCE_ANCHOR_${outcome.kind.toUpperCase().replace('-', '_')}`;
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    logger.error('evidence-log.round-failed', { code, error });
    return typeof code === 'string' ? code : 'EVIDENCE_ROUND_FAILED';
  }
}

async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
