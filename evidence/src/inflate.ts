import { portable } from '#portable';
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
const { inflateWith, deflateWith } = portable ?? nativeOf(native);

/** Raw DEFLATE (RFC 1951) of at most `maxLength` bytes, and nothing after its end: PROOF_MALFORMED, PROOF_TOO_LARGE. */
export function inflate(bytes: Uint8Array, maxLength: number): Uint8Array {
  return inflateWith(bytes, maxLength);
}

/** Raw DEFLATE of `bytes`. */
export function deflate(bytes: Uint8Array): Uint8Array {
  return deflateWith(bytes);
}

function nativeOf(zlib: NativeZlib | undefined): {
  inflateWith: typeof inflate;
  deflateWith: typeof deflate;
} {
  if (zlib === undefined) throw new Error('neither the platform nor the build has DEFLATE');
  return {
    inflateWith: (bytes, maxLength) => inflateNative(bytes, { zlib, maxLength }),
    deflateWith: (bytes) => new Uint8Array(zlib.deflateRawSync(bytes, { level: 9 })),
  };
}

function inflateNative(
  bytes: Uint8Array,
  { zlib, maxLength }: { zlib: NativeZlib; maxLength: number },
): Uint8Array {
  try {
    const { buffer, engine } = zlib.inflateRawSync(bytes, { maxOutputLength: maxLength, info: true });
    if (engine.bytesWritten !== bytes.length) throw malformed('bytes after the end');
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw malformed('not DEFLATE');
  }
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
