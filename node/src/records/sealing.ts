import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from '../lib/logger.ts';
import {
  columnsOf,
  type SealedColumns,
  type SealedVersion,
  sealVersion,
  type VersionToSeal,
} from './seal-version.ts';
import { type SealingThread, startSealingThread } from './start-sealing-thread.ts';

/** Seals versions; the columns stand in the order of the versions. */
export type Seal = (versions: readonly VersionToSeal[]) => Promise<SealedColumns>;
export type Sealing = { seal: Seal; close(): Promise<void> };

/** Records that are sealed before others get their turn: about 3 ms. */
const turnSize = 12;
/** Fewer are sealed faster than they are handed over. */
const fewest = 16;
/** Jobs on their way to one thread; what comes on top is sealed here meanwhile. */
const mostQueued = 8;
const mostThreads = 2;

/** Threads for one of several processes: together they have no more than a single one would. */
export function sealingThreads(processes: number, cores = availableParallelism()): number {
  return Math.floor(Math.min(cores - 1, mostThreads) / processes);
}

/** Seals in the calling thread, with a turn for others in between. */
export async function sealHere(versions: readonly VersionToSeal[]): Promise<SealedColumns> {
  const sealed: SealedVersion[] = [];
  for (const version of versions) {
    if (sealed.length % turnSize === turnSize - 1) await nextTurn();
    sealed.push(sealVersion(version));
  }
  return columnsOf(sealed);
}

/**
 * Seals many versions in threads of their own, so that taking in patients leaves the node's own thread to its requests.
 * Threads start with the first large Bundle; until one is ready, when all have enough to do, and when one fails, the
 * calling thread seals, so that nothing depends on them.
 */
export function openSealing(logger: Logger, threads = sealingThreads(1)): Sealing {
  const running: SealingThread[] = [];
  const start = (): void => {
    while (running.length < threads) {
      const thread = startSealingThread((error) => {
        running.splice(running.indexOf(thread), 1);
        if (error !== undefined) logger.error('records.sealing-thread-lost', { error });
      });
      running.push(thread);
    }
  };
  return {
    seal: async (versions) => {
      if (versions.length < fewest) return sealHere(versions);
      start();
      const [thread] = running
        .filter(({ queued }) => queued() < mostQueued)
        .sort((a, b) => a.queued() - b.queued());
      return (await thread?.seal(versions)) ?? sealHere(versions);
    },
    close: async () => {
      await Promise.all(running.map(({ close }) => close()));
    },
  };
}
