import { deliverDocuments } from './deliver-documents.ts';
import type { DisputeDeps } from './dispute-deps.ts';
import { markOverdue, submitSteps } from './submit-steps.ts';

export type DisputeWorker = AsyncDisposable & {
  /** Looks for work at once, e.g. after a case was opened. */
  wake(): void;
};

/**
 * Marks crossed deadlines, tells the ledger of steps and hands documents over: now, whenever woken, and every
 * `intervalMilliseconds`. A failure is logged and tried again. Disposing waits for the round that is running.
 */
export function startDisputeWorker(
  deps: DisputeDeps,
  { intervalMilliseconds = 1_000 }: { intervalMilliseconds?: number } = {},
): DisputeWorker {
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  const rounds = async (): Promise<void> => {
    do {
      again = false;
      try {
        const done = (await markOverdue(deps)) + (await submitSteps(deps)) + (await deliverDocuments(deps));
        if (done > 0) again = true;
      } catch (error) {
        deps.logger.error('dispute.work-failed', { error });
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
