import { createHash } from 'node:crypto';
import { logOrigin, type MemberContent, memberEntryDigest } from '@medseal/chaincode/rules';
import {
  canonicalJson,
  formatCheckpoint,
  type NoteSigner,
  noteSigner,
  parseVerifierKey,
  signNote,
} from '@medseal/evidence';
import { createChaincode } from '../../../../chaincode/fabric/test/chaincode.ts';
import { createTestDatabase, type TestDatabase } from '../../../../test/database.ts';
import { createPeerClient, type PeerClient } from '../../adapters/peers/http.ts';
import { createMetrics, createPeerServer, type PeerServer } from '../../http/index.ts';
import { createAuthority, type Identity, issueIdentity } from '../../http/test/certificates.ts';
import { membersIn, projectMembers } from '../../identity/index.ts';
import { type Clock, manualClock } from '../../lib/clock.ts';
import { type Logger, silentLogger } from '../../lib/logger.ts';
import { createEvidenceLog, type EvidenceLog } from '../evidence-log.ts';
import type { LedgerPort, LedgerTransaction } from '../ports.ts';
import { createTileCache } from '../tile-store.ts';
import { rootAt } from '../tree.ts';
import { createWitnessing, type Witnessing } from '../witness-module.ts';
import { witnessPeerRoutes } from '../witness-routes.ts';
import { TestLedgerError } from './ledger.ts';
import { appendLeaves, testKeyStore } from './node.ts';

const regulatorMsp = 'RegulatorMSP';

/** A node with a database of its own, its log, its witness and its peer port. */
export type AllianceNode = {
  organizationId: string;
  mspId: string;
  database: TestDatabase;
  log: EvidenceLog;
  witnessing: Witnessing;
  /** Names and codes of what was logged, and paths that were asked of the peer port. */
  events: string[];
  codes: string[];
  requests: string[];
  /** Whether the node takes requests. */
  online: boolean;
  port: number;
  /** Signs in the name of the node's log whatever it is told to. */
  logSigner: NoteSigner;
  /** The same node after its process was started again. */
  restart(): void;
};

export type Alliance = {
  clock: ReturnType<typeof manualClock>;
  node(organizationId: string): AllianceNode;
  /** Appends leaves and has the ledger anchor them; nobody has seen the block yet. */
  submit(node: AllianceNode, leaves: number): Promise<void>;
  /** Brings every block that they have not seen to these nodes. */
  deliver(...nodes: AllianceNode[]): Promise<void>;
  /** Appends, anchors and delivers to everybody. */
  anchor(node: AllianceNode, leaves: number): Promise<void>;
  setState(organizationId: string, event: 'disable' | 'enable'): Promise<void>;
  /** A client with the certificate of this member. */
  peersOf(node: AllianceNode): PeerClient;
  policy: {
    logs: Map<
      string,
      { organizationId: string; mspId: string; verifiers: ReturnType<typeof parseVerifierKey>[] }
    >;
  };
  close(): Promise<void>;
};

type Built = AllianceNode & { identity: Identity; server: PeerServer; peers: PeerClient; seen: number };

/** An alliance over the real contracts, real databases and real mutual TLS between the peer ports. */
export async function createAlliance(organizationIds: readonly string[], quorum?: number): Promise<Alliance> {
  const chaincode = createChaincode();
  const transactions: LedgerTransaction[] = [];
  const clock = manualClock(new Date().toISOString());
  const authority = await createAuthority('Alliance CA');
  const nodes = new Map<string, Built>();
  const all = (): Built[] => [...nodes.values()];

  const submitAs = async (
    mspId: string,
    name: string,
    args: string[],
  ): Promise<{ txId: string; result: string }> => {
    const result = await refusing(() => chaincode.invoke(mspId, name, ...args));
    const txId = `tx-${transactions.length + 1}`;
    const writes = chaincode.written().map((key) => ({
      namespace: 'medseal',
      key,
      value: chaincode.state.get(key) ?? new Uint8Array(0),
      isDelete: false,
    }));
    transactions.push({ txId, blockNumber: transactions.length + 1, validationCode: 0, writes });
    return { txId, result };
  };
  const ledgerOf = (mspId: string): LedgerPort => ({
    submit: async (contract, transaction, args) => ({
      ...(await submitAs(mspId, `${contract}:${transaction}`, args)),
      blockNumber: transactions.length,
    }),
    evaluate: (contract, transaction, args) =>
      refusing(() => chaincode.invoke(mspId, `${contract}:${transaction}`, ...args)),
    transactionStatus: async (txId) =>
      transactions.some((known) => known.txId === txId) ? 'valid' : 'absent',
  });
  const deliver = async (...to: Built[]): Promise<void> => {
    for (const node of to)
      for (; node.seen < transactions.length; node.seen += 1) {
        const transaction = transactions[node.seen] as LedgerTransaction;
        await node.database.db.transaction(async (tx) => {
          await projectMembers(tx, transaction);
          await node.log.projectAnchors(tx, transaction);
        });
      }
  };

  await submitAs(regulatorMsp, 'member:initialize', [regulatorMsp]);
  for (const organizationId of organizationIds) {
    const mspId = `${organizationId}MSP`.replaceAll('-', '');
    const node = await build({ organizationId, mspId, quorum, clock, authority, ledger: ledgerOf(mspId) });
    nodes.set(organizationId, node);
    const entry = entryOf(node);
    await submitAs(mspId, 'member:save', [canonicalJson(entry)]);
    await submitAs(regulatorMsp, 'member:approve', [organizationId, memberEntryDigest(entry)]);
  }
  await deliver(...all());
  const submit = async (node: AllianceNode, leaves: number): Promise<void> => {
    await appendLeaves(node.database.db, node.log, leaves);
    await node.log.anchorNow();
  };
  return {
    clock,
    node: (organizationId) => nodes.get(organizationId) as Built,
    submit,
    deliver: (...to) => deliver(...(to as Built[])),
    anchor: async (node, leaves) => {
      await submit(node, leaves);
      await deliver(...all());
    },
    setState: async (organizationId, event) => {
      const seen = event === 'enable' ? [memberEntryDigest(entryOf(nodes.get(organizationId) as Built))] : [];
      await submitAs(regulatorMsp, `member:${event}`, [organizationId, ...seen]);
      await deliver(...all());
    },
    peersOf: (node) => (node as Built).peers,
    policy: {
      logs: new Map(
        all().map(({ organizationId, mspId, log }) => [
          organizationId,
          { organizationId, mspId, verifiers: [parseVerifierKey(log.logKey)] },
        ]),
      ),
    },
    close: async () => {
      for (const node of all()) {
        node.peers.close();
        await node.server.close(0);
        await node.database.drop();
      }
    },
  };
}

type Options = {
  organizationId: string;
  mspId: string;
  quorum: number | undefined;
  clock: Clock;
  authority: Awaited<ReturnType<typeof createAuthority>>;
  ledger: LedgerPort;
};

async function build({ organizationId, mspId, quorum, clock, authority, ledger }: Options): Promise<Built> {
  const database = await createTestDatabase();
  const { db } = database;
  const keyStore = testKeyStore(organizationId);
  const identity = await issueIdentity(organizationId, authority);
  const peers = createPeerClient({
    identity: { certificate: identity.cert, key: identity.key },
    rootsOf: () => [authority.pem],
    timeoutMs: 5_000,
  });
  const events: string[] = [];
  const codes: string[] = [];
  const note = (event: string, fields?: { code?: unknown }): void => {
    events.push(event);
    if (typeof fields?.code === 'string') codes.push(fields.code);
  };
  const logger: Logger = { info: note, warn: note, error: note };
  const members = membersIn(db);
  const start = () => ({
    log: createEvidenceLog({ db, keyStore, source: { organizationId }, ledger, clock, logger }),
    witnessing: createWitnessing({
      ...{ db, keyStore, organizationId, members, peers, quorum, clock, logger },
      graceMilliseconds: 0,
      pace: { pollMilliseconds: 10 },
    }),
  });
  const node: Built = {
    ...{ organizationId, mspId, database, identity, peers, events, codes },
    ...start(),
    requests: [],
    online: true,
    seen: 0,
    port: 0,
    logSigner: noteSigner(logOrigin(organizationId), keyStore.publicKey('log'), (text) =>
      keyStore.sign('log', text),
    ),
    restart: () => void Object.assign(node, start()),
    server: undefined as unknown as PeerServer,
  };
  const router = witnessPeerRoutes({
    addCheckpoint: (body) => node.witnessing.addCheckpoint(body),
    proveGrowth: (sizes) => node.witnessing.proveGrowth(sizes),
  });
  node.server = createPeerServer({
    tls: identity,
    mspRoots: organizationIdsRoots(authority.pem),
    members,
    mounts: [{ path: '/', router }],
    logger: silentLogger,
    metrics: createMetrics(),
    clock,
  });
  node.server.server.prependListener('request', (request, response) => {
    node.requests.push(request.url ?? '');
    if (!node.online) response.destroy();
  });
  ({ port: node.port } = await node.server.listen('127.0.0.1', 0));
  return node;
}

// One authority stands for every member's MSP here; what tells members apart is the registered certificate.
function organizationIdsRoots(pem: string): { mspId: string; roots: string[] }[] {
  return ['hospitalaMSP', 'hospitalbMSP', 'hospitalcMSP', 'regulatorMSP'].map((mspId) => ({
    mspId,
    roots: [pem],
  }));
}

function entryOf({ organizationId, log, port, identity }: Built): MemberContent {
  const digest = (label: string): string =>
    createHash('sha256').update(`${organizationId} ${label}`).digest('hex');
  return {
    organizationId,
    kind: 'hospital',
    names: { zh: '医院', en: 'Hospital' },
    nodeUrl: `https://localhost:${port}`,
    tlsFingerprint: identity.fingerprint,
    sealingKey: digest('sealing'),
    messageKey: digest('message'),
    logKey: log.logKey,
  };
}

async function refusing<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const [chaincodeCode = ''] = (error as Error).message.split(':');
    throw new TestLedgerError('LEDGER_REFUSED', { chaincodeCode });
  }
}

/**
 * Changes a node's log behind its back, as the owner of its database can: `change` runs with the guards off, and then
 * places and tiles are built anew, so that all of it fits together again.
 */
export async function rewriteDatabase(node: AllianceNode, change: string): Promise<void> {
  const { db } = node.database;
  await db.query(`
    alter table evidence_leaf disable trigger all;
    alter table evidence_index disable trigger all;
    alter table evidence_anchor disable trigger all;
    ${change};
    delete from evidence_index;
    delete from evidence_tile;
    delete from evidence_checkpoint;
    delete from evidence_anchor where organization_id = '${node.organizationId}';
    insert into evidence_pending select leaf_id from evidence_leaf;
  `);
  node.restart();
  // The node's own program sees at once that the ledger holds another log; its owner goes on without it.
  await node.log.anchorNow().catch((error: { code?: string }) => {
    if (error.code !== 'EVIDENCE_LOG_DIVERGED') throw error;
  });
}

/** The signed checkpoint of what the node's database holds now. */
export async function signHead(
  node: AllianceNode,
): Promise<{ treeSize: number; rootHash: Uint8Array; note: string }> {
  const { db } = node.database;
  const { treeSize } = await node.log.status();
  const rootHash = await rootAt(db, createTileCache(), treeSize);
  const origin = node.logSigner.name;
  return {
    treeSize,
    rootHash,
    note: signNote(formatCheckpoint({ origin, treeSize, rootHash }), node.logSigner),
  };
}

/** Has a node believe that its present log is anchored, and ask its witnesses to cosign it. */
export async function forgeAnchor(node: AllianceNode): Promise<number> {
  const { treeSize, rootHash, note } = await signHead(node);
  await node.database.db.query(
    `insert into evidence_anchor (organization_id, tree_size, root_hash, note, tx_id, block_number)
     values ($1, $2, $3, $4, 'forged', 1)
     on conflict (organization_id, tree_size) do update set root_hash = $3, note = $4`,
    [node.organizationId, treeSize, rootHash, note],
  );
  await node.witnessing.collect();
  return treeSize;
}
