import {
  base64,
  type Cosignature,
  EvidenceError,
  type NoteVerifier,
  openCosignatures,
  parseVerifierKey,
  requireTimely,
  witnessOf,
} from '@medseal/evidence';
import type { Member, Members, PeerPort } from '../identity/index.ts';
import type { Clock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { Database } from '../lib/sql.ts';
import { latestAnchor } from './checkpoint-store.ts';
import { type KeptCosignature, listCosignatures, saveCosignature, saveCosignedNote } from './cosign-store.ts';
import { readTreeSize } from './leaf-store.ts';
import type { TileCache } from './tile-store.ts';
import { proveConsistency } from './tree.ts';
import type { AnchoredCheckpoint } from './types.ts';
import { formatWitnessRequest } from './witness-request.ts';

export type CosignDeps = {
  db: Database;
  members: Pick<Members, 'list'>;
  peers: PeerPort;
  tiles: TileCache;
  organizationId: string;
  /** How many other members must have cosigned; undefined: more than half of those registered. */
  quorum: number | undefined;
  clock: Clock;
  logger: Logger;
};

/** What asking one witness came to. */
type Answer =
  | { state: 'cosigned'; cosignature: Cosignature }
  | { state: 'stale'; knownSize: number }
  /** The witness is ahead of this node's view of its own log's anchors; an error unless it passes. */
  | { state: 'ahead' }
  /** The witness has not seen the anchor's block yet, as happens all the time. */
  | { state: 'early' }
  | { state: 'refused'; status: number; code: string | undefined }
  | { state: 'unreachable'; code: string };

const clockToleranceSeconds = 60;
const firstPause = 500;
const longestPause = 60_000;
/** A note has at most 16 signatures (docs/formats/checkpoint.md), one of them the log's. */
const mostCosignatures = 15;

/** Every registered member but this one is a witness of this node's log. */
export async function witnessesOf({
  members,
  organizationId,
}: Pick<CosignDeps, 'members' | 'organizationId'>): Promise<Member[]> {
  const all = await members.list();
  return all.filter((member) => member.state === 'registered' && member.organizationId !== organizationId);
}

/** The quorum in force: as configured, or more than half of the other members; 0 where there is none. */
export function quorumOf(configured: number | undefined, witnesses: number): number {
  return configured ?? (witnesses === 0 ? 0 : Math.floor(witnesses / 2) + 1);
}

/**
 * Collects cosignatures for this node's latest anchored checkpoint, after it was anchored, so that no witness can hold
 * an anchor up. Each call asks every witness that has not cosigned it and is not to be left in peace; what comes back is
 * checked and kept, and once the quorum is there, the cosigned note is what proofs are made against.
 */
export function cosignatureCollector(deps: CosignDeps): () => Promise<void> {
  const pauses = new Map<string, { until: number; length: number }>();
  return async () => {
    const anchor = await latestAnchor(deps.db, deps.organizationId);
    // A database restored from a backup has less than was anchored, and nothing to prove it with; anchoring says so.
    if (anchor === undefined || (await readTreeSize(deps.db)) < anchor.treeSize) return;
    const witnesses = await witnessesOf(deps);
    const kept = new Map((await listCosignatures(deps.db)).map((entry) => [entry.witnessId, entry]));
    const now = deps.clock.now().getTime();
    const due = witnesses.filter(
      (member) =>
        !isCosignedBy(member, kept.get(member.organizationId), anchor) &&
        (pauses.get(member.organizationId)?.until ?? 0) <= now,
    );
    await Promise.all(
      due.map(async (member) => {
        const answer = await askAndKeep(member, { anchor, last: kept.get(member.organizationId) }, deps);
        if (answer.state === 'cosigned') pauses.delete(member.organizationId);
        else pauses.set(member.organizationId, nextPause(answer, pauses.get(member.organizationId), now));
        if (answer.state === 'cosigned') await completeNote(anchor, witnesses, deps);
        else logAnswer(member, answer, deps);
      }),
    );
  };
}

function nextPause(
  { state }: Answer,
  last: { length: number } | undefined,
  now: number,
): { until: number; length: number } {
  const isFirst = last === undefined || state === 'early';
  const length = isFirst ? firstPause : Math.min(last.length * 2, longestPause);
  return { until: now + length, length };
}

function logAnswer(
  { organizationId: witness }: Member,
  answer: Exclude<Answer, { state: 'cosigned' }>,
  { logger }: CosignDeps,
): void {
  const { state, ...fields } = answer;
  if (state === 'early') return;
  // A partner that is away is everyday; one that refuses, or knows more of this log than this node, is not.
  if (state === 'unreachable') logger.warn('cosign.unreachable', { witness, ...fields });
  else logger.error(`cosign.${state}`, { witness, ...fields });
}

type Asked = { anchor: AnchoredCheckpoint; last: KeptCosignature | undefined };

async function askAndKeep(member: Member, { anchor, last }: Asked, deps: CosignDeps): Promise<Answer> {
  const first = await ask(member, { anchor, oldSize: Math.min(last?.treeSize ?? 0, anchor.treeSize) }, deps);
  // Sizes can differ after a restore, or when an answer was lost: the witness says where it is, and it is asked once more.
  const answer =
    first.state === 'stale' ? await askFrom(member, { anchor, oldSize: first.knownSize }, deps) : first;
  if (answer.state === 'cosigned') {
    const { line, time } = answer.cosignature;
    const cosignedAt = new Date(time * 1000).toISOString();
    const { organizationId: witnessId } = member;
    await saveCosignature(deps.db, { witnessId, treeSize: anchor.treeSize, line, cosignedAt });
  }
  return answer;
}

type Question = { anchor: AnchoredCheckpoint; oldSize: number };

async function askFrom(member: Member, question: Question, deps: CosignDeps): Promise<Answer> {
  return question.oldSize > question.anchor.treeSize ? { state: 'ahead' } : ask(member, question, deps);
}

async function ask(member: Member, { anchor, oldSize }: Question, deps: CosignDeps): Promise<Answer> {
  const proof = await proveConsistency(deps.db, deps.tiles, [oldSize, anchor.treeSize]);
  try {
    const reply = await deps.peers.send({
      member,
      method: 'POST',
      path: '/peer/witness/add-checkpoint',
      fields: { 'content-type': 'text/plain; charset=utf-8' },
      body: new TextEncoder().encode(formatWitnessRequest(oldSize, proof.map(base64), anchor.note)),
    });
    return readAnswer(reply, { member, anchor, clock: deps.clock });
  } catch (error) {
    if (error instanceof AppError) return { state: 'unreachable', code: error.code };
    throw error;
  }
}

function readAnswer(
  { status, fields, body }: Awaited<ReturnType<PeerPort['send']>>,
  { member, anchor, clock }: { member: Member; anchor: AnchoredCheckpoint; clock: Clock },
): Answer {
  const text = new TextDecoder().decode(body.subarray(0, 4_096));
  if (status === 409 && fields['content-type']?.startsWith('text/x.tlog.size') === true) {
    const knownSize = Number(/^(?:0|[1-9]\d{0,15})(?=\n$)/.exec(text)?.[0] ?? Number.NaN);
    if (Number.isSafeInteger(knownSize)) return { state: 'stale', knownSize };
  }
  const code = /"code":"([A-Z_]{1,64})"/.exec(text)?.[1];
  if (code === 'WITNESS_NOT_ANCHORED') return { state: 'early' };
  if (status !== 200) return { state: 'refused', status, code };
  try {
    return { state: 'cosigned', cosignature: requireCosignature(anchor.note + text, member, clock) };
  } catch (error) {
    if (error instanceof EvidenceError) return { state: 'refused', status, code: error.code };
    throw error;
  }
}

/** The witness's word is taken for this very checkpoint, under its registered key, given now. */
function requireCosignature(note: string, member: Member, clock: Clock): Cosignature {
  const { cosignatures } = openCosignatures(note, [keyOf(member)]);
  const [cosignature] = cosignatures;
  if (cosignature === undefined) throw new EvidenceError('NOTE_NOT_SIGNED');
  const now = Math.floor(clock.now().getTime() / 1000);
  requireTimely(cosignatures, {
    notBefore: now - clockToleranceSeconds,
    notAfter: now + clockToleranceSeconds,
  });
  return cosignature;
}

function keyOf({ organizationId, logKey }: Member): NoteVerifier {
  return witnessOf(organizationId, parseVerifierKey(logKey));
}

/** Whether this witness's word on the checkpoint is here, under the key it is registered with now. */
function isCosignedBy(
  member: Member,
  kept: KeptCosignature | undefined,
  { treeSize, note }: AnchoredCheckpoint,
): boolean {
  if (kept?.treeSize !== treeSize) return false;
  try {
    return openCosignatures(note + kept.line, [keyOf(member)]).cosignatures.length === 1;
  } catch (error) {
    if (error instanceof EvidenceError) return false;
    throw error;
  }
}

async function completeNote(
  anchor: AnchoredCheckpoint,
  witnesses: readonly Member[],
  { db, quorum, clock }: CosignDeps,
): Promise<void> {
  const kept = await listCosignatures(db);
  const lines = witnesses
    .flatMap((member) => {
      const own = kept.find(({ witnessId }) => witnessId === member.organizationId);
      return own !== undefined && isCosignedBy(member, own, anchor) ? [own.line] : [];
    })
    .slice(0, mostCosignatures);
  const needed = quorumOf(quorum, witnesses.length);
  if (needed === 0 || lines.length < needed) return;
  await saveCosignedNote(db, {
    treeSize: anchor.treeSize,
    note: anchor.note + lines.join(''),
    cosignatures: lines.length,
    at: clock.now().toISOString(),
  });
}
