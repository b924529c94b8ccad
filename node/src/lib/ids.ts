import { randomBytes, randomUUID } from 'node:crypto';

/** A new random identifier (UUID version 4, RFC 9562 §5.4). */
export function newId(): string {
  return randomUUID();
}

/** `size` bytes from the operating system's generator. */
export function newSecret(size: number): Uint8Array {
  return randomBytes(size);
}
