import { deflateRawSync, inflateRawSync } from 'node:zlib';

const plain = 0;
const deflated = 1;
const maxUnpacked = 64 * 1024 * 1024;
// A window of 8 KiB holds most records whole; the usual 32 KiB would be fresh pages from the system on every call.
const smallText = 8192;
const small = { level: 3, memLevel: 5, windowBits: 13 };
const large = { level: 3, memLevel: 8, windowBits: 15 };

/** Text as bytes, deflated from `deflateFrom` bytes on where that is shorter; the first byte says which. */
export function pack(text: string, deflateFrom = 300): Uint8Array {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length >= deflateFrom) {
    const body = deflateRawSync(bytes, {
      ...(bytes.length <= smallText ? small : large),
      chunkSize: bytes.length,
    });
    if (body.length < bytes.length) return Buffer.concat([Buffer.of(deflated), body]);
  }
  return Buffer.concat([Buffer.of(plain), bytes]);
}

/** The text of `pack`. Called on authenticated bytes only. */
export function unpack(packed: Uint8Array): string {
  const bytes = packed.subarray(1);
  if (packed[0] === plain) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  if (packed[0] !== deflated) throw new RangeError('unknown packing');
  const chunkSize = Math.max(1024, bytes.length * 4);
  return inflateRawSync(bytes, { maxOutputLength: maxUnpacked, chunkSize }).toString('utf8');
}
