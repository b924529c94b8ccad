import { execFileSync } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { common } from '@hyperledger/fabric-protos';
import { channelTrust, verifyBlock } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBlockFile } from '../src/blocks/block-file.ts';
import { type LedgerProcess, layoutOf, spawnLedger } from '../src/index.ts';
import { type Connection, connectTo, organizations, probeDirectory, temporaryDirectory } from './connect.ts';

const rounds = 7;
const writers = 12;
const directory = temporaryDirectory();
let ledger: LedgerProcess;

const start = (): Promise<LedgerProcess> =>
  spawnLedger({ directory: directory.path, organizations, chaincodeDirectory: probeDirectory });
const contractOf = ({ gateway }: Connection) => gateway.getNetwork('care').getContract('medseal', 'probe');

/** Writes new facts with many hands until the ledger is gone; the keys that were acknowledged. */
async function writeUntilGone(connection: Connection): Promise<string[]> {
  const acknowledged: string[] = [];
  const contract = contractOf(connection);
  const write = async (): Promise<void> => {
    for (;;) {
      const key = randomUUID();
      try {
        await contract.submitTransaction('create', key, key);
      } catch {
        // The ledger is gone: whether this one was committed, nobody knows.
        return;
      }
      acknowledged.push(key);
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  return acknowledged;
}

function childrenOf(pid: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([child = 0, parent]) => (parent === pid ? [child] : []));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function expectGone(pids: readonly number[]): Promise<void> {
  await expect.poll(() => pids.filter(isAlive), { timeout: 5000, interval: 20 }).toEqual([]);
}

beforeAll(async () => {
  ledger = await start();
});
afterAll(async () => {
  await ledger.close();
  directory.remove();
});

describe('a ledger that is killed', () => {
  it('loses no acknowledged transaction, tears no block and leaves no process behind', async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const connection = connectTo(directory.path, ledger.port, organizations[round % organizations.length]!);
      const children = childrenOf(ledger.pid);
      const writing = writeUntilGone(connection);
      await delay(randomInt(150, 900));
      await ledger.kill();
      acknowledged.push(...(await writing));
      connection.close();

      expect(children.length).toBe(1);
      await expectGone(children);
      ledger = await start();
    }
    const connection = connectTo(directory.path, ledger.port, organizations[0]!);
    const values = await Promise.all(
      acknowledged.map(async (key) =>
        Buffer.from(await contractOf(connection).evaluateTransaction('get', key)).toString(),
      ),
    );

    expect(acknowledged.length).toBeGreaterThan(rounds);
    expect(values).toEqual(acknowledged);
    connection.close();
  });

  it('has a chain that verifies from its first block', async () => {
    await ledger.close();
    const blocks: Uint8Array[] = [];
    const { file, tornBytes } = await openBlockFile(layoutOf(directory.path).blocks, (block) =>
      blocks.push(block),
    );
    await file.close();
    const [genesis = new Uint8Array(), ...rest] = blocks;
    let trust = channelTrust(genesis, ledger);
    let previous = { number: 0, hash: Buffer.from(ledger.genesisHash, 'hex') as Uint8Array };
    let transactions = 0;
    for (const block of rest) {
      const verified = verifyBlock(block, trust, { previous });
      ({ trust, block: previous } = verified);
      transactions += verified.transactions.length;
    }
    ledger = await start();

    expect(tornBytes).toBe(0);
    expect(previous.number).toBe(blocks.length - 1);
    expect(transactions).toBeGreaterThanOrEqual(rest.length);
    expect(common.Block.deserializeBinary(genesis).getHeader()?.getNumber()).toBe(0);
    expect(readdirSync(layoutOf(directory.path).ledger).every((name) => /^(blocks|lock)/.test(name))).toBe(
      true,
    );
  });

  it('takes a chaincode with it that is busy for ever', async () => {
    const connection = connectTo(directory.path, ledger.port, organizations[0]!);
    const children = childrenOf(ledger.pid);
    const spinning = contractOf(connection)
      .evaluateTransaction('spin')
      .catch(() => 'gone');
    await delay(300);
    await ledger.kill();

    expect(await spinning).toBe('gone');
    await expectGone(children);
    connection.close();
    ledger = await start();
  });

  it('closes in order on SIGTERM and gives the folder back', async () => {
    const children = childrenOf(ledger.pid);
    await ledger.close();

    expect(existsSync(layoutOf(directory.path).lock)).toBe(false);
    await expectGone(children);
    ledger = await start();
  });

  it('lets no second ledger into its folder', async () => {
    await expect(start()).rejects.toThrow(/uses .* already/);
  });
});
