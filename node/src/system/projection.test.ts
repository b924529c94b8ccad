import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { openProjection, type Projection } from './projection.ts';

let test: TestDatabase;
beforeEach(async () => {
  test = await createTestDatabase();
});
afterEach(() => test.drop());

const block = (number: number, branch = 0) => ({
  number,
  hash: new Uint8Array(32).fill(number + branch),
  transactions: [],
});

/** The projection of one process; each call is another process over the same database. */
const processOf = (): Promise<Projection> =>
  openProjection({
    ...{ db: test.db, channel: 'care', chaincode: 'medseal', tenant: 'hospital-a' },
    log: { projectAnchors: async () => undefined },
  });

async function take(projection: Projection, numbers: readonly number[], branch = 0): Promise<void> {
  for (const number of numbers) await projection.take(block(number, branch));
}

describe('the projections of several processes over one database', () => {
  it('take each block once, whoever comes first', async () => {
    const all = [await processOf(), await processOf(), await processOf()];

    await Promise.all(all.map((projection) => take(projection, [0, 1, 2, 3, 4, 5])));

    expect(all.map((projection) => projection.height())).toEqual([6, 6, 6]);
    expect((await processOf()).last()?.number).toBe(5);
  });

  it('refuse a process that leaves a gap', async () => {
    const projection = await processOf();
    await take(projection, [0]);

    await expect(take(projection, [2])).rejects.toThrow('does not follow');
  });

  it('refuse a process that is shown another block than the one that was taken', async () => {
    const [first, second] = [await processOf(), await processOf()];
    await take(first, [0, 1]);

    await expect(take(second, [0, 1], 100)).rejects.toMatchObject({ code: 'LEDGER_FORKED' });
  });

  it('let no process that was shown another chain earlier go on from there', async () => {
    const [first, second] = [await processOf(), await processOf()];
    await take(first, [0, 1, 2, 3]);
    await take(second, [0, 1, 2], 100);

    await expect(take(second, [3], 100)).rejects.toMatchObject({ code: 'LEDGER_FORKED' });
    expect((await processOf()).last()).toEqual({ number: 3, hash: Buffer.from(block(3).hash) });
  });
});
