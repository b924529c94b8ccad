import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../lib/logger.ts';
import { fillHistory, type HistoryFillDeps } from './history-fill.ts';
import { type NotarizeDeps, type NotarizeOutcome, notarize } from './notarize.ts';

const shortestPause = 1_000;
const longestPause = 60_000;

export type NotarizeWorkerDeps = NotarizeDeps &
  HistoryFillDeps & {
    logger: Logger;
    /** Told after each round what is wrong, as a code; undefined when all is well. */
    report?(problem: string | undefined): void;
  };

/** Notarizes until `signal` aborts. A chain that is away only delays: a failed round is tried again after a growing pause. */
export async function runNotary(deps: NotarizeWorkerDeps, signal: AbortSignal): Promise<void> {
  const steady = Math.min(Math.max(deps.intervalMs / 4, shortestPause), longestPause);
  let pause = shortestPause;
  while (!signal.aborted) {
    const found = await attempt(deps, signal);
    // Another process is at it: that says nothing of what this one found.
    const problem = found === 'busy' ? undefined : found;
    if (found !== 'busy') deps.report?.(problem);
    pause = problem === undefined ? shortestPause : Math.min(pause * 2, longestPause);
    await sleep(problem === undefined ? steady : pause, signal);
  }
}

async function attempt(deps: NotarizeWorkerDeps, signal: AbortSignal): Promise<string | undefined> {
  try {
    await fillHistory(deps, signal);
    return problemOf(await notarize(deps), deps.logger);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    deps.logger.warn('notary.round-failed', { code, error });
    return typeof code === 'string' ? code : 'NOTARY_ROUND_FAILED';
  }
}

function problemOf(outcome: NotarizeOutcome, logger: Logger): string | undefined {
  if (outcome.state === 'busy') return 'busy';
  if (outcome.state === 'unauthorized') return 'NOTARY_UNAUTHORIZED';
  if (outcome.state === 'incomplete') return 'NOTARY_HISTORY_INCOMPLETE';
  if (outcome.state === 'sent') logger.info('notary.sent', { height: outcome.height });
  if (outcome.state !== 'contradicted') return undefined;
  logger.error('notary.contradicted', { height: outcome.height });
  return 'NOTARY_CONTRADICTED';
}

async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
