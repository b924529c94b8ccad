import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

const plain = 0;
const compressed = 1;
const maxUnpacked = 64 * 1024 * 1024;
// Level 1 of Zstandard takes half the time of DEFLATE for the same size, and opens faster.
const params = { [constants.ZSTD_c_compressionLevel]: 1 };

/** Text as bytes, compressed from `compressFrom` bytes on where that is shorter; the first byte says which. */
export function pack(text: string, compressFrom = 1024): Uint8Array {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length >= compressFrom) {
    // Sizes that are known ahead keep the compressor's tables and buffers as small as the text.
    const body = zstdCompressSync(bytes, { params, pledgedSrcSize: bytes.length, chunkSize: bytes.length });
    if (body.length < bytes.length) return Buffer.concat([Buffer.of(compressed), body]);
  }
  return Buffer.concat([Buffer.of(plain), bytes]);
}

/** The text of `pack`. Called on authenticated bytes only. */
export function unpack(packed: Uint8Array): string {
  const bytes = packed.subarray(1);
  if (packed[0] === plain) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  if (packed[0] !== compressed) throw new RangeError('unknown packing');
  const chunkSize = Math.max(1024, bytes.length * 4);
  return zstdDecompressSync(bytes, { maxOutputLength: maxUnpacked, chunkSize }).toString('utf8');
}
