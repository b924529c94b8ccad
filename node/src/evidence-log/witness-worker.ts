import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../lib/logger.ts';

export type WitnessPace = { pollMilliseconds: number };

export const witnessPace: WitnessPace = { pollMilliseconds: 500 };

/** Runs the rounds of witnessing until `stop`; one that fails is logged and the others go on. */
export function startRounds(
  rounds: readonly (() => Promise<void>)[],
  { logger, pace = witnessPace }: { logger: Logger; pace?: WitnessPace },
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = Promise.all(rounds.map((round) => run(round, { logger, pace, signal: stopping.signal })));
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function run(
  round: () => Promise<void>,
  { logger, pace, signal }: { logger: Logger; pace: WitnessPace; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    try {
      await round();
    } catch (error) {
      logger.error('witness.round-failed', { error });
    }
    // An aborted wait is the end of the loop, not a failure.
    await delay(pace.pollMilliseconds, undefined, { signal }).catch(() => undefined);
  }
}
