import type { Writable } from 'node:stream';

type Sink<Message> = Pick<Writable, 'once' | 'off'> & { write(message: Message): boolean };

/** Writes one message and waits until a slow client has taken what was written before. */
export async function writeTo<Message>(
  stream: Sink<Message>,
  message: Message,
  signal: AbortSignal,
): Promise<void> {
  if (stream.write(message) || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    stream.once('drain', done);
    signal.addEventListener('abort', done);
  });
}
