import { createServer } from 'node:net';
import { expect, it, vi } from 'vitest';
import { GatheringSocket } from './gathering-socket.ts';

it('sends what is written in one turn in one go, in order, and the rest later', async () => {
  const received: Buffer[] = [];
  const server = createServer((peer) => peer.on('data', (chunk: Buffer) => received.push(chunk)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const socket = new GatheringSocket();
  socket.connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const together = vi.spyOn(socket, '_writev');
  const alone = vi.spyOn(socket, '_write');

  socket.write('a');
  await Promise.resolve();
  socket.write('b', 'utf8');
  await new Promise<unknown>((resolve) => socket.write(Buffer.from('c'), resolve));
  expect([together.mock.calls.length, alone.mock.calls.length]).toEqual([1, 0]);
  await new Promise<unknown>((resolve) => socket.write('d', resolve));

  expect(alone).toHaveBeenCalledTimes(1);
  await expect.poll(() => Buffer.concat(received).toString()).toBe('abcd');
  socket.destroy();
  server.close();
});
