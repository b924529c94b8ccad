import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { type FileHandle, open, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SoloError } from '../errors.ts';
import {
  decodeHeader,
  encodeRecord,
  holdsWholeRecord,
  matches,
  maxBlockBytes,
  recordHeaderBytes,
} from './record.ts';

/** The first bytes of the file. */
export const fileHeader = Buffer.from('medseal/solo-blocks/v1\n');

/** Blocks in the order of their numbers, each durable once `append` resolves. */
export type BlockFile = {
  readonly height: number;
  append(block: Uint8Array): Promise<void>;
  read(number: number): Promise<Uint8Array>;
  close(): Promise<void>;
};

/**
 * Opens the file, hands every block in it to `replay`, and cuts off what a crash left of an unfinished last record:
 * that block was never acknowledged. The bytes cut off are kept beside the file. Damage before the tail is not ours
 * to mend: BLOCKS_CORRUPT.
 */
export async function openBlockFile(
  path: string,
  replay: (block: Uint8Array) => void,
): Promise<{ file: BlockFile; tornBytes: number }> {
  const created = !existsSync(path);
  mkdirSync(dirname(path), { recursive: true });
  const handle = await open(path, created ? 'wx+' : 'r+');
  try {
    await readFileHeader(handle);
    const { positions, end } = await scan(handle, replay);
    const tornBytes = await cutTail(handle, path, end);
    await handle.sync();
    if (created) syncDirectory(dirname(path));
    return { file: blockFile(handle, positions, end), tornBytes };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

type Position = { offset: number; length: number };

function blockFile(handle: FileHandle, positions: Position[], end: number): BlockFile {
  let next = end;
  let failure: SoloError | undefined;
  return {
    get height() {
      return positions.length;
    },
    append: async (block) => {
      // After a failed write or fsync nobody knows what is on the disk; only opening anew can tell.
      if (failure !== undefined) throw failure;
      try {
        const record = encodeRecord(block);
        await writeFully(handle, record, next);
        await handle.datasync();
        positions.push({ offset: next + recordHeaderBytes, length: block.length });
        next += record.length;
      } catch (cause) {
        failure = new SoloError('BLOCK_WRITE_FAILED', 'a block could not be made durable', { cause });
        throw failure;
      }
    },
    read: async (number) => {
      const position = positions[number];
      if (position === undefined) throw new RangeError(`no block ${number}`);
      return readFully(handle, position.offset, position.length);
    },
    close: () => handle.close(),
  };
}

/** Checks the first line, or writes it where a crash came before it. */
async function readFileHeader(handle: FileHandle): Promise<void> {
  const found = await readFully(handle, 0, Math.min((await handle.stat()).size, fileHeader.length));
  if (!fileHeader.subarray(0, found.length).equals(found))
    throw new SoloError('BLOCKS_CORRUPT', 'this is not a block file');
  if (found.length < fileHeader.length) await writeFully(handle, fileHeader, 0);
}

async function scan(
  handle: FileHandle,
  replay: (block: Uint8Array) => void,
): Promise<{ positions: Position[]; end: number }> {
  const { size } = await handle.stat();
  const positions: Position[] = [];
  let offset = fileHeader.length;
  while (offset < size) {
    const block = await readRecord(handle, offset, size);
    if (block === undefined) {
      await assertTail(handle, offset, size);
      break;
    }
    replay(block);
    positions.push({ offset: offset + recordHeaderBytes, length: block.length });
    offset += recordHeaderBytes + block.length;
  }
  return { positions, end: offset };
}

/** The block whose record starts at `offset`, or undefined when the record is not whole. */
async function readRecord(handle: FileHandle, offset: number, size: number): Promise<Uint8Array | undefined> {
  const start = offset + recordHeaderBytes;
  if (start > size) return undefined;
  const header = decodeHeader(await readFully(handle, offset, recordHeaderBytes));
  if (header === undefined || start + header.length > size) return undefined;
  const block = await readFully(handle, start, header.length);
  return matches(header, block) ? block : undefined;
}

/** A torn record is the last one written: it is no longer than one record, and nothing whole follows. */
async function assertTail(handle: FileHandle, offset: number, size: number): Promise<void> {
  const tooLong = size - offset > recordHeaderBytes + maxBlockBytes;
  if (tooLong || holdsWholeRecord(Buffer.from(await readFully(handle, offset, size - offset))))
    throw new SoloError('BLOCKS_CORRUPT', `the record at byte ${offset} is damaged, and more follows it`);
}

async function cutTail(handle: FileHandle, path: string, end: number): Promise<number> {
  const { size } = await handle.stat();
  if (size <= end) return 0;
  await writeFile(`${path}.torn-at-${end}`, await readFully(handle, end, size - end));
  await handle.truncate(end);
  return size - end;
}

async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

async function readFully(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(bytes, read, length - read, position + read);
    if (bytesRead === 0) throw new SoloError('BLOCKS_CORRUPT', 'the block file ends too early');
    read += bytesRead;
  }
  return bytes;
}

/** Makes the new file's name durable too; Windows cannot sync a directory. */
function syncDirectory(path: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
