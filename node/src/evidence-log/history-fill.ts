import { equalBytes, parseBlock } from '@medseal/evidence';
import type { Database } from '../lib/sql.ts';
import { EvidenceLogError } from './errors.ts';
import { growHistory } from './history.ts';
import { type HistoryBlock, keepBlocks, keptBlocks } from './history-store.ts';

export type HistoryFillDeps = {
  db: Database;
  channelId: Uint8Array;
  /** A block as the peer has it; what it says is held against the blocks above it. */
  block(number: number): Promise<Uint8Array>;
};

const batchSize = 512;
const atOnce = 16;

/**
 * Reads what is missing of the channel's history from the ledger: the blocks that were projected before it was kept.
 * From the first block above a gap downwards, as each verified block names the hash of the one before it; so a peer
 * cannot slip another block in. Every batch is committed, and a restart goes on from there.
 */
export async function fillHistory(deps: HistoryFillDeps, signal: AbortSignal): Promise<void> {
  const { db, channelId } = deps;
  while (!signal.aborted) {
    const treeSize = await growHistory(db, channelId);
    const [above] = await keptBlocks(db, channelId, { from: treeSize, most: 1 });
    if (above === undefined) return;
    await keepBlocks(db, channelId, await blocksBelow(above, treeSize, deps));
  }
}

/** A batch of the blocks from `lowest` on that lie directly below a verified one. */
async function blocksBelow(
  above: HistoryBlock,
  lowest: number,
  { block }: HistoryFillDeps,
): Promise<HistoryBlock[]> {
  const found: HistoryBlock[] = [];
  let last = above;
  while (last.height > lowest && found.length < batchSize) {
    const length = Math.min(atOnce, last.height - lowest);
    const { height } = last;
    const numbers = Array.from({ length }, (_, at) => height - at);
    for (const bytes of await Promise.all(numbers.map((number) => block(number)))) {
      last = predecessor(last, bytes);
      found.push(last);
    }
  }
  return found;
}

function predecessor({ height, blockHash }: HistoryBlock, bytes: Uint8Array): HistoryBlock {
  const { number, hash, previousHash } = parseBlock(bytes);
  if (number !== height || !equalBytes(hash, blockHash))
    throw new EvidenceLogError('EVIDENCE_HISTORY_DIVERGED', {
      message: `the peer has another block ${height}`,
    });
  return { height: height - 1, blockHash: previousHash };
}
