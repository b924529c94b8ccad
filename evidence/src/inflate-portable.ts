import { deflateRaw, Inflate } from 'pako';
import { refusal } from './errors.ts';

/** `inflate` without the platform's help. */
export function inflateWith(bytes: Uint8Array, maxLength: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  const inflater = new Inflate({ raw: true });
  inflater.onData = (part) => {
    length += part.length;
    if (length > maxLength) throw refusal('PROOF_TOO_LARGE', 'the blocks');
    parts.push(part);
  };
  // The stream has to end with the last byte, not before it and not after.
  inflater.push(bytes.subarray(0, -1), false);
  if (inflater.err !== 0 || inflater.ended) throw malformed('not DEFLATE, or bytes after the end');
  inflater.push(bytes.subarray(-1), true);
  if (inflater.err !== 0 || !inflater.ended) throw malformed('not DEFLATE');
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Raw DEFLATE of `bytes`, without the platform's help. */
export function deflateWith(bytes: Uint8Array): Uint8Array {
  return deflateRaw(bytes, { level: 9 });
}

function malformed(message: string): Error {
  return refusal('PROOF_MALFORMED', message);
}
