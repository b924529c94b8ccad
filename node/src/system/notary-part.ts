import { type NotaryProof, notaryChannelId, parseBlock } from '@medseal/evidence';
import { findNotaryRecord, highestNotaryRecord, type LeafEvidence } from '../evidence-log/index.ts';
import type { Queryable } from '../lib/sql.ts';

/** What a bundle needs of the notary: its record of a block on top of the anchor's, and the hashes that lead there. */
export type NotaryPart = { proof: NotaryProof; dataHashes: Uint8Array[] };

type Source = {
  db: Queryable;
  channel: string;
  genesisHash: string;
  block(number: number): Promise<Uint8Array>;
};

// Each step costs a block from the peer and 67 bytes of the bundle. A notary that is farther away can be looked up.
const maxDistance = 128;
const atOnce = 16;

/**
 * Proofs under the newest anchor that a record of the notary covers: the very newest is never recorded yet while the log
 * goes on. Under the newest of all where no such anchor covers the leaves.
 */
export async function proveUnderNotary(
  leafIds: readonly bigint[],
  prove: (leafIds: readonly bigint[], highestBlock?: number) => Promise<LeafEvidence[]>,
  { db, channel, genesisHash }: Pick<Source, 'db' | 'channel' | 'genesisHash'>,
): Promise<LeafEvidence[]> {
  const highestBlock = await highestNotaryRecord(db, notaryChannelId(channel, genesisHash));
  if (highestBlock !== undefined) {
    const proofs = await prove(leafIds, highestBlock);
    if (proofs.every(({ state }) => state === 'anchored')) return proofs;
  }
  return prove(leafIds);
}

/** The notary's first record at or above a block; undefined where there is none yet, or none near enough. */
export async function notaryPart(
  anchorBlock: number,
  { db, channel, genesisHash, block }: Source,
): Promise<NotaryPart | undefined> {
  const record = await findNotaryRecord(db, notaryChannelId(channel, genesisHash), anchorBlock);
  if (record?.proof === undefined || record.height - anchorBlock > maxDistance) return undefined;
  const dataHashes: Uint8Array[] = [];
  for (let from = anchorBlock + 1; from <= record.height; from += atOnce) {
    const length = Math.min(atOnce, record.height - from + 1);
    const blocks = await Promise.all(Array.from({ length }, (_, at) => block(from + at)));
    for (const bytes of blocks) dataHashes.push(parseBlock(bytes).dataHash);
  }
  return { proof: record.proof, dataHashes };
}
