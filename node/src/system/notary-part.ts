import { type NotaryProof, notaryChannelId } from '@medseal/evidence';
import {
  findNotaryRecord,
  highestNotaryRecord,
  type LeafEvidence,
  proveInHistory,
  type TileCache,
} from '../evidence-log/index.ts';
import type { Queryable } from '../lib/sql.ts';

/** What a bundle needs of the notary: its record of the channel's history, and the anchor's path to the root of that. */
export type NotaryPart = { proof: NotaryProof; inclusionProof: Uint8Array[] };

type Source = {
  db: Queryable;
  channel: string;
  genesisHash: string;
  /** Over the tiles of the channel's history. */
  tiles: TileCache;
};

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

/** The notary's first record at or above a block, however far away; undefined where there is none yet. */
export async function notaryPart(
  anchorBlock: number,
  { db, channel, genesisHash, tiles }: Source,
): Promise<NotaryPart | undefined> {
  const record = await findNotaryRecord(db, notaryChannelId(channel, genesisHash), anchorBlock);
  if (record === undefined) return undefined;
  const { height, proof } = record;
  return { proof, inclusionProof: await proveInHistory(db, tiles, { block: anchorBlock, height }) };
}
