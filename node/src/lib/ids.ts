import { randomBytes, randomFillSync, randomUUID } from 'node:crypto';

// One call for many secrets: a call costs ten times as much as the bytes of one.
const pool = new Uint8Array(8192);
const largestPooled = 256;
let used = pool.length;

/** A new random identifier (UUID version 4, RFC 9562 §5.4). */
export function newId(): string {
  return randomUUID();
}

/** `size` bytes from the operating system's generator. */
export function newSecret(size: number): Uint8Array {
  if (size > largestPooled) return randomBytes(size);
  if (used + size > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const secret = pool.slice(used, used + size);
  pool.fill(0, used, used + size);
  used += size;
  return secret;
}
