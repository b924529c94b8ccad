import { Worker } from 'node:worker_threads';
import type { SealedColumns, VersionToSeal } from './seal-version.ts';
import type { SealingAnswer, SealingJob } from './sealing-thread.ts';

/** A thread that seals, as the node's own thread sees it. */
export type SealingThread = {
  /** Jobs on their way; more than any limit until the thread is ready. */
  queued(): number;
  /** Nothing where the thread could not do it. */
  seal(versions: readonly VersionToSeal[]): Promise<SealedColumns | undefined>;
  close(): Promise<void>;
};

/** Starts a thread; `onEnd` is told when it is over, and why where it was not asked to. */
export function startSealingThread(onEnd: (error?: Error) => void): SealingThread {
  const worker = new Worker(new URL('./sealing-thread.ts', import.meta.url), {
    name: 'sealing',
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 12 },
  });
  const waiting = new Map<number, (columns: SealedColumns | undefined) => void>();
  let [isReady, isOver, jobs] = [false, false, 0];
  const end = (error?: Error): void => {
    if (isOver) return;
    isOver = true;
    for (const answer of waiting.values()) answer(undefined);
    onEnd(error);
  };
  worker.on('message', (message: 'ready' | SealingAnswer) => {
    if (message === 'ready') {
      isReady = true;
      return;
    }
    waiting.get(message.job)?.(message.columns);
    waiting.delete(message.job);
  });
  worker.on('error', end).on('exit', () => end());
  return {
    queued: () => (isReady ? waiting.size : Number.POSITIVE_INFINITY),
    seal: async (versions) => {
      if (isOver) return undefined;
      jobs += 1;
      const job: SealingJob = { job: jobs, versions };
      return new Promise((resolve) => {
        waiting.set(job.job, resolve);
        worker.postMessage(job);
      });
    },
    close: async () => {
      await worker.terminate();
    },
  };
}
