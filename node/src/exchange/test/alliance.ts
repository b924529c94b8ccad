import { commitRecord } from '@medseal/evidence';
import { createTestDatabase, type TestDatabase } from '../../../../test/database.ts';
import { freePort } from '../../../../test/journey/ports.ts';
import { createPeerClient, type PeerClient } from '../../adapters/peers/http.ts';
import {
  createAuthority,
  type TestAuthority,
  type TestIdentity,
} from '../../adapters/peers/test/certificates.ts';
import { releases } from '../../consent/index.ts';
import { type KeyStore, sealingKeyOf } from '../../crypto/index.ts';
import { createEvidenceLog, type EvidenceLog } from '../../evidence-log/index.ts';
import { createTestLedger, type TestLedger } from '../../evidence-log/test/ledger.ts';
import { testKeyStore } from '../../evidence-log/test/node.ts';
import type { Resource } from '../../fhir/index.ts';
import { createMetrics, createPeerServer, type PeerServer } from '../../http/index.ts';
import type { Member, Members, OrganizationId, Staff } from '../../identity/index.ts';
import type { PatientId, Pseudonym } from '../../lib/brand.ts';
import { newId, newSecret } from '../../lib/ids.ts';
import { silentLogger } from '../../lib/logger.ts';
import { exchangePeerRoutes } from '../peer-routes.ts';
import type { RecordsPort, ReleasedRecord } from '../ports.ts';
import type { RequesterDeps } from '../request.ts';
import { createResponder } from '../respond.ts';
import { createTestConsent, type TestConsent } from './consent.ts';

/** A clock that can be set wrong. */
export type TestClock = { now(): Date; offsetMs: number };

/** One organisation with everything the exchange needs: database, keys, log, TLS, peer server. */
export type TestNode = {
  organizationId: OrganizationId;
  database: TestDatabase;
  keyStore: KeyStore;
  log: EvidenceLog;
  ledger: TestLedger;
  clock: TestClock;
  identity: TestIdentity;
  authority: TestAuthority;
  consent: TestConsent;
  records: TestRecords;
  server: PeerServer;
  peers: PeerClient;
  member: Member;
  staff: Staff;
  requester: RequesterDeps;
};

/** Records of patients with their leaves in the real log. */
export type TestRecords = RecordsPort & {
  /** Takes a patient in and returns the pseudonym under which partners ask. */
  add(resources: Resource[]): Promise<{ patientId: PatientId; pseudonym: Pseudonym }>;
};

export type TestAlliance = {
  a: TestNode;
  b: TestNode;
  c: TestNode;
  members: Map<string, Member>;
  /** Anchors A's log and shows the block to A and B. */
  anchor(): Promise<void>;
  close(): Promise<void>;
};

export async function createAlliance(): Promise<TestAlliance> {
  const members = new Map<string, Member>();
  const authorities = new Map<string, TestAuthority>();
  for (const letter of ['a', 'b', 'c'])
    authorities.set(mspOf(letter), await createAuthority(`hospital-${letter}`));
  const rootsOf = (mspId: string): string[] => [authorities.get(mspId)?.root ?? ''];
  const nodes: TestNode[] = [];
  for (const letter of ['a', 'b', 'c'])
    nodes.push(await createNode(letter, { members, authorities, rootsOf }));
  const [a, b, c] = nodes as [TestNode, TestNode, TestNode];
  return {
    a,
    b,
    c,
    members,
    anchor: async () => {
      await a.log.anchorNow();
      await a.ledger.deliver(a.log, a.database.db);
      await a.ledger.deliver(b.log, b.database.db);
    },
    close: async () => {
      for (const node of nodes) {
        node.peers.close();
        await node.server.close(100);
        await node.database.drop();
      }
    },
  };
}

type Shared = {
  members: Map<string, Member>;
  authorities: Map<string, TestAuthority>;
  rootsOf(mspId: string): string[];
};

async function createNode(letter: string, { members, authorities, rootsOf }: Shared): Promise<TestNode> {
  const organizationId = `hospital-${letter}` as OrganizationId;
  const mspId = mspOf(letter);
  const database = await createTestDatabase();
  const { db } = database;
  const keyStore = testKeyStore(letter);
  const ledger = await createTestLedger(mspId);
  const clock: TestClock = { offsetMs: 0, now: () => new Date(Date.now() + clock.offsetMs) };
  const source = { organizationId };
  const log = createEvidenceLog({ db, keyStore, source, ledger, clock, logger: silentLogger });
  await ledger.register(organizationId, log.logKey);
  const authority = authorities.get(mspId) as TestAuthority;
  const identity = await authority.issue();
  const peers = createPeerClient({ identity, rootsOf, timeoutMs: 5_000 });
  const consent = createTestConsent({ organizationId, keyStore, clock });
  const records = createTestRecords({ db, log });
  const access = { record: log.recordAccess };
  const directory = directoryOf(members);
  const port = await freePort();
  const nodeUrl = `https://localhost:${port}`;
  const respond = createResponder({ organizationId, db, keyStore, clock, consent, records, log, access });
  const server = createPeerServer({
    tls: { cert: identity.certificate, key: identity.key },
    mspRoots: [...authorities].map(([id, { root }]) => ({ mspId: id, roots: [root] })),
    members: directory,
    mounts: [{ path: '/', router: exchangePeerRoutes({ respond, nodeUrl }) }],
    logger: silentLogger,
    metrics: createMetrics(),
    clock,
  });
  await server.listen('127.0.0.1', port);
  const member = memberOf({ organizationId, mspId, nodeUrl, identity, keyStore, log });
  members.set(organizationId, member);
  const requester: RequesterDeps = {
    organizationId,
    db,
    keyStore,
    clock,
    consent,
    records,
    log,
    access,
    peers,
    members: directory,
    pseudonyms: { pseudonymsOf: async (ids) => ids.map((id) => pseudonymOf(id)) },
  };
  const staff = staffOf(letter, organizationId);
  return {
    organizationId,
    database,
    keyStore,
    log,
    ledger,
    clock,
    identity,
    authority,
    consent,
    records,
    server,
    peers,
    member,
    staff,
    requester,
  };
}

function mspOf(letter: string): string {
  return `Hospital${letter.toUpperCase()}MSP`;
}

function directoryOf(members: Map<string, Member>): Members {
  return {
    get: async (organizationId) => members.get(organizationId),
    list: async () => [...members.values()],
    findByFingerprint: async (fingerprint, mspIds) =>
      [...members.values()].find(
        ({ tlsFingerprint, mspId }) => tlsFingerprint === fingerprint && mspIds.includes(mspId),
      ),
  };
}

type MemberParts = Pick<TestNode, 'organizationId' | 'keyStore' | 'log' | 'identity'> & {
  mspId: string;
  nodeUrl: string;
};

function memberOf({ organizationId, mspId, nodeUrl, identity, keyStore, log }: MemberParts): Member {
  const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  return {
    organizationId,
    mspId,
    kind: 'hospital',
    names: { zh: '医院', en: organizationId },
    nodeUrl,
    tlsFingerprint: identity.tlsFingerprint,
    sealingKey: hexOf(keyStore.agreementKey().publicKey),
    logKey: log.logKey,
    messageKey: hexOf(keyStore.publicKey('message')),
    state: 'registered',
    blockNumber: 1,
  };
}

function staffOf(letter: string, organizationId: OrganizationId): Staff {
  return {
    kind: 'staff',
    staffId: `dr-${letter}`,
    displayName: '李医生',
    roles: ['clinician'],
    organizationId,
    authenticatedAt: new Date().toISOString(),
  };
}

/** Any function of the number will do here; the alliance's own is tested in identity/. */
export function pseudonymOf(nationalId: string): Pseudonym {
  return Buffer.from(nationalId.padEnd(32, '#')).toString('hex') as Pseudonym;
}

type RecordsParts = { db: TestDatabase['db']; log: EvidenceLog };

function createTestRecords({ db, log }: RecordsParts): TestRecords {
  const patients = new Map<string, { patientId: PatientId; nationalId: string; records: ReleasedRecord[] }>();
  const byId = (patientId: string) =>
    [...patients.values()].find((patient) => patient.patientId === patientId);
  return {
    add: async (resources) => {
      const patientId = newId() as PatientId;
      const nationalId = String(patients.size + 1).padStart(18, '1');
      const pseudonym = pseudonymOf(nationalId);
      const prepared = resources.map((resource) => ({
        resource: resourceFor(resource, patientId),
        contentSalt: newSecret(32),
      }));
      const at = new Date().toISOString();
      const leafIds = await db.transaction((tx) =>
        log.append(
          tx,
          prepared.map(({ resource, contentSalt }) => ({
            kind: 'record' as const,
            digest: commitRecord(resource, contentSalt),
            at,
          })),
        ),
      );
      const records = prepared.map((record, place) => ({
        ...record,
        length: Buffer.byteLength(JSON.stringify(record.resource)),
        versionId: '1',
        leafId: leafIds[place] ?? 0n,
      }));
      patients.set(pseudonym, { patientId, nationalId, records });
      return { patientId, pseudonym };
    },
    findPatient: async (pseudonym) => {
      const found = patients.get(pseudonym);
      return found && { patientId: found.patientId, key: anyKey };
    },
    nationalIdOf: async (patientId) => byId(patientId)?.nationalId,
    openForRelease: async ({ patientId, types, count, decision }) => {
      const records = (byId(patientId)?.records ?? [])
        .filter(({ resource }) => types.includes(resource.resourceType))
        .filter(({ resource }) => releases(decision, descriptorOf(resource)) === 'release')
        .slice(0, count);
      return { records, omitted: 0 };
    },
  };
}

const anyKey = { token: new Uint8Array(16), ...sealingKeyOf(new Uint8Array(32)) };

function descriptorOf({ resourceType: type, id = '', effectiveDateTime }: Resource) {
  const date = typeof effectiveDateTime === 'string' ? { date: effectiveDateTime } : {};
  return { type, id, labels: [], ...date };
}

function resourceFor(resource: Resource, patientId: PatientId): Resource {
  const meta = { ...resource.meta, versionId: '1' };
  if (resource.resourceType === 'Patient') return { ...resource, id: patientId, meta };
  const id = resource.id ?? newId();
  return { ...resource, id, meta, subject: { reference: `Patient/${patientId}` } };
}
