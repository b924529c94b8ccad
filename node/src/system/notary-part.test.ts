import { fromHex, notaryChannelId, parseNotaryTrust, verifyNotaryProof } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { historyOf, notarize } from '../../../evidence/test/notary.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { growHistory } from '../evidence-log/history.ts';
import { keepBlocks } from '../evidence-log/history-store.ts';
import { createHistoryTiles, type LeafEvidence } from '../evidence-log/index.ts';
import { notaryPart, proveUnderNotary } from './notary-part.ts';

const names = { channel: 'care', genesisHash: 'ab'.repeat(32) };
const channelId = notaryChannelId(names.channel, names.genesisHash);
const height = 20_050;
const { hashes, head } = historyOf(height, []);
const { proof, trusted } = notarize(names, head);

describe('the notary’s part of a bundle', () => {
  let test: TestDatabase;
  const source = () => ({ ...names, db: test.db, tiles: createHistoryTiles() });
  beforeAll(async () => {
    test = await createTestDatabase();
    await keepBlocks(
      test.db,
      channelId,
      hashes.map((blockHash, at) => ({ height: at, blockHash })),
    );
    await growHistory(test.db, channelId);
    await save(height, proof);
  });
  const save = (at: number, json: object | null) =>
    test.db.query(
      `insert into notary_record
         (channel_id, block_number, block_hash, evm_block_number, evm_block_hash, proof, recorded_at)
       values ($1, $2, $3, 3, $4, $5::jsonb, now())`,
      [channelId, at, head.hash, 'cd'.repeat(32), json === null ? null : JSON.stringify(json)],
    );
  afterAll(() => test.drop());

  it('leads from the anchor’s block to the history that was notarized, however far away', async () => {
    for (const number of [0, 20, 19_999, height]) {
      const part = await notaryPart(number, source());
      const block = {
        number,
        hash: hashes[number] ?? fromHex(''),
        inclusionProof: part?.inclusionProof ?? [],
      };
      expect(verifyNotaryProof(part?.proof, { ...parseNotaryTrust(trusted), ...names, block }).verdict).toBe(
        'valid',
      );
      expect(block.inclusionProof.length).toBeLessThanOrEqual(15);
    }
  });

  it('is absent where no record is on top of the block', async () => {
    expect(await notaryPart(height + 1, source())).toBeUndefined();
    expect(await notaryPart(20, { ...source(), channel: 'other' })).toBeUndefined();
  });

  it('is there because a proof stands on an anchor that the notary covers, if one holds the leaf', async () => {
    const asked: (number | undefined)[] = [];
    const prove = (coveredBy: number) => async (leafIds: readonly bigint[], highestBlock?: number) => {
      asked.push(highestBlock);
      const state = highestBlock === undefined || highestBlock >= coveredBy ? 'anchored' : 'pending';
      return leafIds.map(() => ({ state }) as LeafEvidence);
    };

    await proveUnderNotary([1n], prove(height), source());
    expect(await proveUnderNotary([1n], prove(height + 1), source())).toMatchObject([{ state: 'anchored' }]);
    await proveUnderNotary([1n], prove(0), { ...source(), channel: 'other' });

    expect(asked).toEqual([height, height, undefined, undefined]);
  });

  it('takes the first record that has a proof of its own', async () => {
    await save(500, null);

    expect((await notaryPart(371, source()))?.proof.height).toBe(height);
  });
});
