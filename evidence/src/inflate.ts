import { portable } from '#portable';
import { refusal } from './errors.ts';
import { type NativeZlib, nativeZlib } from './platform.ts';

const { inflateWith, deflateWith } = portable ?? nativeOf(nativeZlib);

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
