// Ends the processes whose ids it was told when its standard input closes: that happens when the process that started them
// dies, even by SIGKILL. Run as a process of its own.
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { strays } from './leftovers.ts';

const patienceMs = 6_000;
const pids = new Set<number>();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

function send(signal: NodeJS.Signals | 0): number[] {
  return [...pids].filter((pid) => {
    try {
      return process.kill(pid, signal);
    } catch {
      return false;
    }
  });
}

const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  const pid = Number(line.slice(1));
  if (line.startsWith('+')) pids.add(pid);
  else pids.delete(pid);
});
input.on('close', async () => {
  const startedAt = performance.now();
  send('SIGTERM');
  await delay(200);
  // Also what was started in the very moment of death. Looked for once: soon another supervisor may work in this folder.
  for (const pid of strays(process.argv[2] ?? '')) pids.add(pid);
  send('SIGTERM');
  const timer = setInterval(() => {
    const late = performance.now() - startedAt > patienceMs;
    if (late) send('SIGKILL');
    if (send(0).length > 0 && performance.now() - startedAt < patienceMs + 2_000) return;
    clearInterval(timer);
  }, 50);
});
