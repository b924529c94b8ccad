import {
  fromHex,
  hex,
  historyLeafHash,
  notaryChannelId,
  rootHash,
  sha256,
  utf8,
  verifyNotaryProof,
} from '@medseal/evidence';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../test/database.ts';
import { createHistoryTiles, proveInHistory } from '../../evidence-log/history.ts';
import { keepBlocks } from '../../evidence-log/history-store.ts';
import type { NotaryPort } from '../../evidence-log/index.ts';
import { type NotarizeDeps, notarize } from '../../evidence-log/notarize.ts';
import { findRecord, postUnderWay } from '../../evidence-log/notarize-store.ts';
import { manualClock } from '../../lib/clock.ts';
import { notaryAbi } from './contract.ts';
import { createNotary } from './notary.ts';
import { startTestChain, type TestChain } from './test/chain.ts';

const genesisHash = 'ab'.repeat(32);
const confirmations = 4;
/** What becomes final of the channel at a height. */
const headAt = (height: number) => ({
  height,
  hash: hex(blockHash(height)),
  root: hex(rootHash(Array.from({ length: height + 1 }, (_, at) => historyLeafHash(blockHash(at))))),
});
const blockHash = (height: number, ledger = 'one'): Uint8Array => sha256(utf8(`${ledger} ${height}`));

describe('notarizing on a hardhat node', () => {
  let chain: TestChain;
  let database: TestDatabase;
  let channelId: Uint8Array;
  let channel: string;
  let round = 0;
  const clock = manualClock('2026-01-01T00:00:00.000Z');

  beforeAll(async () => {
    [chain, database] = await Promise.all([startTestChain({ size: 3, threshold: 2 }), createTestDatabase()]);
  });
  afterAll(async () => {
    await chain.stop();
    await database.drop();
  });
  beforeEach(() => {
    round += 1;
    channel = `care${round}`;
    channelId = notaryChannelId(channel, genesisHash);
  });

  // Nodes of one test have a database each, as in life.
  async function openNode(index: number, change: (port: NotaryPort) => NotaryPort = (port) => port) {
    const { db, drop } = await createTestDatabase();
    const notary = change(createNotary(chain.settings(index, confirmations)));
    const tiles = createHistoryTiles();
    const deps: NotarizeDeps = { db, notary, tiles, channelId, clock, intervalMs: 60_000, confirmations };
    let next = 0;
    return {
      db,
      deps,
      /** Takes in the channel up to a block, which is that of another ledger if one is named. */
      take: async (height: number, ledger?: string) => {
        const heights = Array.from({ length: height + 1 - next }, (_, at) => next + at);
        next = height + 1;
        const hashOf = (at: number) => blockHash(at, at === height ? ledger : undefined);
        const blocks = heights.map((at) => ({ height: at, blockHash: hashOf(at) }));
        await keepBlocks(db, channelId, blocks);
      },
      round: () => notarize(deps),
      [Symbol.asyncDispose]: drop,
    };
  }
  const headOf = async () => {
    const id = `0x${hex(channelId)}` as const;
    const head = await chain.client.readContract({
      address: chain.contract,
      abi: notaryAbi,
      functionName: 'headOf',
      args: [id],
    });
    return head[0] ? { height: Number(head[1]), hash: head[2].slice(2), root: head[3].slice(2) } : undefined;
  };
  const eventsOf = async (eventName: 'Confirmed' | 'Notarized') =>
    chain.client.getContractEvents({
      address: chain.contract,
      abi: notaryAbi,
      eventName,
      args: { channelId: `0x${hex(channelId)}` },
      fromBlock: 0n,
    });

  it('brings two nodes that are at different blocks to one final value, with a proof that needs no network', async () => {
    await using a = await openNode(0);
    await using b = await openNode(1);
    for (const height of [5, 6, 7]) await a.take(height);
    for (const height of [5, 6, 7, 8, 9]) await b.take(height);

    expect(await a.round()).toEqual({ state: 'sent', height: 7 });
    expect(await b.round()).toEqual({ state: 'sent', height: 7 });
    expect(await headOf()).toEqual(headAt(7));
    expect(await a.round()).toEqual({ state: 'waiting', height: 7 });
    await chain.mine(confirmations);
    expect(await a.round()).toEqual({ state: 'idle' });

    const record = await findRecord(a.db, channelId, 6);
    const inclusionProof = await proveInHistory(a.db, a.deps.tiles, { block: 2, height: 7 });
    const block = { number: 2, hash: blockHash(2), inclusionProof };
    const trust = { chainId: chain.chainId, contract: fromHex(chain.contract.slice(2)), headers: new Map() };
    const policy = { ...trust, channel, genesisHash, block };
    const online = verifyNotaryProof(record?.proof, policy);
    expect(online.verdict).toBe('online');
    const { evmBlockNumber = 0 } = online.record ?? {};
    const header = await chain.client.getBlock({ blockNumber: BigInt(evmBlockNumber) });
    const headers = new Map([[evmBlockNumber, fromHex(header.hash.slice(2))]]);
    expect(verifyNotaryProof(record?.proof, { ...policy, headers }).verdict).toBe('valid');
  });

  it('sends once an interval, and only what is new', async () => {
    await using a = await openNode(0);
    await using b = await openNode(1);
    expect(await a.round()).toEqual({ state: 'idle' });
    await a.take(1);
    await b.take(1);
    await a.round();
    await b.round();
    await chain.mine(confirmations);

    await a.take(2);
    expect(await a.round()).toEqual({ state: 'idle' });
    clock.advance(60_000);
    expect(await a.round()).toEqual({ state: 'sent', height: 2 });
    expect(await eventsOf('Confirmed')).toHaveLength(3);
  });

  it('posts again after a reorganisation of three blocks took its transaction away', async () => {
    await using a = await openNode(0);
    await using b = await openNode(1);
    await a.take(3);
    await b.take(3);
    const snapshot = await chain.client.snapshot();
    await a.round();
    await b.round();
    await chain.mine(1);
    expect(await headOf()).toBeDefined();

    await chain.client.revert({ id: snapshot });
    await chain.mine(5);
    expect(await headOf()).toBeUndefined();
    expect(await a.round()).toEqual({ state: 'sent', height: 3 });
    expect(await b.round()).toEqual({ state: 'sent', height: 3 });

    expect(await headOf()).toEqual(headAt(3));
    await chain.mine(confirmations);
    await a.round();
    expect(await findRecord(a.db, channelId, 3)).toMatchObject({ height: 3 });
    expect(await postUnderWay(a.db, channelId)).toBeUndefined();
  });

  it('takes back a record that a reorganisation deeper than it waited for took away, and makes it again', async () => {
    await using a = await openNode(0);
    await using b = await openNode(1);
    await a.take(3);
    await b.take(3);
    const snapshot = await chain.client.snapshot();
    await a.round();
    await b.round();
    await chain.mine(confirmations);
    await a.round();
    await b.round();
    expect(await findRecord(a.db, channelId, 3)).toBeDefined();

    await chain.client.revert({ id: snapshot });
    await chain.mine(confirmations + 3);
    clock.advance(60_000);
    for (const node of [a, b]) await node.round();
    expect(await findRecord(a.db, channelId, 3)).toBeUndefined();
    for (const node of [a, b, a, b]) await node.round();
    expect(await headOf()).toEqual(headAt(3));
    await chain.mine(confirmations);
    await a.round();
    expect(await findRecord(a.db, channelId, 3)).toMatchObject({ height: 3 });
  });

  it.each([
    ['before it was sent', { loseBroadcast: true }],
    ['after it was sent', { loseBroadcast: false }],
  ])('killed %s: the same transaction goes out, never another value', async (_, { loseBroadcast }) => {
    let killed = true;
    await using a = await openNode(0, (port) => ({
      ...port,
      broadcast: async (transaction) => {
        if (!killed || !loseBroadcast) await port.broadcast(transaction);
        if (killed) throw new Error('killed');
      },
    }));
    await a.take(4);
    await expect(a.round()).rejects.toThrow('killed');
    const kept = await postUnderWay(a.db, channelId);
    killed = false;

    await a.take(5);
    clock.advance(120_000);
    await a.round();

    const confirmed = await eventsOf('Confirmed');
    expect(
      confirmed.map(({ args, transactionHash }) => [args.height, args.blockHash, transactionHash]),
    ).toEqual([[4n, `0x${hex(blockHash(4))}`, kept?.transactions[0]?.txHash]]);
  });

  it('only waits while the chain is away, and goes on where it was', async () => {
    await using a = await openNode(0, (port) => port);
    await a.take(6);
    const away = createNotary({ ...chain.settings(0, confirmations), rpcUrl: 'http://127.0.0.1:9' });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(notarize({ ...a.deps, notary: away })).rejects.toMatchObject({
        code: 'NOTARY_UNREACHABLE',
      });
      clock.advance(1_200_000);
      await a.take(7 + attempt);
    }

    expect(await a.round()).toEqual({ state: 'sent', height: 9 });
    expect(await eventsOf('Confirmed')).toHaveLength(1);
  });

  it('never sends what contradicts its own earlier word, and reports who shows another ledger', async () => {
    await using a = await openNode(0);
    await using forged = await openNode(0);
    await using b = await openNode(1);
    await a.take(8);
    await forged.take(8, 'two');
    await b.take(8);
    await a.round();

    await expect(forged.round()).rejects.toMatchObject({ code: 'NOTARY_CONFLICT' });
    await b.round();
    expect(await forged.round()).toEqual({ state: 'contradicted', height: 8 });
    expect(await eventsOf('Confirmed')).toHaveLength(2);
  });

  it('joins with its own value where another notary lies, and reports it', async () => {
    await using liar = await openNode(0);
    await using b = await openNode(1);
    await using c = await openNode(2);
    await liar.take(8, 'two');
    await b.take(8);
    await c.take(8);
    await liar.round();

    expect(await b.round()).toEqual({ state: 'contradicted', height: 8 });
    expect(await c.round()).toEqual({ state: 'contradicted', height: 8 });
    expect(await headOf()).toEqual(headAt(8));
  });

  it('does not agree on a block whose history another notary tells otherwise, and reports it', async () => {
    await using liar = await openNode(0);
    await using b = await openNode(1);
    await using c = await openNode(2);
    await liar.take(4, 'rewritten');
    for (const node of [liar, b, c]) await node.take(8);
    await liar.round();
    const [told] = await eventsOf('Confirmed');
    expect(told?.args.blockHash).toBe(`0x${hex(blockHash(8))}`);

    expect(await b.round()).toEqual({ state: 'contradicted', height: 8 });
    expect(await headOf()).toBeUndefined();
    expect(await c.round()).toEqual({ state: 'contradicted', height: 8 });
    expect(await headOf()).toEqual(headAt(8));
    await chain.mine(confirmations);
    expect(await liar.round()).toEqual({ state: 'contradicted', height: 8 });
    expect(await findRecord(liar.db, channelId, 0)).toBeUndefined();
    await b.round();
    expect(await findRecord(b.db, channelId, 0)).toMatchObject({ height: 8 });
  });

  it('keeps a record of blocks that it has not taken in yet once it has', async () => {
    await using a = await openNode(0);
    await using b = await openNode(1);
    await using slow = await openNode(2);
    await a.take(9);
    await b.take(9);
    await slow.take(5);
    await a.round();
    await b.round();
    await chain.mine(confirmations);

    await slow.round();
    expect(await findRecord(slow.db, channelId, 0)).toBeUndefined();
    await slow.take(12);
    await slow.round();
    expect(await findRecord(slow.db, channelId, 0)).toMatchObject({ height: 9 });
  });

  it('sends nothing on another chain than configured, and nothing without being a notary', async () => {
    await using a = await openNode(0);
    await a.take(1);
    const other = createNotary({ ...chain.settings(0, confirmations), chainId: 1 });
    const stranger = createNotary({
      ...chain.settings(0, confirmations),
      privateKey: `0x${'11'.repeat(32)}`,
    });

    await expect(notarize({ ...a.deps, notary: other })).rejects.toMatchObject({
      code: 'NOTARY_WRONG_CHAIN',
    });
    expect(await notarize({ ...a.deps, notary: stranger })).toEqual({ state: 'unauthorized' });
    expect(await eventsOf('Confirmed')).toHaveLength(0);
  });

  it('raises the fees of a transaction that is stuck, under the same nonce', async () => {
    await using a = await openNode(0);
    await a.take(2);
    await chain.client.setAutomine(false);
    await a.round();
    clock.advance(301_000);
    expect(await a.round()).toEqual({ state: 'sent', height: 2 });
    const post = await postUnderWay(a.db, channelId);
    await chain.client.setAutomine(true);
    await chain.mine(confirmations);

    expect(new Set(post?.transactions.map(({ nonce }) => nonce)).size).toBe(1);
    expect(post?.transactions).toHaveLength(2);
    expect(await a.round()).toEqual({ state: 'waiting', height: 2 });
    expect((await eventsOf('Confirmed')).map(({ transactionHash }) => transactionHash)).toEqual([
      post?.transactions[1]?.txHash,
    ]);
  });
});
