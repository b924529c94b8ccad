import { deflateRaw, Inflate } from 'pako';
import { refusal } from './errors.ts';

type Options = { maxOutputLength: number; info: true };
type NativeZlib = {
  inflateRawSync(
    bytes: Uint8Array,
    options: Options,
  ): { buffer: Uint8Array; engine: { bytesWritten: number } };
  deflateRawSync(bytes: Uint8Array, options: { level: 9 }): Uint8Array;
};
type Platform = { process?: { getBuiltinModule?: (id: 'node:zlib') => NativeZlib | undefined } };

// Node's own where there is one: several times as fast. A browser has none that answers at once.
const native = (globalThis as Platform).process?.getBuiltinModule?.('node:zlib');

/** Raw DEFLATE (RFC 1951) of at most `maxLength` bytes, and nothing after its end: PROOF_MALFORMED, PROOF_TOO_LARGE. */
export function inflate(bytes: Uint8Array, maxLength: number): Uint8Array {
  if (native === undefined) return inflatePortable(bytes, maxLength);
  try {
    const { buffer, engine } = native.inflateRawSync(bytes, { maxOutputLength: maxLength, info: true });
    if (engine.bytesWritten !== bytes.length) throw malformed('bytes after the end');
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw malformed('not DEFLATE');
  }
}

/** The same on every platform. */
export function inflatePortable(bytes: Uint8Array, maxLength: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  const inflater = new Inflate({ raw: true });
  inflater.onData = (part) => {
    length += part.length;
    if (length > maxLength) throw tooLarge();
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

/** Raw DEFLATE of `bytes`. */
export function deflate(bytes: Uint8Array): Uint8Array {
  return native === undefined
    ? deflateRaw(bytes, { level: 9 })
    : new Uint8Array(native.deflateRawSync(bytes, { level: 9 }));
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function malformed(message: string): Error {
  return refusal('PROOF_MALFORMED', message);
}

function tooLarge(): Error {
  return refusal('PROOF_TOO_LARGE', 'the blocks');
}
