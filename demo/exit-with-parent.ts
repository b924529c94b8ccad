import { Socket } from 'node:net';
import { isMainThread, Worker } from 'node:worker_threads';

// Preloaded into every child of the demo, whose standard input is a pipe that nobody writes to. When the parent is gone, even
// by SIGKILL, the pipe ends: the child is asked to stop in order, and ended if it has not done so within 10 s. A thread of its
// own watches, so that a busy child cannot miss it.
if (isMainThread) {
  new Worker(new URL(import.meta.url), { execArgv: [] }).unref();
} else {
  let asked = false;
  const end = (): void => {
    if (asked) return;
    asked = true;
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 10_000);
  };
  new Socket({ fd: 0, readable: true, writable: false }).on('end', end).on('error', end).resume();
}
