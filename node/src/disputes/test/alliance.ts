import { type MemberContent, memberEntryDigest } from '@medseal/chaincode/rules';
import { canonicalJson, commit, fromHex, hex, sha256, utf8 } from '@medseal/evidence';
import { createChaincode, type TestChaincode } from '../../../../chaincode/fabric/test/chaincode.ts';
import { createTestDatabase, type TestDatabase } from '../../../../test/database.ts';
import type { AuditEntry } from '../../audit/index.ts';
import { type ConsentTransaction, findRecordedConsents, projectConsents } from '../../consent/index.ts';
import type { KeyStore } from '../../crypto/index.ts';
import { createEvidenceLog, type EvidenceLog } from '../../evidence-log/index.ts';
import { TestLedgerError } from '../../evidence-log/test/ledger.ts';
import { testKeyStore } from '../../evidence-log/test/node.ts';
import type { Member, Role, Staff } from '../../identity/index.ts';
import type { OrganizationId, PatientId } from '../../lib/brand.ts';
import { manualClock } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { newId, newSecret } from '../../lib/ids.ts';
import { silentLogger } from '../../lib/logger.ts';
import { deliverDocuments } from '../deliver-documents.ts';
import type { DisputeDeps } from '../dispute-deps.ts';
import { createDisputes, type Disputes } from '../disputes.ts';
import { examineMoved } from '../examine-case.ts';
import type { FoundAccess, FoundExchange } from '../ports.ts';
import { projectDisputes } from '../project-disputes.ts';
import { markOverdue, submitSteps } from '../submit-steps.ts';

export const startAt = '2026-03-01T08:00:00.000Z';
export const patientId = 'p1' as PatientId;
export const patient = { kind: 'patient' as const, patientId };

/** One organisation: database, keys, log and cases of its own. */
export type TestNode = {
  organizationId: OrganizationId;
  database: TestDatabase;
  keyStore: KeyStore;
  log: EvidenceLog;
  member: Member;
  deps: DisputeDeps;
  disputes: Disputes;
  officer: Staff;
  exchanges: Map<string, FoundExchange[]>;
  decisions: Map<string, { receipt: Record<string, unknown>; salt: string; leafId: bigint }>;
  /** The consents kept here, by `id/version`. */
  consents: Map<string, TestConsent>;
};
export type TestConsent = FoundAccess & { ledgerId: string };
export type Letter = 'a' | 'b' | 'c' | 'r';

/** Three hospitals and a regulator over the real contracts; blocks and messages move when a test says so. */
export type TestAlliance = Record<Letter, TestNode> & {
  clock: ReturnType<typeof manualClock>;
  chaincode: TestChaincode;
  /** Organisations whose node does not answer. */
  away: Set<string>;
  /** Everything that was sent between nodes. */
  sent: { to: string; body: Uint8Array }[];
  /** Anchors every log, submits every step, shows every block to all, delivers every document. */
  settle(): Promise<void>;
  /** The same without deliveries. */
  settleLedger(): Promise<void>;
  /** Hospital B asks A for the patient's records and gets two; resolves to the request's id. */
  exchange(): Promise<string>;
  /** The consent that A's decisions rest on. */
  consentId: string;
  /** Ends it: A's log and the ledger hold its second version. */
  revoke(): Promise<void>;
  close(): Promise<void>;
};

type Shared = {
  clock: TestAlliance['clock'];
  chaincode: TestChaincode;
  transactions: ConsentTransaction[];
  members: Map<string, Member>;
  away: Set<string>;
  sent: TestAlliance['sent'];
  nodes: Map<string, TestNode>;
  /** The last transaction; the next one comes after it. */
  order: Promise<unknown>;
};

const names: Record<Letter, string> = { a: 'hospital-a', b: 'hospital-b', c: 'hospital-c', r: 'regulator' };

export async function createAlliance(): Promise<TestAlliance> {
  const shared: Shared = {
    clock: manualClock(startAt),
    chaincode: createChaincode(),
    transactions: [],
    members: new Map(),
    away: new Set(),
    sent: [],
    nodes: new Map(),
    order: Promise.resolve(),
  };
  await shared.chaincode.invoke('regulator-msp', 'member:initialize', 'regulator-msp');
  for (const letter of ['r', 'a', 'b', 'c'] as const) await createNode(names[letter], shared);
  const nodeOf = (letter: Letter): TestNode => shared.nodes.get(names[letter]) as TestNode;
  const [a, b, c, r] = [nodeOf('a'), nodeOf('b'), nodeOf('c'), nodeOf('r')];
  const consentId = newId();
  await keepConsent(a, { id: consentId, version: 1 }, shared);
  const nodes = [a, b, c, r];
  let projected = 0;
  const settleLedger = async (): Promise<void> => {
    for (let before = -1; before !== shared.transactions.length; ) {
      before = shared.transactions.length;
      for (const { log, deps } of nodes) {
        await log.anchorNow();
        await markOverdue(deps);
        await examineMoved(deps);
        await submitSteps(deps);
      }
      for (const transaction of shared.transactions.slice(projected))
        for (const node of nodes) await project(node, transaction);
      projected = shared.transactions.length;
    }
  };
  return {
    ...{ a, b, c, r, settleLedger },
    ...{ clock: shared.clock, chaincode: shared.chaincode, away: shared.away, sent: shared.sent },
    settle: async () => {
      let delivered = 1;
      while (delivered > 0) {
        await settleLedger();
        delivered = 0;
        for (const { deps } of nodes) delivered += await deliverDocuments(deps);
      }
      await settleLedger();
    },
    exchange: () => exchange({ a, b, consentId, at: shared.clock.now().toISOString() }),
    consentId,
    revoke: () => keepConsent(a, { id: consentId, version: 2 }, shared),
    close: async () => {
      for (const { database } of nodes) await database.drop();
    },
  };
}

async function project({ database, log, organizationId }: TestNode, transaction: ConsentTransaction) {
  await database.db.transaction(async (tx) => {
    await projectConsents(tx, transaction);
    await projectDisputes(tx, transaction, { chaincode: 'medseal', tenant: organizationId });
    await log.projectAnchors(tx, transaction);
  });
}

async function createNode(organizationId: string, shared: Shared): Promise<void> {
  const tenant = organizationId as OrganizationId;
  const mspId = `${organizationId}-msp`;
  const database = await createTestDatabase();
  const { db } = database;
  const keyStore = testKeyStore(organizationId);
  const ledger = ledgerOf(mspId, shared);
  const { clock } = shared;
  const log = createEvidenceLog({
    db,
    keyStore,
    source: { organizationId },
    ledger,
    clock,
    logger: silentLogger,
  });
  const member = await register(organizationId, { mspId, keyStore, log }, shared);
  const exchanges: TestNode['exchanges'] = new Map();
  const decisions: TestNode['decisions'] = new Map();
  const consents: TestNode['consents'] = new Map();
  const deps: DisputeDeps = {
    ...{ db, keyStore, clock, tenant, ledger, log, logger: silentLogger },
    members: {
      get: async (id) => shared.members.get(id),
      list: async () => [...shared.members.values()],
    },
    blocks: { block: async (number) => utf8(`block ${number}`), configsUpTo: async () => [] },
    access: { record: log.recordAccess, write: log.accessWriter.write },
    decisions: { evidence: async (id) => decisions.get(id) },
    consents: {
      evidence: async ({ id, version }) => consents.get(`${id}/${version}`),
      recorded: (question) => findRecordedConsents(db, question),
    },
    exchanges: { find: async (id) => exchanges.get(id) ?? [] },
    peers: peersOf(member, shared),
    answerSeconds: 3_600,
  };
  const disputes = createDisputes(deps);
  const officer = staffOf(tenant, organizationId === 'regulator' ? 'regulator' : 'privacy-officer');
  shared.nodes.set(organizationId, {
    ...{
      organizationId: tenant,
      database,
      keyStore,
      log,
      member,
      deps,
      disputes,
      officer,
      exchanges,
      decisions,
      consents,
    },
  });
}

async function register(
  organizationId: string,
  { mspId, keyStore, log }: { mspId: string; keyStore: KeyStore; log: EvidenceLog },
  { chaincode, members }: Shared,
): Promise<Member> {
  const entry: MemberContent = {
    organizationId,
    kind: organizationId === 'regulator' ? 'regulator' : 'hospital',
    names: { zh: '机构', en: 'Organisation' },
    nodeUrl: `https://${organizationId}.test`,
    tlsFingerprint: hex(sha256(utf8(organizationId))),
    sealingKey: hex(keyStore.agreementKey().publicKey),
    logKey: log.logKey,
    messageKey: hex(keyStore.publicKey('message')),
  };
  await chaincode.invoke(mspId, 'member:save', canonicalJson(entry));
  if (entry.kind !== 'regulator')
    await chaincode.invoke('regulator-msp', 'member:approve', organizationId, memberEntryDigest(entry));
  const member = {
    ...entry,
    organizationId: organizationId as OrganizationId,
    mspId,
    state: 'registered' as const,
    blockNumber: 1,
  };
  members.set(organizationId, member);
  return member;
}

function ledgerOf(mspId: string, shared: Shared) {
  const { chaincode, transactions, clock } = shared;
  const invoke = async (name: string, args: readonly string[]): Promise<string> => {
    chaincode.setTime(clock.now().toISOString());
    try {
      return await chaincode.invoke(mspId, name, ...args);
    } catch (error) {
      const [chaincodeCode = ''] = (error as Error).message.split(':');
      throw new TestLedgerError('LEDGER_REFUSED', { chaincodeCode });
    }
  };
  const commitOne = async (name: string, args: readonly string[]) => {
    const result = await invoke(name, args);
    const txId = hex(sha256(utf8(`transaction ${transactions.length}`)));
    const writes = chaincode.written().map((key) => ({
      namespace: 'medseal',
      key,
      value: chaincode.state.get(key) ?? new Uint8Array(0),
      isDelete: false,
    }));
    if (writes.length > 0)
      transactions.push({
        ...{ txId, blockNumber: transactions.length + 1, validationCode: 0, writes },
        timestamp: clock.now().toISOString(),
      });
    return { txId, blockNumber: transactions.length, result };
  };
  return {
    // One after the other, as blocks put them.
    submit: (contract: string, transaction: string, args: readonly string[]) => {
      const next = shared.order.then(() => commitOne(`${contract}:${transaction}`, args));
      shared.order = next.catch(() => undefined);
      return next;
    },
    evaluate: (contract: string, transaction: string, args: readonly string[]) =>
      invoke(`${contract}:${transaction}`, args),
    transactionStatus: async (txId: string) =>
      transactions.some((known) => known.txId === txId) ? ('valid' as const) : ('absent' as const),
  };
}

/** Hands a message to the other node as its peer port would, with the sender that mutual TLS proved. */
function peersOf(sender: Member, { nodes, away, sent }: Shared): DisputeDeps['peers'] {
  return {
    send: async ({ member, method, path, fields, body }) => {
      const recipient = nodes.get(member.organizationId);
      if (recipient === undefined || away.has(member.organizationId)) throw new AppError('PEER_UNREACHABLE');
      sent.push({ to: member.organizationId, body });
      const targetUri = `https://${member.organizationId}.test${path}`;
      try {
        const request = { method, targetUri, fields, body };
        const receipt = await recipient.disputes.receive({ member: sender, request });
        return { status: 200, fields: {}, body: utf8(JSON.stringify(receipt)) };
      } catch (error) {
        if (error instanceof AppError) return { status: 409, fields: {}, body: utf8(error.code) };
        throw error;
      }
    },
  };
}

export function staffOf(organizationId: OrganizationId, role: Role): Staff {
  return {
    kind: 'staff',
    staffId: `${organizationId}-${role}`,
    displayName: '陈专员',
    roles: [role],
    organizationId,
    authenticatedAt: startAt,
  };
}

/** A version of the patient's consent to B, in A's log and on the ledger; the second one ends it. */
async function keepConsent(
  a: TestNode,
  { id, version }: { id: string; version: number },
  { clock }: Shared,
): Promise<void> {
  const at = clock.now().toISOString();
  const who = (value: string) => ({ identifier: { value } });
  const content = {
    ...{ v: 1, version, revocation: version === 1 ? null : { at } },
    consent: {
      ...{ id, organization: [who('hospital-a')] },
      provision: {
        ...{ type: 'permit', period: { start: startAt, end: '2027-03-01T08:00:00.000Z' } },
        ...{ actor: [{ reference: who('hospital-b') }], purpose: [{ code: 'TREAT' }] },
      },
    },
  };
  const salt = hex(newSecret(32));
  const digest = commit('consent', content, fromHex(salt));
  const [leafId = 0n] = await a.database.db.transaction((tx) =>
    a.log.append(tx, [{ kind: 'consent', digest, at }]),
  );
  const ledgerId = a.consents.get(`${id}/1`)?.ledgerId ?? hex(newSecret(16));
  a.consents.set(`${id}/${version}`, { content, salt, leafId, ledgerId });
  const args = [ledgerId, String(version), hex(digest), version === 1 ? 'active' : 'inactive'];
  await a.deps.ledger.submit('consent', 'record', args);
}

async function exchange({
  a,
  b,
  consentId,
  at,
}: {
  a: TestNode;
  b: TestNode;
  consentId: string;
  at: string;
}): Promise<string> {
  const requestId = newId();
  const asking = staffOf(b.organizationId, 'clinician');
  const { receipt: decision, ...logged } = await decide(a, consentId, at);
  const { decisionId } = decision;
  a.decisions.set(decisionId, { receipt: decision, ...logged });
  const receipt = signedReceipt(a, decision, at);
  const references = ['Observation/1/_history/1', 'Observation/2/_history/1'];
  const shared = { outcome: 'success', at, purpose: 'TREAT', requestId } as const;
  const { organizationId, mspId } = b.member;
  const given: AuditEntry = {
    ...{ ...shared, interaction: 'disclose', patientId, instances: references, decisionId },
    actor: { kind: 'peer', organizationId, mspId, staff: asking },
    counterpart: b.organizationId,
  };
  const received: AuditEntry = {
    ...{ ...shared, interaction: 'receive', actor: asking, decisionId: newId() },
    instances: references.map((reference) => `${a.member.nodeUrl}/fhir/R4/${reference}`),
    counterpart: a.organizationId,
  };
  await a.database.db.transaction((tx) => a.log.recordAccess(tx, [given]));
  await b.database.db.transaction((tx) => b.log.recordAccess(tx, [received]));
  a.exchanges.set(requestId, [{ direction: 'answered', partner: b.organizationId, at, receipt }]);
  b.exchanges.set(requestId, [{ direction: 'asked', partner: a.organizationId, at, receipt }]);
  return requestId;
}

async function decide({ database, log }: TestNode, consentId: string, at: string) {
  const consents = [{ id: consentId, version: 1 }];
  const receipt = { v: 1, decisionId: newId(), permit: true, consents };
  const salt = hex(newSecret(32));
  const digest = commit('decision', receipt, fromHex(salt));
  const [leafId = 0n] = await database.db.transaction((tx) =>
    log.append(tx, [{ kind: 'decision', digest, at }]),
  );
  return { receipt, salt, leafId };
}

function signedReceipt({ keyStore }: TestNode, decision: { decisionId: string }, at: string): object {
  const content = {
    v: 1,
    source: 'hospital-a',
    requester: 'hospital-b',
    purpose: 'TREAT',
    permit: true,
    decisionId: decision.decisionId,
    decisionDigest: hex(sha256(utf8(`medseal/decision-receipt/v1\n${canonicalJson(decision)}`))),
    records: ['1'.repeat(64), '2'.repeat(64)],
    at,
  };
  const message = utf8(`medseal/exchange-receipt/v1\n${canonicalJson(content)}`);
  return { ...content, signature: Buffer.from(keyStore.sign('message', message)).toString('base64') };
}
