import { type SubmitDeps, submitConsents } from './submit-consents.ts';

export type ConsentSubmitter = AsyncDisposable & {
  /** Looks for work at once, e.g. after a grant. */
  wake(): void;
};

/**
 * Runs `submitConsents` now, whenever woken, and every `intervalMilliseconds`. A failure (database or ledger away) is
 * logged and tried again. Disposing waits for the round that is running.
 */
export function startConsentSubmitter(
  deps: SubmitDeps,
  { intervalMilliseconds = 1_000 }: { intervalMilliseconds?: number } = {},
): ConsentSubmitter {
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  const rounds = async (): Promise<void> => {
    do {
      again = false;
      try {
        if ((await submitConsents(deps)) > 0) again = true;
      } catch (error) {
        deps.logger.error('consent.submission-failed', { error });
      }
    } while (again && !stopped);
  };
  const wake = (): void => {
    again = true;
    if (stopped) return;
    running ??= rounds().finally(() => {
      running = undefined;
    });
  };
  const timer = setInterval(wake, intervalMilliseconds);
  wake();
  return {
    wake,
    async [Symbol.asyncDispose]() {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };
}
