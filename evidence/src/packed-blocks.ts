import { concat } from './bytes.ts';
import { refusal } from './errors.ts';
import { deflate, inflate } from './inflate.ts';

// The genesis block and each configuration repeat the same certificates: packed together they shrink to a sixth.
const maxUnpacked = 4 * 1024 * 1024;
const maxBlocks = 66;

/** Blocks one after the other, each after its length (4 bytes, big-endian), as raw DEFLATE. */
export function packBlocks(blocks: readonly Uint8Array[]): Uint8Array {
  return deflate(concat(...blocks.flatMap((block) => [lengthBytes(block.length), block])));
}

/** The blocks in `packed`; bounded, and nothing may stand beside them. */
export function unpackBlocks(packed: Uint8Array): Uint8Array[] {
  const bytes = inflate(packed, maxUnpacked);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = at + 4 > bytes.length ? Number.NaN : view.getUint32(at);
    const end = at + 4 + length;
    if (!(end <= bytes.length) || blocks.length === maxBlocks) throw refusal('PROOF_MALFORMED', 'blocks');
    blocks.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return blocks;
}

function lengthBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}
