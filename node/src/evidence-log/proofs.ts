import { hex, inclusionProof, tilesForInclusion } from '@medseal/evidence';
import type { Queryable } from '../lib/sql.ts';
import { latestAnchor } from './checkpoint-store.ts';
import { EvidenceLogError } from './errors.ts';
import { findLeaves, leafOfRow } from './leaf-store.ts';
import type { TileCache } from './tile-store.ts';
import type { LeafEvidence } from './types.ts';

/** Proves leaves against the latest anchored checkpoint, in the order asked; two statements for any number of them. */
export async function proofsFor(
  db: Queryable,
  leafIds: readonly bigint[],
  { tiles, tenant }: { tiles: TileCache; tenant: string },
): Promise<LeafEvidence[]> {
  if (leafIds.length === 0) return [];
  const anchor = await latestAnchor(db, tenant);
  const leaves = await findLeaves(db, leafIds);
  const treeSize = anchor?.treeSize ?? 0;
  const proved = [...leaves.values()].flatMap(({ leafIndex }) =>
    leafIndex !== undefined && leafIndex < treeSize ? [leafIndex] : [],
  );
  const wanted = proved.flatMap((leafIndex) => tilesForInclusion(leafIndex, treeSize));
  const read = await tiles.loadHashes(db, wanted);
  return leafIds.map((leafId) => {
    const row = leaves.get(leafId);
    if (row === undefined) throw new EvidenceLogError('EVIDENCE_LEAF_UNKNOWN');
    const leaf = leafOfRow(row, tenant);
    if (anchor === undefined || row.leafIndex === undefined || row.leafIndex >= treeSize)
      return { state: 'pending', leaf };
    return {
      state: 'anchored',
      leaf,
      leafIndex: row.leafIndex,
      inclusionProof: inclusionProof(read, row.leafIndex, treeSize).map(hex),
      checkpoint: anchor.note,
      anchor: { txId: anchor.txId, blockNumber: anchor.blockNumber },
    };
  });
}
