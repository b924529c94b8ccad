import { write, writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

const flushMilliseconds = 100;
const flushFrom = 4096;
const mostUnwritten = 1_048_576;
const lastAttempts = 20;
const pauseMilliseconds = 50;

/**
 * A file descriptor, written off the requests' path and many lines at a time: a write for each line costs as much as a
 * tenth of a read. A disk that is full, or a reader that is gone, ends no process and holds none up: up to a megabyte is
 * kept and tried again, what comes on top is counted, and the number said once it can be. What is unwritten when the
 * process exits is written then, if it can be; what is lost is in the audit.
 */
export function bufferedOutput(fd = 1): DestinationStream {
  let lines: string[] = [];
  let rest: Uint8Array = new Uint8Array(0);
  /** Of `rest` and of `lines`. */
  let length = 0;
  /** Bytes of `rest` that are being written. */
  let underWay = 0;
  let lost = 0;

  const gather = (): Uint8Array => {
    if (lines.length > 0) rest = Buffer.concat([rest, Buffer.from(lines.join(''), 'utf8')]);
    lines = [];
    length = rest.length;
    return rest;
  };
  const add = (line: string): void => {
    if (length + line.length > mostUnwritten) {
      lost += 1;
      return;
    }
    lines.push(line);
    length += line.length;
  };
  const takeAway = (count: number): void => {
    rest = rest.subarray(count);
    length -= count;
    if (lost === 0) return;
    const line = `${JSON.stringify({ level: 40, lost, msg: 'log.lines-lost' })}\n`;
    lost = 0;
    add(line);
  };
  const flush = (): void => {
    if (underWay > 0 || length === 0) return;
    const bytes = gather();
    underWay = bytes.length;
    write(fd, bytes, (error, count) => {
      underWay = 0;
      if (error === null) takeAway(count);
    });
  };
  setInterval(flush, flushMilliseconds).unref();
  process.once('exit', () => writeLast(fd, gather().subarray(underWay)));
  return {
    write: (line) => {
      add(line);
      if (length >= flushFrom) flush();
    },
  };
}

/** Waits a second for a reader that is slow, and not for anything else. */
function writeLast(fd: number, bytes: Uint8Array): void {
  for (let [from, attempts] = [0, 0]; from < bytes.length && attempts < lastAttempts; ) {
    try {
      from += writeSync(fd, bytes, from);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMilliseconds);
      attempts += 1;
    }
  }
}
