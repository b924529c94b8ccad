import { hex, historyLeafHash, parseBlock, rootHash, verifyInclusion } from '@medseal/evidence';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { singleChannel } from '../../../evidence/test/alliance.ts';
import { blockOf } from '../../../evidence/test/ledger.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/database.ts';
import type { Database } from '../lib/sql.ts';
import { createHistoryTiles, growHistory, isOwnHistory, newestValue, proveInHistory } from './history.ts';
import { fillHistory } from './history-fill.ts';
import { keepBlock, keepBlocks, keptBlocks } from './history-store.ts';
import { dyingDatabase, Killed } from './test/dying-database.ts';

const channelId = new Uint8Array(32).fill(7);
const { signer } = singleChannel();
// A ledger: each block names the hash of the one before it.
const ledger: { bytes: Uint8Array; hash: Uint8Array }[] = [];
for (let number = 0; number < 1_300; number += 1) {
  const previousHash = ledger.at(-1)?.hash ?? new Uint8Array(0);
  const envelopes = [Uint8Array.of(0x0a, 1, number & 127, 0x12, 1, 9)];
  const bytes = blockOf({ number, previousHash, envelopes, signer });
  ledger.push({ bytes, hash: parseBlock(bytes).hash });
}
const hashAt = (height: number): Uint8Array => ledger[height]?.hash ?? new Uint8Array(0);
const rootAt = (height: number): string =>
  hex(rootHash(ledger.slice(0, height + 1).map(({ hash }) => historyLeafHash(hash))));

let test: TestDatabase;
beforeEach(async () => {
  test = await createTestDatabase();
});
afterEach(() => test.drop());

const keep = (from: number, to: number): Promise<void> => {
  const heights = Array.from({ length: to - from + 1 }, (_, at) => from + at);
  return keepBlocks(
    test.db,
    channelId,
    heights.map((height) => ({ height, blockHash: hashAt(height) })),
  );
};
const head = async () => {
  const value = await newestValue(test.db, createHistoryTiles(), channelId);
  return value === undefined ? undefined : { height: value.height, root: hex(value.historyRoot) };
};
const peer = { asked: 0, bytes: (number: number) => ledger[number]?.bytes ?? new Uint8Array(0) };
const block = async (number: number): Promise<Uint8Array> => {
  peer.asked += 1;
  return peer.bytes(number);
};
const fill = (db: Database = test.db, blocks = block) =>
  fillHistory({ db, channelId, block: blocks }, new AbortController().signal);
beforeEach(() => {
  peer.asked = 0;
});

describe('the tree over the channel’s history', () => {
  it('has the root of RFC 9162 over all block hashes, however the blocks come in', async () => {
    for (const [from, to] of [
      [0, 0],
      [1, 254],
      [255, 255],
      [256, 700],
      [701, 702],
    ] as const) {
      await keep(from, to);
      expect(await growHistory(test.db, channelId)).toBe(to + 1);
      expect(await head()).toEqual({ height: to, root: rootAt(to) });
    }
    expect(await keptBlocks(test.db, channelId, { from: 0, most: 9 })).toHaveLength(1);
  });

  it('proves every block against every later root', async () => {
    await keep(0, 600);
    await growHistory(test.db, channelId);
    const tiles = createHistoryTiles();
    for (const [number, height] of [
      [0, 0],
      [0, 600],
      [256, 511],
      [599, 600],
      [600, 600],
    ] as const) {
      const proof = await proveInHistory(test.db, tiles, { block: number, height });
      const root = Buffer.from(rootAt(height), 'hex');
      const leafHash = historyLeafHash(hashAt(number));
      const claim = { leafHash, leafIndex: number, treeSize: height + 1, proof, rootHash: root };
      expect(verifyInclusion(claim)).toBe(true);
    }
  });

  it('knows its own values from others, and none above it', async () => {
    await keep(0, 300);
    await growHistory(test.db, channelId);
    const tiles = createHistoryTiles();
    const value = {
      channelId,
      height: 20,
      blockHash: hashAt(20),
      historyRoot: new Uint8Array(Buffer.from(rootAt(20), 'hex')),
    };
    expect(await isOwnHistory(test.db, tiles, value)).toBe(true);
    expect(await isOwnHistory(test.db, tiles, { ...value, height: 21 })).toBe(false);
    expect(await isOwnHistory(test.db, tiles, { ...value, blockHash: hashAt(21) })).toBe(false);
    expect(await isOwnHistory(test.db, tiles, { ...value, historyRoot: hashAt(20) })).toBe(false);
    expect(await isOwnHistory(test.db, tiles, { ...value, height: 301 })).toBeUndefined();
    expect(await isOwnHistory(test.db, tiles, { ...value, height: 2 ** 53 })).toBeUndefined();
  });

  it('goes on after a restart without reading a block of the ledger again', async () => {
    await keep(0, 500);
    await fill();
    await keep(501, 502);
    await fill();

    expect(await head()).toEqual({ height: 502, root: rootAt(502) });
    expect(peer.asked).toBe(0);
  });

  it('comes to the identical root when the ledger is replayed from block 0', async () => {
    await keep(0, 700);
    await growHistory(test.db, channelId);
    for (const [from, to] of [
      [0, 300],
      [301, 720],
    ] as const) {
      await keep(from, to);
      await growHistory(test.db, channelId);
    }

    expect(await head()).toEqual({ height: 720, root: rootAt(720) });
    expect(await keptBlocks(test.db, channelId, { from: 0, most: 9 })).toHaveLength(1);
  });

  it('refuses a replay that gives another block, and another channel over the same database', async () => {
    await keep(0, 300);
    await growHistory(test.db, channelId);
    await keepBlock(test.db, { channelId, height: 5, blockHash: hashAt(6) });

    await expect(growHistory(test.db, channelId)).rejects.toMatchObject({
      code: 'EVIDENCE_HISTORY_DIVERGED',
    });
    await expect(growHistory(test.db, new Uint8Array(32))).rejects.toMatchObject({
      code: 'EVIDENCE_HISTORY_DIVERGED',
    });
  });

  it('is grown once by replicas that do it at the same moment', async () => {
    await keep(0, 700);
    const sizes = await Promise.all(Array.from({ length: 4 }, () => growHistory(test.db, channelId)));

    expect(sizes).toEqual([701, 701, 701, 701]);
    expect(await head()).toEqual({ height: 700, root: rootAt(700) });
  });
});

describe('a history that was not kept from the start', () => {
  it('is read from the ledger once, below what was verified', async () => {
    await keep(1_290, 1_299);
    await fill();

    expect(await head()).toEqual({ height: 1_299, root: rootAt(1_299) });
    expect(peer.asked).toBe(1_290);
    await fill();
    expect(peer.asked).toBe(1_290);
  });

  it('closes several gaps, and none is passed over', async () => {
    await keep(0, 10);
    await keep(400, 410);
    await keep(900, 900);
    expect(await growHistory(test.db, channelId)).toBe(11);
    expect(await head()).toEqual({ height: 10, root: rootAt(10) });

    await fill();
    expect(await head()).toEqual({ height: 900, root: rootAt(900) });
  });

  it.each([
    ['another block in its place', (number: number) => ledger[number === 700 ? 701 : number]],
    ['a forged block of that number', (number: number) => (number === 700 ? forged(700) : ledger[number])],
  ])('takes nothing from a peer that gives %s', async (_, given) => {
    await keep(1_290, 1_299);
    const lying = async (number: number) => given(number)?.bytes ?? new Uint8Array(0);

    await expect(fill(test.db, lying)).rejects.toMatchObject({ code: 'EVIDENCE_HISTORY_DIVERGED' });
    expect(await head()).toBeUndefined();
    await fill();
    expect(await head()).toEqual({ height: 1_299, root: rootAt(1_299) });
  });

  function forged(number: number) {
    const previousHash = hashAt(number - 1);
    return {
      bytes: blockOf({ number, previousHash, envelopes: [Uint8Array.of(0x0a, 1, 99, 0x12, 1, 9)], signer }),
    };
  }
});

describe('a process that is killed', () => {
  it.each([
    ['before', false],
    ['after', true],
  ])('%s any statement comes to the identical root', async (_when, executed) => {
    await keep(0, 5);
    await keep(1_100, 1_100);
    let died = 0;
    for (let dieAt = 1; ; dieAt += 1) {
      const outcome = await fill(dyingDatabase(test.db, dieAt, executed)).catch((error: unknown) => error);
      if (!(outcome instanceof Killed)) break;
      died += 1;
      if (dieAt % 7 === 0) await keep(1_101, 1_100 + dieAt);
    }

    expect(died).toBeGreaterThan(8);
    const { height = 0 } = (await head()) ?? {};
    expect(height).toBeGreaterThanOrEqual(1_100);
    expect(await head()).toEqual({ height, root: rootAt(height) });
  });
});
