import { EvidenceError, forkProof, fromHex } from '@medseal/evidence';
import { z } from 'zod';
import type { Member, Members, PeerPort } from '../identity/index.ts';
import type { Clock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { Database } from '../lib/sql.ts';
import { parseJson } from '../lib/strict-json.ts';
import { latestAnchor } from './checkpoint-store.ts';
import { growthVerdict } from './witness.ts';
import {
  deleteClaim,
  isForked,
  lockLog,
  openClaims,
  type SignedHead,
  saveFork,
  takeUnreported,
} from './witness-store.ts';

export type ClaimDeps = {
  db: Database;
  members: Pick<Members, 'list'>;
  peers: PeerPort;
  clock: Clock;
  logger: Logger;
  /** How long a log may take to anchor what it showed. */
  graceMilliseconds: number;
};

const answer = z.strictObject({ path: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(54) });

const askAgainMilliseconds = 60_000;

/**
 * Takes up what a log signed and showed but did not anchor: the log is asked how it belongs to its latest anchor. An
 * answer settles it, either way; without one it stays open, is not cosigned, is named in the log and the status, and the
 * log is asked again after a minute. New forks are reported.
 */
export function claimSettler(deps: ClaimDeps): () => Promise<void> {
  const asked = new Map<string, { treeSize: number; at: number }>();
  return async () => {
    const now = deps.clock.now().getTime();
    const members = await deps.members.list();
    const open = await openClaims(deps.db, new Date(now - deps.graceMilliseconds).toISOString());
    await Promise.all(
      open.map(async ({ organizationId, claim }) => {
        const member = members.find((known) => known.organizationId === organizationId);
        const last = asked.get(organizationId);
        const isDue = last?.treeSize !== claim.treeSize || now - last.at >= askAgainMilliseconds;
        if (member === undefined || !isDue) return;
        asked.set(organizationId, { treeSize: claim.treeSize, at: now });
        await settle(member, claim, deps);
      }),
    );
    await reportForks(deps);
  };
}

/** Says loudly, once, that a log has shown two histories. */
export async function reportForks({ db, logger }: Pick<ClaimDeps, 'db' | 'logger'>): Promise<void> {
  for (const { organizationId, foundAt } of await takeUnreported(db))
    logger.error('witness.fork', { logOf: organizationId, foundAt });
}

async function settle(member: Member, claim: SignedHead, deps: ClaimDeps): Promise<void> {
  const { organizationId } = member;
  const anchor = await latestAnchor(deps.db, organizationId);
  if (anchor === undefined || anchor.treeSize === claim.treeSize) return;
  const heads: [SignedHead, SignedHead] =
    anchor.treeSize < claim.treeSize ? [anchor, claim] : [claim, anchor];
  const path = await askPath(member, heads, deps);
  const verdict = path === undefined ? 'nothing' : growthVerdict(heads, path);
  if (verdict === 'nothing') {
    const [older, newer] = heads.map(({ treeSize }) => treeSize);
    deps.logger.error('witness.unproven', { logOf: organizationId, older, newer });
    return;
  }
  await deps.db.transaction(async (tx) => {
    await lockLog(tx, organizationId);
    if (verdict === 'grew') await deleteClaim(tx, organizationId, claim);
    else if (!(await isForked(tx, organizationId))) {
      const proof = forkProof([heads[0].note, heads[1].note], path);
      await saveFork(tx, { organizationId, proof, foundAt: deps.clock.now().toISOString() });
    }
  });
}

async function askPath(
  member: Member,
  [older, newer]: [SignedHead, SignedHead],
  { peers }: ClaimDeps,
): Promise<Uint8Array[] | undefined> {
  try {
    const reply = await peers.send({
      member,
      method: 'POST',
      path: '/peer/witness/prove-growth',
      fields: { 'content-type': 'application/json' },
      body: new TextEncoder().encode(JSON.stringify({ oldSize: older.treeSize, newSize: newer.treeSize })),
    });
    const parsed = reply.status === 200 ? answer.safeParse(parseJson(reply.body)) : undefined;
    return parsed?.data?.path.map(fromHex);
  } catch (error) {
    if (error instanceof AppError || error instanceof EvidenceError) return undefined;
    throw error;
  }
}
