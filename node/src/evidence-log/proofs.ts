import { hex, inclusionProof, tilesForInclusion } from '@medseal/evidence';
import type { Queryable } from '../lib/sql.ts';
import { latestAnchor, latestReadAnchor } from './checkpoint-store.ts';
import { EvidenceLogError } from './errors.ts';
import { findLeaves, leafOfRow } from './leaf-store.ts';
import type { TileCache } from './tile-store.ts';
import type { AnchoredCheckpoint, LeafEvidence, LedgerPlace } from './types.ts';

type ProofDeps = { tiles: TileCache; tenant: string };

/** Proves leaves against the latest anchored checkpoint, in the order asked; three statements for any number of them. */
export async function proofsFor(
  db: Queryable,
  leafIds: readonly bigint[],
  deps: ProofDeps,
): Promise<LeafEvidence[]> {
  if (leafIds.length === 0) return [];
  return proveUnder(db, leafIds, { ...deps, anchor: await latestAnchor(db, deps.tenant) });
}

/** As {@link proofsFor}, against the latest anchor that a later transaction read, and naming that transaction. */
export async function confirmedProofsFor(
  db: Queryable,
  leafIds: readonly bigint[],
  deps: ProofDeps,
): Promise<LeafEvidence[]> {
  if (leafIds.length === 0) return [];
  return proveUnder(db, leafIds, { ...deps, anchor: await latestReadAnchor(db, deps.tenant) });
}

async function proveUnder(
  db: Queryable,
  leafIds: readonly bigint[],
  {
    tiles,
    tenant,
    anchor,
  }: ProofDeps & { anchor: (AnchoredCheckpoint & { confirmation?: LedgerPlace }) | undefined },
): Promise<LeafEvidence[]> {
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
      ...(anchor.confirmation === undefined ? {} : { confirmation: anchor.confirmation }),
    };
  });
}
