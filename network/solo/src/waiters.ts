import { SoloError } from './errors.ts';

/** Callers that wait for something to become true, asked again at each `wake`. */
export type Waiters = {
  until(condition: () => boolean, signal: AbortSignal): Promise<void>;
  wake(): void;
  close(): void;
};

export function createWaiters(): Waiters {
  const waiting = new Set<() => void>();
  let closed = false;
  const wake = (): void => {
    for (const look of [...waiting]) look();
  };
  return {
    wake,
    close: () => {
      closed = true;
      wake();
    },
    until: (condition, signal) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (condition()) finish(resolve);
          else if (closed) finish(() => reject(new SoloError('LEDGER_CLOSED', 'the ledger is closing')));
          else if (signal.aborted)
            finish(() => reject(new SoloError('LEDGER_CLOSED', 'nobody waits any more')));
        };
        const finish = (settle: () => void): void => {
          waiting.delete(look);
          signal.removeEventListener('abort', look);
          settle();
        };
        waiting.add(look);
        signal.addEventListener('abort', look);
        look();
      }),
  };
}
