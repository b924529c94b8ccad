import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { manualClock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { silentLogger } from '../lib/logger.ts';
import { createHistoryTiles } from './history.ts';
import { keepBlock } from './history-store.ts';
import { runNotary } from './notarize-worker.ts';
import type { NotaryPort } from './ports.ts';

const channelId = new Uint8Array(32).fill(7);

describe('notary worker', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.drop());

  it('goes on after rounds that failed, says what is wrong, and stops when asked', async () => {
    await keepBlock(test.db, { channelId, height: 0, blockHash: new Uint8Array(32).fill(1) });
    const stop = new AbortController();
    const sent: string[] = [];
    const problems: (string | undefined)[] = [];
    let away = 1;
    const notary: NotaryPort = {
      recordsAfter: async () => {
        away -= 1;
        if (away >= 0) throw new AppError('NOTARY_UNREACHABLE');
        return { stands: true, records: [] };
      },
      view: async () => ({ authorized: true, head: undefined, open: [] }),
      prepare: async () => ({ nonce: 0, txHash: '0x1', raw: '0x1' }),
      broadcast: async ({ raw }) => {
        sent.push(raw);
      },
      outcomeOf: async () => ({ state: 'pending' }),
    };

    await runNotary(
      {
        db: test.db,
        notary,
        channelId,
        tiles: createHistoryTiles(),
        block: () => Promise.reject(new Error('nothing is missing')),
        clock: manualClock('2026-01-01T00:00:00.000Z'),
        intervalMs: 1,
        confirmations: 1,
        logger: silentLogger,
        report: (problem) => {
          problems.push(problem);
          if (problem === undefined) stop.abort();
        },
      },
      stop.signal,
    );

    expect(problems).toEqual(['NOTARY_UNREACHABLE', undefined]);
    expect(sent).toEqual(['0x1']);
  });

  it('says nothing of the notary while another process is at it', async () => {
    const stop = new AbortController();
    const problems: (string | undefined)[] = [];
    const unasked = (): Promise<never> => Promise.reject(new AppError('NOTARY_UNREACHABLE'));
    const notary: NotaryPort = {
      ...{ recordsAfter: unasked, view: unasked, prepare: unasked, broadcast: unasked, outcomeOf: unasked },
    };

    await test.db.transaction(async (tx) => {
      await tx.query('select pg_advisory_xact_lock(7163403)');
      const running = runNotary(
        {
          ...{ db: test.db, notary, channelId, tiles: createHistoryTiles(), logger: silentLogger },
          block: () => Promise.reject(new Error('nothing is missing')),
          clock: manualClock('2026-01-01T00:00:00.000Z'),
          ...{ intervalMs: 1, confirmations: 1 },
          report: (problem) => void problems.push(problem),
        },
        stop.signal,
      );
      await delay(1_500); // a round and the next
      stop.abort();
      await running;
    });

    expect(problems).toEqual([]);
  });
});
