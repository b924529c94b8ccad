import { createHash, randomBytes } from 'node:crypto';
import {
  type Checkpoint,
  fromHex,
  hex,
  leafBytes,
  leafHash,
  openNote,
  parseCheckpoint,
  parseVerifierKey,
  verifyConsistency,
  verifyInclusion,
} from '@medseal/evidence';
import { createTestDatabase, type TestDatabase } from '../../../../test/database.ts';
import { keyStoreOf } from '../../adapters/keys/key-store.ts';
import { systemClock } from '../../lib/clock.ts';
import { silentLogger } from '../../lib/logger.ts';
import type { Database } from '../../lib/sql.ts';
import { createEvidenceLog, type EvidenceLog, type EvidenceLogDeps } from '../evidence-log.ts';
import type { LeafEvidence, NewLeaf } from '../types.ts';
import { createTestLedger, type TestLedger } from './ledger.ts';

export const organizationId = 'hospital-a';

/** One organisation's log with a database and a ledger of its own. */
export type TestNode = {
  database: TestDatabase;
  ledger: TestLedger;
  log: EvidenceLog;
  /** The same log as another process over the same database would see it. */
  restart(change?: Partial<EvidenceLogDeps>): EvidenceLog;
  close(): Promise<void>;
};

export function testKeyStore(seed = 'seed') {
  const secret = (label: string): string => createHash('sha256').update(`${seed} ${label}`).digest('hex');
  return keyStoreOf({
    masterKey: secret('master'),
    tokenKey: secret('token'),
    logSeed: secret('log'),
    messageSeed: secret('message'),
    receiptSeed: secret('receipt'),
    agreementSeed: secret('agreement'),
  });
}

export async function createTestNode(): Promise<TestNode> {
  const database = await createTestDatabase();
  const ledger = await createTestLedger('HospitalAMSP');
  const restart = (change: Partial<EvidenceLogDeps> = {}): EvidenceLog =>
    createEvidenceLog({
      db: database.db,
      keyStore: testKeyStore(),
      source: { organizationId },
      ledger,
      clock: systemClock,
      logger: silentLogger,
      ...change,
    });
  const log = restart();
  await ledger.register(organizationId, log.logKey);
  return { database, ledger, log, restart, close: () => database.drop() };
}

export function newLeaf(): NewLeaf {
  return { kind: 'record', digest: randomBytes(32), at: new Date().toISOString() };
}

export function appendLeaves(db: Database, log: EvidenceLog, count: number): Promise<bigint[]> {
  return db.transaction((tx) =>
    log.append(
      tx,
      Array.from({ length: count }, () => newLeaf()),
    ),
  );
}

const openedNotes = new Map<string, Checkpoint>();

function opened(note: string, logKey: string): Checkpoint {
  const known = openedNotes.get(note) ?? parseCheckpoint(openNote(note, [parseVerifierKey(logKey)]).text);
  openedNotes.set(note, known);
  return known;
}

/** Whether a proof leads from its leaf to its signed checkpoint, by the offline verifier's functions alone. */
export function proves(evidence: LeafEvidence, logKey: string): boolean {
  if (evidence.state !== 'anchored') return false;
  const { treeSize, rootHash } = opened(evidence.checkpoint, logKey);
  return verifyInclusion({
    leafHash: leafHash(leafBytes(evidence.leaf)),
    leafIndex: evidence.leafIndex,
    treeSize,
    proof: evidence.inclusionProof.map(fromHex),
    rootHash,
  });
}

/** Whether every anchored checkpoint contains the one before, by the proofs the chaincode was given. */
export function anchorsAreConsistent(ledger: TestLedger): boolean {
  const heads = ledger.submissions.map(([note = '', oldSize = '', proof = '[]']) => ({
    ...parseCheckpoint(note.slice(0, note.indexOf('\n\n') + 1)),
    oldSize: Number(oldSize),
    proof: (JSON.parse(proof) as string[]).map(fromHex),
  }));
  const roots = new Map(heads.map((head) => [head.treeSize, head.rootHash]));
  return heads.every(({ treeSize, rootHash, oldSize, proof }) => {
    const oldRoot = roots.get(oldSize);
    if (hex(roots.get(treeSize) ?? new Uint8Array(0)) !== hex(rootHash)) return false;
    if (oldSize === 0) return proof.length === 0;
    return (
      oldRoot !== undefined &&
      verifyConsistency({ oldSize, oldRoot, newSize: treeSize, newRoot: rootHash, proof })
    );
  });
}

/** Indices are 0, 1, 2 … and every committed leaf has exactly one of them. */
export async function indicesAreGapless(db: Database): Promise<boolean> {
  const { rows } = await db.query<{ gapless: boolean }>(
    `select (select count(*) from evidence_index) = (select coalesce(max(leaf_index) + 1, 0) from evidence_index)
        and (select count(*) from evidence_leaf)
          = (select count(*) from evidence_index) + (select count(*) from evidence_pending)
        and not exists (select from evidence_index join evidence_pending using (leaf_id)) as gapless`,
  );
  return rows[0]?.gapless === true;
}
