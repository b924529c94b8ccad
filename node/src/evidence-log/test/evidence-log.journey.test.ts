import { readFileSync } from 'node:fs';
import { memberEntryDigest } from '@medseal/chaincode/rules';
import { hex, parseBlock } from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createMember } from '../../../../chaincode/fabric/test/members.ts';
import {
  type LedgerProcess,
  layoutOf,
  type Organization,
  spawnLedger,
} from '../../../../network/solo/src/index.ts';
import { temporaryDirectory } from '../../../../network/solo/test/connect.ts';
import { createTestDatabase, type TestDatabase } from '../../../../test/database.ts';
import { connectLedger, type LedgerConnection } from '../../adapters/fabric/connect.ts';
import { createLedger } from '../../adapters/fabric/contracts.ts';
import { listenBlocks } from '../../adapters/fabric/listen.ts';
import { systemClock } from '../../lib/clock.ts';
import { silentLogger } from '../../lib/logger.ts';
import { createEvidenceLog, type EvidenceLog } from '../evidence-log.ts';
import { appendLeaves, indicesAreGapless, proves, testKeyStore } from './node.ts';

const hospital: Organization = { organizationId: 'hospital-a', mspId: 'HospitalAMSP', name: '甲医院' };
const regulator: Organization = { organizationId: 'regulator', mspId: 'RegulatorMSP', name: '监管' };
const organizations = [hospital, regulator];

const directory = temporaryDirectory();
const connections: LedgerConnection[] = [];
const stopping = new AbortController();
let database: TestDatabase;
let ledger: LedgerProcess;
let log: EvidenceLog;
let listening: Promise<void> = Promise.resolve();

function connectAs({ organizationId, mspId }: Organization): LedgerConnection {
  const files = layoutOf(directory.path);
  const { client } = files.organization(organizationId);
  const connection = connectLedger({
    endpoint: `localhost:${ledger.port}`,
    tlsRoot: readFileSync(files.tlsRoot),
    mspId,
    certificate: readFileSync(client.certificate),
    key: readFileSync(client.key),
    channel: 'care',
    chaincode: 'medseal',
  });
  connections.push(connection);
  return connection;
}

async function register(connection: LedgerConnection): Promise<void> {
  const ledgerOfRegulator = createLedger(connectAs(regulator));
  const entry = { ...createMember('hospital-a').content, logKey: log.logKey };
  await ledgerOfRegulator.submit('member', 'initialize', [regulator.mspId]);
  await createLedger(connection).submit('member', 'save', [JSON.stringify(entry)]);
  await ledgerOfRegulator.submit('member', 'approve', ['hospital-a', memberEntryDigest(entry)]);
}

beforeAll(async () => {
  database = await createTestDatabase();
  ledger = await spawnLedger({ directory: directory.path, organizations });
  const connection = connectAs(hospital);
  log = createEvidenceLog({
    db: database.db,
    keyStore: testKeyStore(),
    source: { organizationId: 'hospital-a' },
    ledger: createLedger(connection),
    clock: systemClock,
    logger: silentLogger,
    pace: { pollMilliseconds: 20, maxWaitMilliseconds: 50, maxLeaves: 1_000 },
  });
  await register(connection);
  const genesis = readFileSync(layoutOf(directory.path).genesis);
  listening = listenBlocks({
    connection,
    logger: silentLogger,
    genesis,
    genesisHash: hex(parseBlock(genesis).hash),
    onBlock: ({ transactions }) =>
      database.db.transaction(async (tx) => {
        for (const transaction of transactions) await log.projectAnchors(tx, transaction);
      }),
    signal: stopping.signal,
  });
});
afterAll(async () => {
  stopping.abort();
  for (const connection of connections) connection.close();
  await listening;
  await ledger.close();
  await database.drop();
  directory.remove();
});

async function anchoredSize(): Promise<number> {
  return (await log.status()).anchoredSize;
}

describe('the log over the embedded ledger', () => {
  it('is anchored and confirmed from verified blocks', async () => {
    const worker = log.start();
    const leafIds = await appendLeaves(database.db, log, 300);
    await vi.waitFor(async () => expect(await anchoredSize()).toBe(300), { timeout: 20_000, interval: 50 });
    await worker.stop();

    const proofs = await log.proofsFor(leafIds);
    expect(proofs.every((proof) => proves(proof, log.logKey))).toBe(true);
    expect(await log.verifyOwnLog()).toMatchObject({ ok: true, treeSize: 300 });
  });

  it('loses and repeats nothing when the ledger is killed again and again under load', async () => {
    const worker = log.start();
    const { port } = ledger;
    const leafIds: bigint[] = [];
    for (let round = 0; round < 4; round += 1) {
      const before = await anchoredSize();
      const appending = (async () => {
        for (let batch = 0; batch < 10; batch += 1)
          leafIds.push(...(await appendLeaves(database.db, log, 20)));
      })();
      if (round % 2 === 0)
        await vi.waitFor(async () => expect(await anchoredSize()).toBeGreaterThan(before), {
          timeout: 30_000,
          interval: 20,
        });
      await ledger.kill();
      await appending;
      ledger = await spawnLedger({ directory: directory.path, port, organizations });
    }
    await vi.waitFor(async () => expect(await anchoredSize()).toBe(300 + leafIds.length), {
      timeout: 60_000,
      interval: 100,
    });
    await worker.stop();

    expect(await indicesAreGapless(database.db)).toBe(true);
    const proofs = await log.proofsFor(leafIds);
    expect(proofs.every((proof) => proves(proof, log.logKey))).toBe(true);
    expect(await log.verifyOwnLog()).toMatchObject({ ok: true, treeSize: 300 + leafIds.length });
  });
});
