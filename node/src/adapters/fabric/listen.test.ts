import type { common } from '@hyperledger/fabric-protos';
import { hex } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ledger, startLedger } from '../../../../network/solo/src/index.ts';
import type { Logger } from '../../lib/logger.ts';
import type { LedgerConnection } from './connect.ts';
import { createLedger, type LedgerPort } from './contracts.ts';
import { type ListenOptions, listenBlocks, type VerifiedBlockView } from './listen.ts';
import { connectionTo, genesisOf, organizations, probeDirectory, temporaryDirectory } from './test/solo.ts';

const directory = temporaryDirectory();
let solo: Ledger;
let connection: LedgerConnection;
let ledger: LedgerPort;

const start = (port = 0): Promise<Ledger> =>
  startLedger({ directory: directory.path, organizations, chaincodeDirectory: probeDirectory, port });

beforeAll(async () => {
  solo = await start();
  connection = connectionTo(directory.path, solo.port);
  ledger = createLedger(connection);
  for (const key of ['a', 'b', 'c']) await ledger.submit('probe', 'announce', ['noted', key]);
});
afterAll(async () => {
  connection.close();
  await solo.close();
  directory.remove();
});

/** Listens until `enough`; what was taken and what was logged. */
async function listenUntil(
  enough: (blocks: readonly VerifiedBlockView[], events: readonly string[]) => boolean,
  overrides: Partial<ListenOptions> = {},
): Promise<{ blocks: VerifiedBlockView[]; events: string[] }> {
  const stop = new AbortController();
  const blocks: VerifiedBlockView[] = [];
  const events: string[] = [];
  const look = (): void => {
    if (enough(blocks, events)) stop.abort();
  };
  const note = (event: string): void => {
    events.push(event);
    look();
  };
  const logger: Logger = { info: note, warn: note, error: note };
  await listenBlocks({
    connection,
    logger,
    genesis: genesisOf(directory.path),
    genesisHash: solo.genesisHash,
    signal: stop.signal,
    ...overrides,
    onBlock: async (block) => {
      await overrides.onBlock?.(block);
      blocks.push(block);
      look();
    },
  });
  return { blocks, events };
}

/** The connection pauses before it tries again. */
const reachable = () =>
  expect.poll(() => ledger.chainHeight().catch(() => 0), { timeout: 10_000 }).toBeGreaterThan(0);

/** The connection, with every block bent on its way. */
function bending(bend: (block: common.Block) => void): LedgerConnection {
  const network = Object.create(connection.network) as LedgerConnection['network'];
  network.getBlockEvents = async (options) => {
    const events = await connection.network.getBlockEvents(options);
    return {
      close: () => events.close(),
      [Symbol.dispose]: () => events.close(),
      [Symbol.asyncIterator]: async function* () {
        for await (const block of events) {
          bend(block);
          yield block;
        }
      },
    };
  };
  return { ...connection, network };
}

describe('the block listener', () => {
  it('hands over every block from the first, taken apart and in order', async () => {
    const height = await ledger.chainHeight();
    const { blocks } = await listenUntil((taken) => taken.length === height);

    expect(blocks.map(({ number }) => number)).toEqual([...Array(height).keys()]);
    expect(hex(blocks[0]!.hash)).toBe(solo.genesisHash);
    expect(blocks[0]!.transactions).toEqual([]);
    expect(blocks[1]!.transactions[0]).toMatchObject({
      blockNumber: 1,
      txIndex: 0,
      validationCode: 0,
      chaincodeName: 'medseal',
      creatorMspId: 'HospitalAMSP',
      endorserMspIds: organizations.map(({ mspId }) => mspId),
      event: { name: 'noted', payload: new Uint8Array(Buffer.from('a')) },
    });
    expect(blocks[1]!.transactions[0]!.writes).toMatchObject([
      { namespace: 'medseal', key: 'event-a', isDelete: false },
    ]);
  });

  it('goes on after a given block and follows what comes', async () => {
    const { blocks: all } = await listenUntil((taken) => taken.length === 3);
    const { number, hash } = all[1]!;
    const height = await ledger.chainHeight();
    const listening = listenUntil((taken) => taken.at(-1)?.number === height, { after: { number, hash } });
    await ledger.submit('probe', 'put', ['new', '1']);

    expect((await listening).blocks.map((block) => block.number)).toEqual(
      [...Array(height + 1).keys()].slice(2),
    );
  });

  it('does not go on after a block that is not of this chain', async () => {
    const after = { number: 1, hash: new Uint8Array(32) };
    const { blocks, events } = await listenUntil((_, noted) => noted.length === 2, { after });

    expect(blocks).toEqual([]);
    expect(events).toEqual(['ledger.block-refused', 'ledger.block-refused']);
  });

  it('calls again with the block whose callback failed', async () => {
    const attempts: number[] = [];
    const { blocks } = await listenUntil((taken) => taken.length === 3, {
      onBlock: async ({ number }) => {
        attempts.push(number);
        if (attempts.length === 2) throw new Error('database away');
      },
    });

    expect(attempts).toEqual([0, 1, 1, 2]);
    expect(blocks.map(({ number }) => number)).toEqual([0, 1, 2]);
  });

  it('takes nothing that was bent on the way, and goes on once it is straight', async () => {
    let bent = 0;
    const liar = bending((block) => {
      if (block.getHeader()?.getNumber() !== 2 || bent > 0) return;
      bent += 1;
      // A peer that calls an invalid transaction valid cannot be caught here, but one that changes a byte can.
      const [envelope = new Uint8Array()] = block.getData()?.getDataList_asU8() ?? [];
      envelope[envelope.length >> 1]! ^= 1;
      block.getData()?.setDataList([envelope]);
    });
    const { blocks, events } = await listenUntil((taken) => taken.length === 4, { connection: liar });

    expect(blocks.map(({ number }) => number)).toEqual([0, 1, 2, 3]);
    expect(events).toEqual(['ledger.block-refused']);
  });

  it('takes what it cannot judge on the word of its peer up to the block that an operator names, says so, and no further', async () => {
    const policy = { minimum: organizations.length + 1 };
    const strict = await listenUntil((_, noted) => noted.length === 1, { policy });
    const { blocks, events } = await listenUntil((_, noted) => noted.includes('ledger.block-refused'), {
      ...{ policy, judgedAfter: 2 },
    });

    expect(strict.blocks.map(({ number }) => number)).toEqual([0]);
    expect(blocks.map(({ number }) => number)).toEqual([0, 1, 2]);
    expect(blocks[2]?.transactions).toHaveLength(1);
    expect(events).toEqual([
      'ledger.transaction-unjudged',
      'ledger.transaction-unjudged',
      'ledger.block-refused',
    ]);
  });

  it('notices a block that was left out', async () => {
    const liar = bending((block) => {
      if (block.getHeader()?.getNumber() === 1) block.getHeader()?.setNumber(2);
    });
    const { blocks, events } = await listenUntil((_, noted) => noted.length === 1, { connection: liar });

    expect(blocks.map(({ number }) => number)).toEqual([0]);
    expect(events).toEqual(['ledger.block-refused']);
  });

  it('refuses a genesis block other than the pinned one', async () => {
    await expect(listenUntil(() => true, { genesisHash: '00'.repeat(32) })).rejects.toThrow('GENESIS_HASH');
  });

  it('refuses a channel other than the genesis block’s', async () => {
    const elsewhere = { ...connection, channel: 'elsewhere' };

    await expect(listenUntil(() => true, { connection: elsewhere })).rejects.toThrow(
      'LEDGER_SETTINGS_INVALID',
    );
  });

  it('survives the ledger’s restart and misses nothing', async () => {
    const height = await ledger.chainHeight();
    const { port } = solo;
    const listening = listenUntil((taken) => taken.at(-1)?.number === height);
    await solo.close();
    solo = await start(port);
    await reachable();
    await ledger.submit('probe', 'put', ['after restart', '1']);
    const { blocks, events } = await listening;

    expect(blocks.map(({ number }) => number)).toEqual([...Array(height + 1).keys()]);
    expect(events).toContain('ledger.listen-interrupted');
  });

  it('ends at once when told to while it waits', async () => {
    const height = await ledger.chainHeight();
    const stop = new AbortController();
    const ended = listenUntil(() => false, {
      signal: stop.signal,
      onBlock: async ({ number }) => {
        if (number === height - 1) setImmediate(() => stop.abort());
      },
    });

    expect((await ended).blocks.length).toBe(height);
  });
});
