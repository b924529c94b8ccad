import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { readToParent } from './process-messages.ts';
import { addUpMetrics } from './process-metrics.ts';

export type ServingProcesses = {
  /** What the first of them said when it was ready. */
  ready: Record<string, string | number>;
  stop(): Promise<void>;
};

const firstPause = 500;
const longestPause = 30_000;
/** One that ran so long had nothing wrong from its start. */
const steadyMilliseconds = 60_000;
/** Longer than the servers give requests under way. */
const graceMilliseconds = 15_000;

/**
 * Serves the node's ports from `count` processes: each is a whole node, as replicas on other machines are, but that they
 * share the ports. Resolves when all serve; one that ends is started again. They end with this process, however it ends.
 */
export async function startServingProcesses({
  count,
  logger,
}: {
  count: number;
  logger: Logger;
}): Promise<ServingProcesses> {
  // Each takes connections from the port itself. Handed on by this process, those on their way to one that has just been
  // killed would hang for good: nobody else gets them, and nobody ends them.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  // Many processes that write to one pipe would tear each other's lines: this one passes them on.
  cluster.setupPrimary({ silent: true });
  const places = Array.from({ length: count }, (_, at) => createPlace(at + 1, logger));
  const addUp = addUpMetrics(() => places.flatMap(({ worker }) => worker() ?? []));
  cluster.on('message', addUp);
  const stop = async (): Promise<void> => {
    await Promise.all(places.map((place) => place.stop()));
  };
  try {
    const [first, ...others] = places;
    // The first brings the database up to date before the others look at it.
    const ready = (await first?.start()) ?? {};
    await Promise.all(others.map((place) => place.start()));
    return { ready, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One of the processes, whichever holds its place at the moment. */
type Place = {
  start(): Promise<Record<string, string | number>>;
  /** The process, once it serves. */
  worker(): Worker | undefined;
  stop(): Promise<void>;
};

function createPlace(place: number, logger: Logger): Place {
  const stopping = new AbortController();
  let current: Worker | undefined;
  let serving = false;
  let running: Promise<void> = Promise.resolve();
  const launch = async (): Promise<Record<string, string | number>> => {
    serving = false;
    current = cluster.fork();
    passOn(current);
    const ready = await readiness(current);
    serving = true;
    return ready;
  };
  const keep = async (): Promise<void> => {
    for (let pause = firstPause; !stopping.signal.aborted; pause = Math.min(pause * 2, longestPause)) {
      const since = performance.now();
      await ended(current);
      serving = false;
      if (stopping.signal.aborted) return;
      if (performance.now() - since > steadyMilliseconds) pause = firstPause;
      logger.error('process.ended', { place, pid: current?.process.pid, pauseMilliseconds: pause });
      await delay(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      await launch().then(
        () => logger.info('process.restarted', { place, pid: current?.process.pid }),
        (error: unknown) => logger.error('process.start-failed', { place, error }),
      );
    }
  };
  return {
    start: async () => {
      const ready = await launch();
      running = keep();
      return ready;
    },
    worker: () => (serving ? current : undefined),
    stop: async () => {
      stopping.abort();
      current?.process.kill('SIGTERM');
      const timer = setTimeout(() => current?.process.kill('SIGKILL'), graceMilliseconds);
      await ended(current);
      clearTimeout(timer);
      await running;
    },
  };
}

/** Resolves when the process serves; rejects with its own reason when it ends before. */
function readiness(worker: Worker): Promise<Record<string, string | number>> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: unknown) => {
      const told = readToParent(message);
      if (told?.kind === 'ready') resolve(told.fields);
      if (told?.kind === 'failed') reject(new AppError(told.code, { message: told.message }));
    });
    worker.once('exit', () =>
      reject(new AppError('PROCESS_ENDED', { message: 'a serving process ended before it was ready' })),
    );
  });
}

async function ended(worker: Worker | undefined): Promise<void> {
  if (worker !== undefined && !worker.isDead()) await once(worker, 'exit');
}

function passOn({ process: child }: Worker): void {
  const lines = (from: Readable | null, to: NodeJS.WriteStream): void => {
    if (from !== null) createInterface({ input: from }).on('line', (line) => void to.write(`${line}\n`));
  };
  lines(child.stdout, process.stdout);
  lines(child.stderr, process.stderr);
}
