import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileHeader, openBlockFile } from './block-file.ts';
import { recordHeaderBytes } from './record.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'medseal-blocks-'));
  path = join(directory, 'ledger', 'blocks');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const block = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const blocks = [block(1), block(2, 2, 2), new Uint8Array(300).fill(3)];

async function reopen() {
  const seen: Uint8Array[] = [];
  const { file, tornBytes } = await openBlockFile(path, (bytes) => seen.push(bytes));
  return { file, tornBytes, seen };
}

async function written(): Promise<Buffer> {
  const { file } = await reopen();
  for (const each of blocks) await file.append(each);
  await file.close();
  return readFileSync(path);
}

describe('the block file', () => {
  it('gives back what was appended, also after it was opened anew', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 2000 }), { maxLength: 6 }),
        async (list) => {
          rmSync(path, { force: true });
          const { file } = await reopen();
          for (const each of list) await file.append(each);
          for (const [number, each] of list.entries()) expect(await file.read(number)).toEqual(each);
          await file.close();
          const again = await reopen();

          expect(again.seen).toEqual(list);
          expect(again.tornBytes).toBe(0);
          expect(again.file.height).toBe(list.length);
          await again.file.close();
        },
      ),
      { numRuns: 30 },
    );
  });

  it('loses the last block only, wherever a crash cut it off', async () => {
    const whole = await written();
    const lastStart = whole.length - recordHeaderBytes - 300;
    for (let length = lastStart; length < whole.length; length += 1) {
      writeFileSync(path, whole.subarray(0, length));
      const { file, tornBytes, seen } = await reopen();

      expect(seen).toEqual(blocks.slice(0, 2));
      expect(tornBytes).toBe(length - lastStart);
      await file.append(block(9));
      await file.close();
      const again = await reopen();
      expect(again.seen.at(-1)).toEqual(block(9));
      await again.file.close();
    }
  });

  it('keeps what it cut off beside it', async () => {
    const whole = await written();
    writeFileSync(path, whole.subarray(0, -10));
    const { file, tornBytes } = await reopen();
    await file.close();

    const [kept] = readdirSync(join(directory, 'ledger')).filter((name) =>
      name.startsWith('blocks.torn-at-'),
    );
    expect(readFileSync(join(directory, 'ledger', kept ?? '')).length).toBe(tornBytes);
  });

  it('starts over in a file whose first line a crash cut off', async () => {
    await written();
    for (const length of [0, 1, fileHeader.length - 1]) {
      writeFileSync(path, fileHeader.subarray(0, length));
      const { file, seen } = await reopen();
      await file.append(block(1));
      await file.close();

      expect(seen).toEqual([]);
      expect(readFileSync(path).subarray(0, fileHeader.length)).toEqual(fileHeader);
    }
  });

  it('takes zeros at the end, as a power cut leaves them, for a torn block', async () => {
    const whole = await written();
    writeFileSync(path, Buffer.concat([whole, Buffer.alloc(500)]));
    const { file, seen, tornBytes } = await reopen();
    await file.close();

    expect(seen).toEqual(blocks);
    expect(tornBytes).toBe(500);
  });

  it('does not start on a file that is damaged before its last block, whichever byte it is', async () => {
    const whole = await written();
    const end = whole.length - recordHeaderBytes - 300;
    for (let at = 0; at < end; at += 1) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 0x40;
      writeFileSync(path, damaged);

      await expect(reopen(), `byte ${at}`).rejects.toMatchObject({ code: 'BLOCKS_CORRUPT' });
      expect(readFileSync(path)).toEqual(damaged);
    }
  });

  it('knows no block beyond its last', async () => {
    await written();
    const { file } = await reopen();

    await expect(file.read(3)).rejects.toThrow(RangeError);
    await file.close();
  });

  it('writes nothing more after a write failed', async () => {
    await written();
    const { file } = await reopen();
    await file.close();

    await expect(file.append(block(1))).rejects.toMatchObject({ code: 'BLOCK_WRITE_FAILED' });
    await expect(file.append(block(1))).rejects.toMatchObject({ code: 'BLOCK_WRITE_FAILED' });
    expect(file.height).toBe(3);
  });

  it('does not swallow what the reader of a block throws', async () => {
    await written();

    await expect(
      openBlockFile(path, () => {
        throw new Error('not the next block');
      }),
    ).rejects.toThrow('not the next block');
  });
});
