import { equalBytes, type TransactionView } from '@medseal/evidence';
import { projectConsents } from '../consent/index.ts';
import { projectDisputes } from '../disputes/index.ts';
import type { EvidenceLog } from '../evidence-log/index.ts';
import { projectMembers } from '../identity/index.ts';
import { AppError } from '../lib/errors.ts';
import type { Database, Queryable } from '../lib/sql.ts';

/** A block whose signatures were checked (adapters/fabric). */
type ProjectedBlock = { number: number; hash: Uint8Array; transactions: readonly TransactionView[] };

export type Projection = {
  /** Number of blocks that are in. */
  height(): number;
  /** The last block that is in. */
  last(): { number: number; hash: Uint8Array } | undefined;
  /** Takes a block in: members, consents, disputes, anchors and the checkpoint in one transaction. */
  take(block: ProjectedBlock): Promise<void>;
};

type ProjectionDeps = {
  db: Database;
  channel: string;
  chaincode: string;
  /** This organisation. */
  tenant: string;
  log: Pick<EvidenceLog, 'projectAnchors'>;
  /** Keeps the block's hash for the notary, where there is one. */
  keepBlock?: ((tx: Queryable, block: ProjectedBlock) => Promise<void>) | undefined;
};

/** Opens the ledger's projection where its checkpoint says that it stands. */
export async function openProjection(deps: ProjectionDeps): Promise<Projection> {
  let last = await readCheckpoint(deps.db, deps.channel);
  return {
    height: () => (last === undefined ? 0 : last.number + 1),
    last: () => last,
    take: async (block) => {
      await deps.db.transaction((tx) => project(tx, block, deps));
      last = { number: block.number, hash: block.hash };
    },
  };
}

async function readCheckpoint(
  db: Queryable,
  channel: string,
): Promise<{ number: number; hash: Uint8Array } | undefined> {
  const { rows } = await db.query<{ block_number: string; block_hash: Uint8Array }>(
    'select block_number, block_hash from ledger_checkpoint where channel = $1',
    [channel],
  );
  return rows[0] === undefined
    ? undefined
    : { number: Number(rows[0].block_number), hash: rows[0].block_hash };
}

/**
 * A block that another process over the same database has taken in changes nothing; one that leaves a gap is refused, and
 * so is another one in its place: somebody shows this node two ledgers, and none of them is gone on with.
 */
async function project(
  tx: Queryable,
  block: ProjectedBlock,
  { channel, chaincode, tenant, log, keepBlock }: ProjectionDeps,
): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`medseal/projection/${channel}`]);
  const taken = await readCheckpoint(tx, channel);
  if (block.number === taken?.number && !equalBytes(block.hash, taken.hash))
    throw new AppError('LEDGER_FORKED', { message: `another block ${block.number} was taken before` });
  const last = taken?.number ?? -1;
  if (block.number <= last) return;
  if (block.number !== last + 1) throw new Error(`block ${block.number} does not follow block ${last}`);
  await tx.query(
    `insert into ledger_checkpoint (channel, block_number, block_hash) values ($1, $2, $3)
     on conflict (channel) do update set block_number = $2, block_hash = $3, projected_at = now()`,
    [channel, block.number, block.hash],
  );
  await keepBlock?.(tx, block);
  for (const transaction of block.transactions) {
    await projectMembers(tx, transaction, chaincode);
    await projectConsents(tx, transaction, chaincode);
    await projectDisputes(tx, transaction, { chaincode, tenant });
    await log.projectAnchors(tx, transaction);
  }
}
