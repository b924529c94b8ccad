// Ends the processes whose ids it was told when its standard input closes: that happens when the process that started them
// dies, even by SIGKILL. Run as a process of its own.
import { createInterface } from 'node:readline';

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
input.on('close', () => {
  const startedAt = Date.now();
  send('SIGTERM');
  const timer = setInterval(() => {
    if (Date.now() - startedAt > 8000) send('SIGKILL');
    if (send(0).length > 0 && Date.now() - startedAt < 10_000) return;
    clearInterval(timer);
    process.exit(0);
  }, 100);
});
