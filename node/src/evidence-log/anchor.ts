import { equalBytes, formatCheckpoint, hex, type NoteSigner, signNote } from '@medseal/evidence';
import type { Clock } from '../lib/clock.ts';
import type { Database } from '../lib/sql.ts';
import { latestAnchor, latestCheckpoint, saveCheckpoint, saveTransaction } from './checkpoint-store.ts';
import { EvidenceLogError } from './errors.ts';
import { readTreeSize } from './leaf-store.ts';
import { latestOnLedger } from './ledger-head.ts';
import { type LedgerPort, ledgerFailure } from './ports.ts';
import type { TileCache } from './tile-store.ts';
import { proveConsistency, rootAt } from './tree.ts';
import type { TreeHead } from './types.ts';

/** Advisory lock of the one that talks to the ledger about this database's log. */
const anchorLock = 7_163_402;

export type AnchorDeps = {
  db: Database;
  ledger: LedgerPort;
  tiles: TileCache;
  signer: NoteSigner;
  organizationId: string;
  clock: Clock;
};

/**
 * What a round came to. `idle`: nothing new; `busy`: another replica is at it; `submitted`: committed, the block is
 * still to be seen; `waiting`: known to be on the ledger, the block is still to be seen; `refused`: the ledger said no
 * (with its code); `failed`: surely not committed, or unknown and to be looked up in the next round.
 */
export type AnchorOutcome =
  | { state: 'idle' | 'busy' }
  | { state: 'submitted' | 'waiting'; treeSize: number }
  | { state: 'refused'; treeSize: number; code: string }
  | { state: 'failed'; treeSize: number; kind: 'not-committed' | 'unknown' };

/**
 * Anchors the log's present size. One checkpoint at a time: the one that is under way is followed until a verified
 * block confirms it. After an unknown outcome the ledger is asked, by transaction id and then for the latest anchor,
 * before anything is submitted again. Throws EVIDENCE_LOG_DIVERGED when ledger and log contradict each other.
 */
export async function anchor(deps: AnchorDeps): Promise<AnchorOutcome> {
  return deps.db.transaction(async (tx) => {
    // The transaction only holds the lock, longer than the ledger's deadlines add up to. What the rounds write is
    // committed statement by statement, so that nothing that was sent to the ledger is ever rolled back here.
    const { rows } = await tx.query<{ locked: boolean }>(
      `select pg_try_advisory_xact_lock($1) as locked, set_config('idle_in_transaction_session_timeout', '180s', true)`,
      [anchorLock],
    );
    return rows[0]?.locked === true ? anchorNext(deps) : { state: 'busy' };
  });
}

async function anchorNext(deps: AnchorDeps): Promise<AnchorOutcome> {
  const confirmed = (await latestAnchor(deps.db, deps.organizationId))?.treeSize ?? 0;
  const signed = await latestCheckpoint(deps.db);
  const underWay = signed !== undefined && signed.treeSize > confirmed ? signed : undefined;
  if (underWay?.txId !== undefined && (await deps.ledger.transactionStatus(underWay.txId)) === 'valid')
    return { state: 'waiting', treeSize: underWay.treeSize };
  const treeSize = underWay?.treeSize ?? (await readTreeSize(deps.db));
  requireWhole(treeSize, confirmed);
  if (treeSize === confirmed) return { state: 'idle' };
  const latest = await latestOnLedger(deps.ledger, deps.organizationId);
  if (latest !== undefined) await requireSameLog(deps, latest);
  const anchoredSize = latest?.treeSize ?? 0;
  if (anchoredSize >= treeSize) return { state: 'waiting', treeSize };
  return submit(deps, await sign(deps, treeSize), anchoredSize);
}

// A database restored from an old backup, or changed by hand, must not go on under the old log's name.
async function requireSameLog({ db, tiles }: AnchorDeps, latest: TreeHead): Promise<void> {
  requireWhole(await readTreeSize(db), latest.treeSize);
  if (!equalBytes(await rootAt(db, tiles, latest.treeSize), latest.rootHash))
    throw new EvidenceLogError('EVIDENCE_LOG_DIVERGED', {
      message: `another root is anchored at size ${latest.treeSize}`,
    });
}

function requireWhole(own: number, onLedger: number): void {
  if (own < onLedger)
    throw new EvidenceLogError('EVIDENCE_LOG_DIVERGED', {
      message: `the ledger holds ${onLedger} leaves, this database ${own}`,
    });
}

async function sign(
  { db, tiles, signer, clock }: AnchorDeps,
  treeSize: number,
): Promise<TreeHead & { note: string }> {
  const rootHash = await rootAt(db, tiles, treeSize);
  const note = signNote(formatCheckpoint({ origin: signer.name, treeSize, rootHash }), signer);
  await saveCheckpoint(db, { treeSize, rootHash, note, signedAt: clock.now().toISOString() });
  return { treeSize, rootHash, note };
}

async function submit(
  { db, ledger, tiles }: AnchorDeps,
  { treeSize, note }: TreeHead & { note: string },
  oldSize: number,
): Promise<AnchorOutcome> {
  const proof = (await proveConsistency(db, tiles, [oldSize, treeSize])).map(hex);
  try {
    const { txId } = await ledger.submit('anchor', 'append', [note, String(oldSize), JSON.stringify(proof)]);
    await saveTransaction(db, treeSize, txId);
    return { state: 'submitted', treeSize };
  } catch (error) {
    const failure = ledgerFailure(error);
    if (failure.kind === 'refused') return { state: 'refused', treeSize, code: failure.code };
    if (failure.kind === 'unknown' && failure.txId !== undefined)
      await saveTransaction(db, treeSize, failure.txId);
    return { state: 'failed', treeSize, kind: failure.kind };
  }
}
