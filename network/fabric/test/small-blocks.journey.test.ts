import { randomBytes } from 'node:crypto';
import {
  commitRecord,
  consistencyProof,
  discloseRecord,
  evidenceBundle,
  formatCheckpoint,
  type HashReader,
  hex,
  inclusionProof,
  type Leaf,
  leafBytes,
  leafHash,
  parseBlock,
  parseTrustPolicy,
  rootHash,
  transactionsOf,
  verifyBundle,
} from '@medseal/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configsBefore } from '../../../node/src/adapters/fabric/config-lineage.ts';
import { blockByNumber } from '../../../node/src/adapters/fabric/contracts.ts';
import { type MemberClient, memberClient, registerAll, untilLevel } from './members.ts';
import { skipReason, startTestNetwork, type TestNetwork } from './network.ts';

const reason = skipReason('evidence bundles of a real Fabric network under load');
/** Transactions ordered at the same moment as an anchor; as many as a block could take before. */
const crowd = 49;
const records = 4;
let network: TestNetwork;
let clients: MemberClient[] = [];

beforeAll(async () => {
  if (reason !== undefined) return;
  network = await startTestNetwork('medseal');
  clients = ['regulator', 'hospital-a', 'hospital-b'].map((id) => memberClient(network, id));
  await registerAll(clients);
});
afterAll(async () => {
  for (const { connection } of clients) connection.close();
  await network?.remove();
});

const resource = {
  resourceType: 'Observation',
  id: 'observation-1',
  status: 'final',
  note: [{ text: '复测' }],
};
const salts = Array.from({ length: records }, () => new Uint8Array(randomBytes(32)));
const leaves = salts.map(
  (salt, at): Leaf => ({
    ...{ v: 1, kind: 'record', tenant: 'hospital-a', digest: hex(commitRecord(resource, salt)) },
    at: `2026-06-01T00:00:${String(at).padStart(2, '0')}.000Z`,
  }),
);
const hashes = leaves.map((leaf) => leafHash(leafBytes(leaf)));
const read: HashReader = (level, index) =>
  rootHash(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));

type Anchor = { txId: string; blockNumber: number; treeSize: number; note: string };

/** Anchors a size in the middle of a crowd: all are endorsed before the first of them is sent to the orderers. */
async function anchorInCrowd({ connection, member }: MemberClient, treeSize: number): Promise<Anchor> {
  const rootText = rootHash(hashes.slice(0, treeSize));
  const origin = 'medseal.org/log/hospital-a';
  const note = member.signNote(formatCheckpoint({ origin, treeSize, rootHash: rootText }));
  const before = treeSize - 1;
  const proof = before === 0 ? [] : consistencyProof(read, before, treeSize).map(hex);
  const endorse = (contract: string, name: string, args: string[]) =>
    connection.contract(contract).newProposal(name, { arguments: args }).endorse();
  const others = Array.from({ length: crowd }, () =>
    endorse('consent', 'record', [randomBytes(16).toString('hex'), '1', '1'.repeat(64), 'active']),
  );
  const own = endorse('anchor', 'append', [note, String(before), JSON.stringify(proof)]);
  const crowded = await Promise.all(others);
  const anchor = await own;
  crowded.splice(crowd / 2, 0, anchor);
  // The gateway of a busy network calls some of them failed which its orderers have ordered, so the outcome is asked of the peer.
  await Promise.allSettled(crowded.map((transaction) => transaction.submit()));
  const statuses = await Promise.all(
    crowded.map((transaction) => connection.outcomeOf(transaction.getTransactionId())),
  );
  const txId = anchor.getTransactionId();
  const blockNumber = statuses.find(({ transactionId }) => transactionId === txId)?.blockNumber;
  expect(statuses.filter(({ successful }) => !successful)).toEqual([]);
  await untilLevel(clients);
  return { txId, blockNumber: Number(blockNumber), treeSize, note };
}

/** The file that proves the last record of an anchor, with the next anchor as its confirmation. */
async function fileOf(
  { connection }: MemberClient,
  { txId, blockNumber, treeSize, note }: Anchor,
  later: Anchor,
) {
  const block = await blockByNumber(connection, blockNumber);
  const confirmation = { txId: later.txId, block: await blockByNumber(connection, later.blockNumber) };
  const bundle = evidenceBundle({
    disclosure: discloseRecord(resource, salts[treeSize - 1] ?? new Uint8Array(0), new Set()),
    ...{ leaf: leaves[treeSize - 1] ?? { v: 1, kind: 'record', tenant: '', digest: '', at: '' } },
    leafIndex: treeSize - 1,
    inclusionProof: inclusionProof(read, treeSize - 1, treeSize).map(hex),
    ...{ checkpoint: note, anchor: { txId, blockNumber }, block, confirmation },
    configBlocks: [
      network.genesis,
      ...(await configsBefore(confirmation.block, 0, (number) => blockByNumber(connection, number))),
    ],
  });
  const transactions = [block, confirmation.block].map((each) => transactionsOf(parseBlock(each)).length);
  return { bundle, bytes: Buffer.byteLength(JSON.stringify(bundle)), transactions };
}

describe.skipIf(reason !== undefined)('a channel under load', () => {
  it('makes blocks so small that every bundle has at most 64 KiB', async () => {
    const hospital = clients[1] as MemberClient;
    const anchors: Anchor[] = [];
    for (let size = 1; size <= records; size += 1) anchors.push(await anchorInCrowd(hospital, size));
    const policy = parseTrustPolicy({
      ...{ format: 'medseal/trust-policy/v1', ledger: 'fabric', channel: 'care' },
      chaincode: { name: 'medseal', versions: ['1.0'] },
      genesisHash: network.genesisHash,
      logs: [
        {
          ...{ organizationId: 'hospital-a', mspId: 'HospitalAMSP' },
          verifierKeys: [hospital.member.content.logKey],
        },
      ],
    });
    const files = await Promise.all(
      anchors.slice(1).map((later, at) => fileOf(hospital, anchors[at] ?? later, later)),
    );

    for (const { bytes, transactions } of files)
      console.log(`a bundle of ${bytes} bytes, ${transactions.join(' and ')} transactions in its blocks`);
    expect(files.map(({ bundle }) => verifyBundle(bundle, policy).verdict)).toEqual(files.map(() => 'valid'));
    expect(Math.max(...files.flatMap(({ transactions }) => transactions))).toBe(16); // the crowd filled a block
    expect(Math.max(...files.map(({ bytes }) => bytes))).toBeLessThanOrEqual(40 * 1024);
  });
});
