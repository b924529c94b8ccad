import { setTimeout as delay } from 'node:timers/promises';
import type { FabricPlan } from './plan.ts';
import type { Processes } from './processes.ts';
import { heightIn, metricsAt, sentIn } from './status.ts';
import { observe, type Restart, type Sample, type Watched, whomToRestart } from './watchdog.ts';

const everyMs = 1000;

/** Looks at the orderers every second and kills one that hangs, so that it is started again. Returns how to end that. */
export function watchOrderers(
  plan: () => FabricPlan,
  processes: Processes,
  report: (text: string) => void,
): () => Promise<void> {
  const stopping = new AbortController();
  const ended = watch(plan, processes, { report, signal: stopping.signal });
  return () => {
    stopping.abort();
    return ended;
  };
}

async function watch(
  plan: () => FabricPlan,
  processes: Processes,
  { report, signal }: { report: (text: string) => void; signal: AbortSignal },
): Promise<void> {
  let watched: Watched[] = [];
  const restarts: Restart[] = [];
  const pause = () => delay(everyMs, undefined, { signal }).catch(() => undefined); // ended early by the signal
  for (; !signal.aborted; await pause()) {
    const samples = await look(plan(), processes);
    const now = performance.now();
    watched = observe(watched, samples, now);
    const found = whomToRestart(watched, restarts, now);
    const pid = watched.find(({ name }) => name === found?.name)?.pid;
    // Only the process that was looked at: it may have ended since, or the network be stopping.
    if (found === undefined || signal.aborted || processes.pid(found.name) !== pid) continue;
    restarts.push({ name: found.name, at: now });
    report(`${found.name} ${found.reason}; it is killed, to be started again`);
    processes.kill(found.name);
  }
}

async function look({ orderers, channel }: FabricPlan, processes: Processes): Promise<Sample[]> {
  const samples = orderers.map(async ({ name, operationsPort }): Promise<Sample[]> => {
    const pid = processes.pid(name);
    if (pid === undefined) return [];
    const metrics = await metricsAt(operationsPort);
    if (metrics === undefined) return [{ name, pid, facts: undefined }];
    return [
      { name, pid, facts: { height: heightIn(metrics, channel) ?? 0, sent: sentIn(metrics, channel) } },
    ];
  });
  return (await Promise.all(samples)).flat();
}
