import { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/**
 * A socket that sends what is written in one turn in one go: a statement written by itself costs a system call and a
 * wake-up of the server, which on a busy machine is more than running it.
 */
export class GatheringSocket extends Socket {
  #isGathering = false;

  constructor() {
    super();
    // `connect` of node:net puts its own `write` before that of any class.
    this.once('connect', () => Reflect.deleteProperty(this, 'write'));
  }

  override write(chunk: string | Uint8Array, done?: Done): boolean;
  override write(chunk: string | Uint8Array, encoding?: BufferEncoding, done?: Done): boolean;
  override write(chunk: string | Uint8Array, second?: BufferEncoding | Done, done?: Done): boolean {
    this.#gather();
    return typeof second === 'function' ? super.write(chunk, second) : super.write(chunk, second, done);
  }

  #gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    this.cork();
    // After the promises that are ready now, which may write more.
    process.nextTick(() => {
      this.#isGathering = false;
      this.uncork();
    });
  }
}
