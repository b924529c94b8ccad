import { createServer } from 'node:net';

const lowest = 10_240;
const blocks = 1_000;
const blockSize = 20;

function isFree(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const server = createServer();
    server.once('error', () => answer(false));
    server.listen(port, '127.0.0.1', () => server.close(() => answer(true)));
  });
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** First port of a block of 20 that were free a moment ago, below the range that outgoing connections take theirs from. */
export async function freePortBlock(): Promise<number> {
  for (let attempt = 0; attempt < blocks; attempt += 1) {
    const base = lowest + Math.floor(Math.random() * blocks) * blockSize;
    const free = await Promise.all(Array.from({ length: blockSize }, (_, at) => isFree(base + at)));
    if (free.every(Boolean)) return base;
  }
  throw new Error('no block of free ports');
}
