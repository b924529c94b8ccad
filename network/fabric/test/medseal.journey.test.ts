import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import {
  consistencyProof,
  formatCheckpoint,
  type HashReader,
  hex,
  parseTrustPolicy,
  rootHash,
  verifyCase,
} from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metadataFile } from '../../../chaincode/fabric/test/chaincode.ts';
import type { LedgerPort } from '../../../node/src/adapters/fabric/contracts.ts';
import { LedgerError } from '../../../node/src/adapters/fabric/errors.ts';
import { listenBlocks } from '../../../node/src/adapters/fabric/listen.ts';
import { projectAnchors } from '../../../node/src/evidence-log/confirm.ts';
import { silentLogger } from '../../../node/src/lib/logger.ts';
import { openProjection } from '../../../node/src/system/projection.ts';
import { createTestDatabase } from '../../../test/database.ts';
import { untilEndorsable } from '../src/ready.ts';
import { closedCase } from './case.ts';
import { foreignAuthority } from './foreign-authority.ts';
import { leaderOf, longestGap, startLoad, untilOrderersLevel } from './load.ts';
import {
  approvalOf,
  type MemberClient,
  memberClient,
  refusalOf,
  registerAll,
  settingsOf,
  untilLevel,
} from './members.ts';
import { skipReason, startTestNetwork, type TestNetwork } from './network.ts';
import { changeOwnMsp, replacePeerIdentity, withRoots, withSha3 } from './own-msp.ts';
import { rewritings, submitRewritten } from './rewritten.ts';
import { submitWithSha3 } from './sha3-client.ts';

const reason = skipReason('the project’s chaincode on a real Fabric network');

let network: TestNetwork;
let regulator: MemberClient;
let hospital: MemberClient;
let neighbour: MemberClient;

beforeAll(async () => {
  if (reason !== undefined) return;
  network = await startTestNetwork('medseal');
  regulator = memberClient(network, 'regulator');
  hospital = memberClient(network, 'hospital-a');
  neighbour = memberClient(network, 'hospital-b');
});
afterAll(async () => {
  if (reason !== undefined) return;
  for (const { connection } of [regulator, hospital, neighbour]) connection.close();
  await network.remove();
});

const newId = (): string => randomBytes(16).toString('hex');
const commitment = '1'.repeat(64);
const leaves = Array.from({ length: 20 }, (_, at) => createHash('sha256').update(`leaf ${at}`).digest());
const noteOf = ({ member }: MemberClient, treeSize: number, hashes = leaves): string =>
  member.signNote(
    formatCheckpoint({
      origin: `medseal.org/log/${member.content.organizationId}`,
      treeSize,
      rootHash: rootHash(hashes.slice(0, treeSize)),
    }),
  );
const proof = (oldSize: number, newSize: number): string => {
  const read: HashReader = (level, index) =>
    rootHash(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
  return JSON.stringify(consistencyProof(read, oldSize, newSize).map(hex));
};

describe.skipIf(reason !== undefined)('the project’s chaincode on a real Fabric network', () => {
  it('answers a stranger with MEMBER_NOT_REGISTERED, then registers the members', async () => {
    const record = [newId(), '1', commitment, 'active'];

    expect(await refusalOf(hospital.ledger.submit('consent', 'record', record))).toBe(
      'MEMBER_NOT_REGISTERED',
    );
    await registerAll([regulator, hospital, neighbour]);

    expect(JSON.parse(await neighbour.ledger.evaluate('member', 'list', []))).toMatchObject(
      ['hospital-a', 'hospital-b', 'regulator'].map((organizationId) => ({
        organizationId,
        state: 'registered',
      })),
    );
  });

  it('hands every refusal’s own code to the client', async () => {
    const id = newId();
    await hospital.ledger.submit('consent', 'record', [id, '1', commitment, 'active']);
    await hospital.ledger.submit('anchor', 'append', [noteOf(hospital, 13), '0', '[]']);
    await untilLevel([hospital, neighbour, regulator]);
    const forged = leaves.map((leaf, at) =>
      at === 1 ? createHash('sha256').update('forged').digest() : leaf,
    );
    const attempts: [MemberClient, string, string, string[], string][] = [
      [regulator, 'member', 'initialize', ['HospitalAMSP'], 'ALLIANCE_INITIALIZED'],
      [hospital, 'member', 'approve', approvalOf(neighbour.member), 'ALLIANCE_REGULATOR'],
      [hospital, 'member', 'get', ['nobody'], 'MEMBER_ABSENT'],
      [hospital, 'member', 'get', ['NOT AN ID'], 'CHAINCODE_UNCODED'],
      [hospital, 'member', 'unknownTransaction', [], 'TRANSACTION_UNKNOWN'],
      [hospital, 'consent', 'get', [newId()], 'CONSENT_ABSENT'],
      [neighbour, 'consent', 'record', [id, '2', commitment, 'inactive'], 'CONSENT_CUSTODIAN'],
      [hospital, 'consent', 'record', [id, '3', commitment, 'inactive'], 'CONSENT_VERSION'],
      [hospital, 'anchor', 'append', [noteOf(neighbour, 3), '0', '[]'], 'ANCHOR_ORIGIN'],
      [hospital, 'anchor', 'append', [noteOf(hospital, 7), '3', proof(3, 7)], 'ANCHOR_REGRESS'],
      [hospital, 'anchor', 'append', [noteOf(hospital, 20, forged), '13', proof(13, 20)], 'ANCHOR_FORK'],
      [hospital, 'anchor', 'append', [noteOf(hospital, 20), '12', proof(12, 20)], 'ANCHOR_STALE'],
    ];
    for (const [client, contract, transaction, args, code] of attempts)
      expect(await refusalOf(client.ledger.submit(contract, transaction, args))).toBe(code);
  });

  it.each(Object.keys(rewritings))(
    'commits a transaction that its client rewrote with %s, and stops nobody who follows the chain',
    async (rewriting) => {
      const id = newId();
      const how = { settings: settingsOf(network, 'hospital-a'), rewriting };
      const txId = await submitRewritten(hospital, how, ['consent', 'record', id, '1', commitment, 'active']);

      await expect.poll(() => hospital.ledger.transactionStatus(txId), { timeout: 15_000 }).toBe('valid');
      expect((await writesOf(network, new Set([id]))).get(id)).toBe(1);
    },
  );

  it('is followed when an organisation gives itself other roots, alone, and its members keys of other kinds', async () => {
    const before = await hospital.ledger.chainHeight();
    const [onP384, withRsa] = [await foreignAuthority('P-384'), await foreignAuthority('rsa')];
    const roots = [onP384.certificate, withRsa.certificate];
    await changeOwnMsp(network, { organizationId: 'hospital-b', change: withRoots(roots) });
    await expect.poll(() => hospital.ledger.chainHeight(), { timeout: 15_000 }).toBeGreaterThan(before);
    await untilLevel([regulator, hospital, neighbour]);
    await network.processes.end('peer-hospital-b', 'SIGKILL');
    await replacePeerIdentity(network, { organizationId: 'hospital-b', authority: onP384 });
    network.restart('peer-hospital-b');
    await untilEndorsable(network.plan(), { function: 'member:initialize', args: ['RegulatorMSP'] });
    const clients = [
      await onP384.issue('P-384', 'client'),
      await onP384.issue('ed25519', 'client'),
      await withRsa.issue('P-256', 'client'),
    ].map(({ certificate, key }) =>
      memberClient(network, 'hospital-b', { certificate: Buffer.from(certificate), key: Buffer.from(key) }),
    );
    const recording = [hospital, neighbour, ...clients];
    const ids = recording.map(() => newId());
    for (const [at, client] of recording.entries())
      await client.ledger.submit('consent', 'record', [ids[at] ?? '', '1', commitment, 'active']);
    for (const { connection } of clients) connection.close();
    await untilLevel([regulator, hospital, neighbour]);

    expect([...(await writesOf(network, new Set(ids))).values()]).toEqual(recording.map(() => 1));
    // Two of three have to endorse: whoever follows has judged those of the peer with the P-384 certificate.
    const endorsed = await endorsersOf(network, ids[1] ?? '');
    expect(endorsed).toContain('HospitalBMSP');
    expect(endorsed).toHaveLength(2);
  });

  it('lets exactly those transactions be called that the metadata lists', async () => {
    type Metadata = { contracts: Record<string, { transactions?: { name: string }[] }> };
    const namesIn = ({ contracts }: Metadata): string[] =>
      Object.entries(contracts)
        .filter(([contract]) => contract !== 'org.hyperledger.fabric')
        .flatMap(([contract, { transactions = [] }]) => transactions.map(({ name }) => `${contract}:${name}`))
        .sort();
    const listed = namesIn(JSON.parse(readFileSync(metadataFile, 'utf8')) as Metadata);
    const published = await hospital.ledger.evaluate('org.hyperledger.fabric', 'GetMetadata', []);

    expect(namesIn(JSON.parse(published) as Metadata)).toEqual(listed);
    for (const name of [
      'constructor',
      'beforeTransaction',
      'afterTransaction',
      'createContext',
      'getName',
      '#found',
    ])
      for (const contract of ['member', 'consent', 'anchor', 'dispute'])
        expect(await refusalOf(hospital.ledger.evaluate(contract, name, []))).toBe('TRANSACTION_UNKNOWN');
  });

  it('carries a case to its end, which its blocks alone prove, and takes no foreign step', async () => {
    await neighbour.ledger.submit('anchor', 'append', [noteOf(neighbour, 13), '0', '[]']);
    await untilLevel([hospital, neighbour, regulator]);
    const caseId = newId();
    const archive = await closedCase({ hospital, neighbour, regulator }, caseId, 13);
    const logs = [hospital, neighbour].map(({ member: { content } }, at) => ({
      organizationId: content.organizationId,
      mspId: ['HospitalAMSP', 'HospitalBMSP'][at],
      verifierKeys: [content.logKey],
    }));
    const policy = parseTrustPolicy({
      ...{ format: 'medseal/trust-policy/v1', ledger: 'fabric', channel: 'care', logs },
      chaincode: { name: 'medseal', versions: ['1.0'] },
      genesisHash: network.genesisHash,
      genesisBlock: Buffer.from(network.genesis).toString('base64'),
    });
    const verdict = verifyCase(JSON.parse(JSON.stringify(archive)), policy);
    const foreign: [MemberClient, string, string[], string][] = [
      [neighbour, 'withdraw', [caseId], 'DISPUTE_PARTY'],
      [hospital, 'decide', [caseId, commitment], 'DISPUTE_REGULATOR'],
      [regulator, 'examine', [caseId, commitment, '3', '[]'], 'DISPUTE_CONFLICT'],
      [hospital, 'file', [caseId, commitment, '13'], 'DISPUTE_CONFLICT'],
      [hospital, 'file', [newId(), commitment, '13'], 'DISPUTE_ABSENT'],
    ];

    expect(verdict.checks.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(verdict).toMatchObject({ verdict: 'valid', case: { state: 'closed' } });
    for (const [client, transaction, args, code] of foreign)
      expect(await refusalOf(client.ledger.submit('dispute', transaction, args))).toBe(code);
  });

  it('takes no finding that a filing has overtaken, and calls no filing withheld before the deadline', async () => {
    const caseId = newId();
    const deadlineAt = new Date(Date.now() + 3_600_000).toISOString();
    const take = async ({ ledger }: MemberClient, step: string, ...args: string[]): Promise<void> => {
      await ledger.submit('dispute', step, [caseId, ...args]);
      await untilLevel([hospital, neighbour, regulator]);
    };
    await take(hospital, 'open', '["hospital-a","hospital-b"]', deadlineAt, commitment);
    await take(hospital, 'file', commitment, '13');
    await take(neighbour, 'file', commitment, '13');
    const examined = (...args: string[]): Promise<string | undefined> =>
      refusalOf(regulator.ledger.submit('dispute', 'examine', [caseId, commitment, ...args]));

    expect(await examined('2', '[]')).toBe('DISPUTE_MOVED');
    expect(await examined('3', '["hospital-b"]')).toBe('DISPUTE_EARLY');
    expect(await examined('3', '["hospital-c"]')).toBe('DISPUTE_WITHHELD');
    await take(regulator, 'examine', commitment, '3', '[]');
    const finding = JSON.parse(await hospital.ledger.evaluate('dispute', 'get', [caseId])).finding;
    expect(finding).toMatchObject({ commitment, step: 3, withheld: [] });
  });

  it('takes the same fact twice as one, and of two that contradict each other one', async () => {
    const id = newId();
    const record = [id, '1', commitment, 'active'];
    const first = await hospital.ledger.submit('consent', 'record', record);
    const again = await hospital.ledger.submit('consent', 'record', record);
    const rivals = ['2', '3'].map((digit) =>
      refusalOf(hospital.ledger.submit('consent', 'record', [id, '2', digit.repeat(64), 'active'])),
    );
    const outcomes = await Promise.all(rivals);

    expect(again.result).toBe(first.result);
    // The loser met the winner while endorsing, or was put into the same block behind it.
    expect(outcomes.filter((outcome) => outcome === undefined)).toHaveLength(1);
    expect(['CONSENT_VERSION', 'CONSENT_CONFLICT', 'LEDGER_NOT_COMMITTED']).toContain(
      outcomes.find((outcome) => outcome !== undefined),
    );
  });
});

type Outcome = { id: string; error: LedgerError | undefined };

/** Records consents with many hands until the peer is gone. */
async function recordUntilGone(ledger: LedgerPort, hands: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const write = async (): Promise<void> => {
    for (;;) {
      const id = newId();
      const error = await ledger.submit('consent', 'record', [id, '1', commitment, 'active']).then(
        () => undefined,
        (cause: unknown) => cause,
      );
      if (error !== undefined && !(error instanceof LedgerError)) throw error;
      outcomes.push({ id, error });
      if (error !== undefined) return;
    }
  };
  await Promise.all(Array.from({ length: hands }, write));
  return outcomes;
}

async function isRecorded(ledger: LedgerPort, id: string): Promise<boolean> {
  return (await refusalOf(ledger.evaluate('consent', 'get', [id]))) === undefined;
}

describe.skipIf(reason !== undefined)('a node whose own peer is killed under load', () => {
  it('loses nothing that was acknowledged and submits nothing twice', async () => {
    const ids: string[] = [];
    let unknown = 0;
    for (const pause of [700, 1100]) {
      const client = memberClient(network, 'hospital-a');
      const recording = recordUntilGone(client.ledger, 20);
      await delay(pause);
      await network.processes.end('peer-hospital-a', 'SIGKILL');
      const outcomes = await recording;
      client.connection.close();
      network.restart('peer-hospital-a');
      await untilEndorsable(network.plan(), { function: 'member:initialize', args: ['RegulatorMSP'] });
      for (const { id, error } of outcomes) {
        ids.push(id);
        if (error === undefined) expect(await isRecorded(hospital.ledger, id)).toBe(true);
        else if (error.code === 'LEDGER_NOT_COMMITTED')
          expect(await isRecorded(hospital.ledger, id)).toBe(false);
        else unknown += 1;
        // Ask by transaction id, then by key; only what is absent is submitted again, under the same id.
        const settled =
          error === undefined ||
          (await hospital.ledger.transactionStatus(error.txId ?? '')) === 'valid' ||
          (await isRecorded(hospital.ledger, id));
        if (!settled)
          await hospital.ledger
            .submit('consent', 'record', [id, '1', commitment, 'active'])
            .catch(() => undefined);
      }
    }
    const writes = await writesOf(network, new Set(ids));

    expect(unknown).toBeGreaterThan(0);
    expect(ids.filter((id) => writes.get(id) !== 1)).toEqual([]);
  });
});

describe.skipIf(reason !== undefined)('four orderers that agree by BFT', () => {
  const record = () => hospital.ledger.submit('consent', 'record', [newId(), '1', commitment, 'active']);

  it('lose a follower at no cost', async () => {
    const leader = await leaderOf(network);
    const follower = leader === 'orderer-1' ? 'orderer-2' : 'orderer-1';
    const load = startLoad(record, 4);
    await delay(1000);
    const killedAt = performance.now();
    await network.processes.end(follower, 'SIGKILL');
    await delay(4000);
    const gap = longestGap(load.commits, [killedAt, performance.now()]);
    await load.stop();
    network.restart(follower);

    expect(load.failures).toEqual([]);
    expect(gap).toBeLessThan(3000);
  });

  it('replace their leader within 10 s, and lose nothing', async () => {
    // One faulty of four is what BFT bears, and one that has just come back counts until it takes part again.
    await untilOrderersLevel(network);
    const load = startLoad(record, 4);
    await delay(6000);
    const leader = await leaderOf(network);
    const killedAt = performance.now();
    await network.processes.end(leader, 'SIGKILL');
    // More than the transactions that were under way when the leader died.
    const enough = load.commits.length + 2 * 4;
    await expect.poll(() => load.commits.length, { timeout: 30_000 }).toBeGreaterThan(enough);
    const gap = longestGap(load.commits, [killedAt, performance.now()]);
    await load.stop();
    expect(await leaderOf(network)).not.toBe(leader);
    network.restart(leader);

    expect(load.failures).toEqual([]);
    expect(gap).toBeLessThan(10_000);
  });
});

/** The organisations that endorsed what wrote a consent. */
async function endorsersOf({ genesis, genesisHash }: TestNetwork, id: string): Promise<readonly string[]> {
  const found: string[] = [];
  await follow({ genesis, genesisHash }, async ({ transactions }) => {
    for (const { validationCode, writes, endorserMspIds } of transactions)
      if (validationCode === 0 && writes.some(({ key }) => key.split('\u0000')[2] === id))
        found.push(...endorserMspIds);
  });
  return found;
}

/** How often each consent was written by a valid transaction, over the whole chain. */
async function writesOf(
  { genesis, genesisHash }: TestNetwork,
  ids: ReadonlySet<string>,
): Promise<Map<string, number>> {
  const writes = new Map<string, number>();
  await follow({ genesis, genesisHash }, async ({ transactions }) => {
    for (const { validationCode, writes: written } of transactions) {
      const id = written.map(({ key }) => key.split('\u0000')[2] ?? '').find((each) => ids.has(each));
      if (validationCode === 0 && id !== undefined) writes.set(id, (writes.get(id) ?? 0) + 1);
    }
  });
  return writes;
}

/** Takes every block that the chain has now, each one verified from the pinned genesis block on. */
async function follow(
  pinned: { genesis: Uint8Array; genesisHash: string },
  onBlock: Parameters<typeof listenBlocks>[0]['onBlock'],
): Promise<void> {
  const height = await hospital.ledger.chainHeight();
  const stop = new AbortController();
  let failure: unknown;
  await listenBlocks({
    connection: hospital.connection,
    ...pinned,
    logger: silentLogger,
    signal: stop.signal,
    onBlock: async (block) => {
      try {
        await onBlock(block);
        if (block.number + 1 >= height) stop.abort();
      } catch (error) {
        failure = error;
        stop.abort();
      }
    },
  });
  if (failure !== undefined) throw failure;
}

describe.skipIf(reason !== undefined)('the projection of a real chain', () => {
  const tables = {
    member: 'select * from member order by organization_id',
    consent_ledger: 'select * from consent_ledger order by 1',
    consent_ledger_version: 'select * from consent_ledger_version order by 1, 2',
    evidence_anchor: 'select * from evidence_anchor order by organization_id, tree_size',
    dispute_ledger: 'select * from dispute_ledger order by 1, 2',
    ledger_checkpoint: 'select channel, block_number, block_hash from ledger_checkpoint',
  };

  /** Projects all blocks into a database of its own, in as many goes as `stops` has. */
  async function project(stops: readonly number[]): Promise<Record<string, unknown[]>> {
    const database = await createTestDatabase();
    try {
      const { db } = database;
      const log = {
        projectAnchors: (
          ...[tx, transaction]: Parameters<Parameters<typeof openProjection>[0]['log']['projectAnchors']>
        ) =>
          projectAnchors(tx, transaction, {
            organizationId: 'hospital-a',
            confirmedAt: '2026-01-01T00:00:00.000Z',
          }),
      };
      for (const stop of stops) {
        const projection = await openProjection({
          db,
          tenant: 'hospital-a',
          channel: 'care',
          chaincode: 'medseal',
          log,
        });
        await follow(network, async (block) => {
          if (block.number < stop) await projection.take(block);
        });
      }
      const dump = Object.entries(tables).map(
        async ([name, query]) => [name, (await db.query(query)).rows] as const,
      );
      return Object.fromEntries(await Promise.all(dump));
    } finally {
      await database.drop();
    }
  }

  it('is the same from block 0 in one go and in three, with blocks taken twice', async () => {
    await hospital.ledger.submit('anchor', 'append', [noteOf(hospital, 20), '13', proof(13, 20)]);
    const height = await hospital.ledger.chainHeight();
    const [once, often] = [await project([height]), await project([5, 12, height])];

    expect(often).toEqual(once);
    expect(once['member']).toHaveLength(3);
    expect(once['evidence_anchor']).toHaveLength(3);
    expect(once['dispute_ledger']?.length).toBeGreaterThan(3);
    expect(once['consent_ledger']?.length).toBeGreaterThan(20);
    expect(once['ledger_checkpoint']).toMatchObject([{ channel: 'care', block_number: String(height - 1) }]);
  });
});

// The last of all: the organisation's own peer does not sign so. Its endorsements count no more, and a gateway still asks for them.
describe.skipIf(reason !== undefined)('an organisation that has its members sign SHA3-256', () => {
  it('does so alone, and is followed', async () => {
    const before = await hospital.ledger.chainHeight();
    await changeOwnMsp(network, { organizationId: 'hospital-b', change: withSha3 });
    await expect.poll(() => hospital.ledger.chainHeight(), { timeout: 15_000 }).toBeGreaterThan(before);
    await untilLevel([regulator, hospital]);
    const id = newId();
    const [own, gateway] = [settingsOf(network, 'hospital-b'), settingsOf(network, 'hospital-a')];
    const endorsers = ['HospitalAMSP', 'RegulatorMSP'];
    await submitWithSha3({ own, gateway, endorsers }, ['consent', 'record', id, '1', commitment, 'active']);

    expect((await writesOf(network, new Set([id]))).get(id)).toBe(1);
    expect([...(await endorsersOf(network, id))].sort()).toEqual(endorsers);
  });
});
