import { logOrigin } from '@medseal/chaincode/rules';
import {
  type Checkpoint,
  cosign,
  EvidenceError,
  equalBytes,
  forkProof,
  growthRoots,
  type NoteSigner,
  openNote,
  parseVerifierKey,
  verifyConsistency,
} from '@medseal/evidence';
import { ed25519Key, verifyEd25519 } from '../crypto/ed25519.ts';
import type { Member, Members } from '../identity/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Database, Queryable } from '../lib/sql.ts';
import { findAnchor } from './checkpoint-store.ts';
import { EvidenceLogError } from './errors.ts';
import { parseWitnessRequest, type WitnessRequest } from './witness-request.ts';
import {
  findConflict,
  isForked,
  latestCosigned,
  lockLog,
  type SignedHead,
  saveClaim,
  saveCosignedHead,
  saveFork,
} from './witness-store.ts';

export type WitnessDeps = {
  db: Database;
  members: Pick<Members, 'list'>;
  organizationId: string;
  signer: NoteSigner;
  clock: Clock;
};

/** `stale`: the log does not know how far this witness is; `knownSize` tells it. */
export type WitnessAnswer = { state: 'cosigned'; lines: string } | { state: 'stale'; knownSize: number };

type Judgement =
  | { state: 'cosigned' }
  | { state: 'stale'; knownSize: number }
  | { state: 'refused'; code: 'WITNESS_LOG_FORKED' | 'WITNESS_PROOF_INVALID' | 'WITNESS_NOT_ANCHORED' };

/**
 * Cosigns a checkpoint of a registered member's log after C2SP tlog-witness: signed by the log's registered key, and
 * consistent with the last one this node cosigned. Two rules more: this node's own view of the ledger must hold the
 * checkpoint, so that ledger and witnesses cannot be shown different histories; and a log that ever showed two histories
 * is never cosigned again. What is answered was committed before.
 */
export async function addCheckpoint(body: unknown, deps: WitnessDeps): Promise<WitnessAnswer> {
  const request = parseWitnessRequest(body);
  const { organizationId } = await signedByMember(request, deps);
  const at = deps.clock.now();
  const judgement = await deps.db.transaction(async (tx) => {
    await lockLog(tx, organizationId);
    return judge(tx, { ...request, organizationId, at: at.toISOString() });
  });
  if (judgement.state === 'refused') throw new EvidenceLogError(judgement.code);
  if (judgement.state === 'stale') return judgement;
  const text = request.note.slice(0, request.note.indexOf('\n\n') + 1);
  return { state: 'cosigned', lines: cosign(text, Math.floor(at.getTime() / 1000), deps.signer) };
}

/** The registered member whose log this is, when the note carries its signature. Nobody witnesses the own log. */
async function signedByMember(
  { note, checkpoint }: WitnessRequest,
  { members, organizationId }: WitnessDeps,
): Promise<Member> {
  const member = (await members.list()).find(
    (known) => logOrigin(known.organizationId) === checkpoint.origin,
  );
  if (member?.state !== 'registered' || member.organizationId === organizationId)
    throw new EvidenceLogError('WITNESS_LOG_UNKNOWN');
  try {
    const { verifiedBy } = openNote(note, [fastVerifier(member.logKey)]);
    if (verifiedBy.includes(checkpoint.origin)) return member;
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause;
    throw new EvidenceLogError('WITNESS_SIGNATURE_INVALID', { cause });
  }
  throw new EvidenceLogError('WITNESS_SIGNATURE_INVALID');
}

function fastVerifier(logKey: string): ReturnType<typeof parseVerifierKey> {
  return {
    ...parseVerifierKey(logKey),
    verify: (signature, text, key) => verifyEd25519(signature, text, ed25519Key(key)),
  };
}

type Asked = WitnessRequest & { organizationId: string; at: string };

/** Everything that is stored, forks too, is committed with the judgement: nothing here throws to refuse. */
async function judge(tx: Queryable, asked: Asked): Promise<Judgement> {
  const { organizationId, checkpoint, note, oldSize, at } = asked;
  if (await isForked(tx, organizationId)) return { state: 'refused', code: 'WITNESS_LOG_FORKED' };
  const conflict = await findConflict(tx, organizationId, checkpoint);
  if (conflict !== undefined) {
    await saveFork(tx, { organizationId, proof: forkProof([conflict.note, note]), foundAt: at });
    return { state: 'refused', code: 'WITNESS_LOG_FORKED' };
  }
  const anchored = (await findAnchor(tx, organizationId, checkpoint.treeSize)) !== undefined;
  if (!anchored) await saveClaim(tx, organizationId, { ...checkpoint, note, at });
  const known = await latestCosigned(tx, organizationId);
  if (oldSize !== (known?.treeSize ?? 0)) return { state: 'stale', knownSize: known?.treeSize ?? 0 };
  if (!isConsistent(asked, known)) {
    await saveGrowthFork(tx, asked, known);
    return { state: 'refused', code: 'WITNESS_PROOF_INVALID' };
  }
  if (!anchored) return { state: 'refused', code: 'WITNESS_NOT_ANCHORED' };
  await saveCosignedHead(tx, organizationId, { ...checkpoint, note, at });
  return { state: 'cosigned' };
}

function isConsistent({ checkpoint, proof }: Asked, known: SignedHead | undefined): boolean {
  if (known === undefined) return proof.length === 0;
  return verifyConsistency({
    oldSize: known.treeSize,
    oldRoot: known.rootHash,
    newSize: checkpoint.treeSize,
    newRoot: checkpoint.rootHash,
    proof,
  });
}

/** A proof that leads to the new root but from another old one convicts the log by its own words. */
async function saveGrowthFork(tx: Queryable, asked: Asked, known: SignedHead | undefined): Promise<void> {
  const { organizationId, checkpoint, proof, note, at } = asked;
  if (known === undefined || growthVerdict([known, checkpoint], proof) !== 'fork') return;
  await saveFork(tx, { organizationId, proof: forkProof([known.note, note], proof), foundAt: at });
}

/** What a growth path says about two heads of one log, the smaller first. `nothing`: it is not of the larger tree. */
export function growthVerdict(
  [older, newer]: readonly [SignedHead | Checkpoint, SignedHead | Checkpoint],
  path: readonly Uint8Array[],
): 'grew' | 'fork' | 'nothing' {
  const roots = growthRoots({ oldSize: older.treeSize, newSize: newer.treeSize, path });
  if (roots === undefined || !equalBytes(roots.newRoot, newer.rootHash)) return 'nothing';
  return equalBytes(roots.oldRoot, older.rootHash) ? 'grew' : 'fork';
}
