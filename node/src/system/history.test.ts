import { hex, historyLeafHash, rootHash } from '@medseal/evidence';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { historyOf } from '../../../evidence/test/notary.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { growHistory, newestValue } from '../evidence-log/history.ts';
import { createHistoryTiles, keepHistoryBlock } from '../evidence-log/index.ts';
import type { Database, Queryable } from '../lib/sql.ts';
import { openProjection } from './projection.ts';

const channelId = new Uint8Array(32).fill(7);
const { hashes } = historyOf(300, []);
const rootAt = (height: number): string => hex(rootHash(hashes.slice(0, height + 1).map(historyLeafHash)));

let test: TestDatabase;
beforeEach(async () => {
  test = await createTestDatabase();
});
afterEach(() => test.drop());

/** A node that follows the channel from where its database stands up to a block, growing the tree now and then. */
async function follow(height: number, { db = test.db }: { db?: Database } = {}): Promise<void> {
  const projection = await openProjection({
    ...{ db, channel: 'care', chaincode: 'medseal', tenant: 'hospital-a' },
    log: { projectAnchors: async () => undefined },
    keepBlock: (tx, { number, hash }) => keepHistoryBlock(tx, { channelId, height: number, blockHash: hash }),
  });
  for (let number = projection.height(); number <= height; number += 1) {
    await projection.take({ number, hash: hashes[number] ?? new Uint8Array(0), transactions: [] });
    if (number % 37 === 0) await growHistory(db, channelId);
  }
  await growHistory(db, channelId);
}
const head = async () => {
  const value = await newestValue(test.db, createHistoryTiles(), channelId);
  return [value?.height, value === undefined ? undefined : hex(value.historyRoot)];
};

describe('the channel’s history beside its projection', () => {
  it('has the identical root after restarts, and after a replay from block 0', async () => {
    for (const height of [3, 4, 260]) {
      await follow(height);
      expect(await head()).toEqual([height, rootAt(height)]);
    }

    await test.db.query('delete from ledger_checkpoint');
    await follow(290);
    expect(await head()).toEqual([290, rootAt(290)]);

    await test.db.query('delete from ledger_checkpoint');
    await test.db.query('delete from channel_history');
    await test.db.query('delete from history_tile');
    await follow(290);
    expect(await head()).toEqual([290, rootAt(290)]);
  });

  it('has the block if and only if the projection has it, wherever a process dies', async () => {
    for (let dieAt = 1; dieAt < 12; dieAt += 1) {
      let statements = 0;
      const dying: Database = {
        ...test.db,
        transaction: (work) =>
          test.db.transaction((tx) => {
            const query: Queryable['query'] = (text, values) => {
              statements += 1;
              return statements === dieAt * 3 ? Promise.reject(new Error('killed')) : tx.query(text, values);
            };
            return work({ query, select: query });
          }),
      };
      await follow(dieAt * 9, { db: dying }).catch(() => undefined);
      await follow(dieAt * 9);
      expect(await head()).toEqual([dieAt * 9, rootAt(dieAt * 9)]);
    }
  });
});
