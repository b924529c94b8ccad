/** Work that is done in rounds until it is disposed of, which waits for the round that is running. */
export type Rounds = AsyncDisposable & {
  /** Looks for work at once. */
  wake(): void;
};

/**
 * Runs `round` now, whenever woken, and every `intervalMilliseconds`; again at once while it returns that it did
 * something. Rounds never overlap. One that fails is told to `onFailure` and tried again with the next.
 */
export function startRounds(
  round: () => Promise<number>,
  {
    intervalMilliseconds = 1_000,
    onFailure,
  }: { intervalMilliseconds?: number; onFailure(error: unknown): void },
): Rounds {
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  const rounds = async (): Promise<void> => {
    do {
      again = false;
      try {
        if ((await round()) > 0) again = true;
      } catch (error) {
        onFailure(error);
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
