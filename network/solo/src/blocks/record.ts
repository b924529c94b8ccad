import { crc32 } from 'node:zlib';

const magic = Buffer.from('MSBK');
export const recordHeaderBytes = 16;
/** No block of ours comes near this; a length beyond it is damage. */
export const maxBlockBytes = 16 * 1024 * 1024;

/** Magic, length, CRC-32 of the block, CRC-32 of these twelve bytes; then the block. Integers are big-endian. */
export function encodeRecord(block: Uint8Array): Uint8Array {
  const header = Buffer.alloc(recordHeaderBytes);
  magic.copy(header);
  header.writeUInt32BE(block.length, 4);
  header.writeUInt32BE(crc32(block), 8);
  header.writeUInt32BE(crc32(header.subarray(0, 12)), 12);
  return Buffer.concat([header, block]);
}

export type RecordHeader = { length: number; checksum: number };

/** Reads a record's header; undefined when it is not one. */
export function decodeHeader(bytes: Uint8Array): RecordHeader | undefined {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, recordHeaderBytes));
  if (header.length < recordHeaderBytes || !header.subarray(0, 4).equals(magic)) return undefined;
  const length = header.readUInt32BE(4);
  const sound = header.readUInt32BE(12) === crc32(header.subarray(0, 12));
  return sound && length > 0 && length <= maxBlockBytes
    ? { length, checksum: header.readUInt32BE(8) }
    : undefined;
}

export function matches(header: RecordHeader, block: Uint8Array): boolean {
  return block.length === header.length && crc32(block) === header.checksum;
}

/** Whether a whole record begins anywhere in `bytes` after the first: then what precedes it is no torn tail. */
export function holdsWholeRecord(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(magic, 1); at !== -1; at = bytes.indexOf(magic, at + 1)) {
    const header = decodeHeader(bytes.subarray(at));
    const start = at + recordHeaderBytes;
    if (header !== undefined && matches(header, bytes.subarray(start, start + header.length))) return true;
  }
  return false;
}
