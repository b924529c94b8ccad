import { hex, notaryChannelId, parseBlock } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { singleChannel } from '../../../evidence/test/alliance.ts';
import { blockOf } from '../../../evidence/test/ledger.ts';
import { notarize } from '../../../evidence/test/notary.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/database.ts';
import type { LeafEvidence } from '../evidence-log/index.ts';
import { notaryPart, proveUnderNotary } from './notary-part.ts';

const names = { channel: 'care', genesisHash: 'ab'.repeat(32) };
const { signer } = singleChannel();

describe('the notary’s part of a bundle', () => {
  let test: TestDatabase;
  const asked: number[] = [];
  const bytesOf = (number: number) =>
    blockOf({ number, envelopes: [Uint8Array.of(0x0a, 1, number, 0x12, 1, 9)], signer });
  const source = () => ({
    ...names,
    db: test.db,
    block: async (number: number) => {
      asked.push(number);
      return bytesOf(number);
    },
  });
  beforeAll(async () => {
    test = await createTestDatabase();
    const head = parseBlock(bytesOf(50));
    await test.db.query(
      `insert into notary_record
         (channel_id, block_number, block_hash, evm_block_number, evm_block_hash, proof, recorded_at)
       values ($1, 50, $2, 3, $3, $4::jsonb, now())`,
      [
        notaryChannelId(names.channel, names.genesisHash),
        head.hash,
        'cd'.repeat(32),
        JSON.stringify(notarize(names, head).proof),
      ],
    );
  });
  afterAll(() => test.drop());

  it('leads from the anchor’s block to the notarized one, each step once and in order', async () => {
    const part = await notaryPart(20, source());

    expect(part?.proof.height).toBe(50);
    expect(part?.dataHashes.map(hex)).toEqual(
      Array.from({ length: 30 }, (_, at) => hex(parseBlock(bytesOf(21 + at)).dataHash)),
    );
    expect(asked).toEqual(Array.from({ length: 30 }, (_, at) => 21 + at));
    expect((await notaryPart(50, source()))?.dataHashes).toEqual([]);
  });

  it('is absent where no record is on top of the block', async () => {
    expect(await notaryPart(51, source())).toBeUndefined();
    expect(await notaryPart(20, { ...source(), channel: 'other' })).toBeUndefined();
  });

  it('is there because a proof stands on an anchor that the notary covers, if one holds the leaf', async () => {
    const asked: (number | undefined)[] = [];
    const prove = (coveredBy: number) => async (leafIds: readonly bigint[], highestBlock?: number) => {
      asked.push(highestBlock);
      const state = highestBlock === undefined || highestBlock >= coveredBy ? 'anchored' : 'pending';
      return leafIds.map(() => ({ state }) as LeafEvidence);
    };

    await proveUnderNotary([1n], prove(50), source());
    expect(await proveUnderNotary([1n], prove(51), source())).toMatchObject([{ state: 'anchored' }]);
    await proveUnderNotary([1n], prove(0), { ...source(), channel: 'other' });

    expect(asked).toEqual([50, 50, undefined, undefined]);
  });

  it('is left to a look-up where the record is too many blocks away', async () => {
    await test.db.query('update notary_record set block_number = 500');

    expect(await notaryPart(371, source())).toBeUndefined();
    expect((await notaryPart(499, source()))?.dataHashes).toHaveLength(1);
  });
});
