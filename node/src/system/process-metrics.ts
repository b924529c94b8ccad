import cluster, { type Worker } from 'node:cluster';
import { AggregatorRegistry, type Registry } from 'prom-client';
import { AppError } from '../lib/errors.ts';
import { readToParent, readToServing, type ToParent, type ToServing } from './process-messages.ts';

const answerMilliseconds = 2_000;

/**
 * The figures of this process or, where it is one of several behind the same ports, of all of them added up: whichever of
 * them a collector meets, its counters go on.
 */
export function metricsOfAll(registry: Registry): () => Promise<string> {
  if (!cluster.isWorker) return () => registry.metrics();
  const waiting = new Map<number, (text: string) => void>();
  const tell = (message: ToParent): void => void process.send?.(message);
  process.on('message', (message: unknown) => {
    const told = readToServing(message);
    if (told?.kind === 'metrics-summed') waiting.get(told.id)?.(told.text);
    if (told?.kind === 'metrics-wanted')
      registry.getMetricsAsJSON().then(
        (metrics) => tell({ kind: 'metrics', id: told.id, metrics }),
        () => undefined, // the sum goes without it
      );
  });
  let asked = 0;
  return () =>
    new Promise((resolve, reject) => {
      asked += 1;
      const id = asked;
      const settle = (): void => {
        clearTimeout(timer);
        waiting.delete(id);
      };
      const timer = setTimeout(() => {
        settle();
        reject(new AppError('HTTP_UNAVAILABLE'));
      }, 2 * answerMilliseconds);
      waiting.set(id, (text) => {
        settle();
        resolve(text);
      });
      tell({ kind: 'metrics-asked', id });
    });
}

type Gathering = { metrics: object[][]; left: Set<number>; done(): void };

/** Adds up, for any serving process that asks, what all of them have; one that does not answer is left out. */
export function addUpMetrics(serving: () => readonly Worker[]): (from: Worker, message: unknown) => void {
  const gatherings = new Map<number, Gathering>();
  let rounds = 0;
  const ask = async (worker: Worker, id: number): Promise<void> => {
    rounds += 1;
    const round = rounds;
    const metrics = await gather(round, gatherings, serving());
    gatherings.delete(round);
    if (worker.isConnected()) say(worker, { kind: 'metrics-summed', id, text: await sum(metrics) });
  };
  return (from, message) => {
    const told = readToParent(message);
    if (told?.kind === 'metrics-asked') void ask(from, told.id); // a failure is an asker's timeout
    if (told?.kind !== 'metrics') return;
    const gathering = gatherings.get(told.id);
    gathering?.metrics.push(told.metrics);
    gathering?.left.delete(from.id);
    if (gathering?.left.size === 0) gathering.done();
  };
}

async function gather(
  round: number,
  gatherings: Map<number, Gathering>,
  serving: readonly Worker[],
): Promise<object[][]> {
  const { promise: complete, resolve: done } = Promise.withResolvers<void>();
  const gathering = { metrics: [], left: new Set(serving.map(({ id }) => id)), done };
  gatherings.set(round, gathering);
  for (const worker of serving) say(worker, { kind: 'metrics-wanted', id: round });
  const timer = setTimeout(done, answerMilliseconds);
  await complete;
  clearTimeout(timer);
  return gathering.metrics;
}

const sum = (metrics: object[][]): Promise<string> => AggregatorRegistry.aggregate(metrics).metrics();

function say(worker: Worker, message: ToServing): void {
  worker.send(message, () => undefined); // a process that has just ended is not told
}
