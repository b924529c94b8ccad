import { Socket } from 'node:net';
import { isMainThread, Worker } from 'node:worker_threads';

// Preloaded into a child process whose standard input is a pipe from its parent: when the parent is gone, even by
// SIGKILL, the pipe ends and the child ends too. A thread of its own watches, so that a busy child cannot miss it.
if (isMainThread) {
  new Worker(new URL(import.meta.url), { execArgv: [] }).unref();
} else {
  const end = (): void => {
    process.kill(process.pid, 'SIGKILL');
  };
  new Socket({ fd: 0, readable: true, writable: false }).on('end', end).on('error', end).resume();
}
