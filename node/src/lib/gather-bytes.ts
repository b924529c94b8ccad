/** Chunks of one body at most. TCP and TLS bring 16 MiB in 12,000; only one that is cut on purpose has more. */
const mostPieces = 50_000;
const smallUnder = 4_096;
const blockLength = 16_384;

export type GatheredBytes = {
  readonly size: number;
  /** False for a body that comes in too many pieces: each costs time, however short it is. */
  add(piece: Uint8Array): boolean;
  bytes(): Buffer;
};

/**
 * Gathers a body as it comes in. Short pieces are copied together: a chunk of one byte that is kept as it came takes
 * 400 bytes of memory, which makes gigabytes of a body within any limit.
 */
export function gatherBytes(): GatheredBytes {
  const pieces: Uint8Array[] = [];
  const block = Buffer.allocUnsafe(blockLength);
  let [size, count, inBlock] = [0, 0, 0];
  const emptyBlock = (): void => {
    if (inBlock > 0) pieces.push(Buffer.from(block.subarray(0, inBlock)));
    inBlock = 0;
  };
  return {
    get size() {
      return size;
    },
    add: (piece) => {
      size += piece.length;
      count += 1;
      if (inBlock + piece.length > blockLength || piece.length >= smallUnder) emptyBlock();
      if (piece.length >= smallUnder) pieces.push(piece);
      else {
        block.set(piece, inBlock);
        inBlock += piece.length;
      }
      return count <= mostPieces;
    },
    bytes: () => {
      emptyBlock();
      return Buffer.concat(pieces, size);
    },
  };
}
