import { hex, inclusionProofs, tilesForInclusions } from '@medseal/evidence';
import type { Queryable } from '../lib/sql.ts';
import { latestAnchor, latestCosignedAnchor, latestReadAnchor } from './checkpoint-store.ts';
import { cosignedNoteAt } from './cosign-store.ts';
import { EvidenceLogError } from './errors.ts';
import { findLeaves, leafOfRow } from './leaf-store.ts';
import type { TileCache } from './tile-store.ts';
import type { AnchoredCheckpoint, LeafEvidence, LedgerPlace } from './types.ts';

type ProofDeps = {
  tiles: TileCache;
  tenant: string;
  /** Only anchors up to this block: those that the outside notary's record of it covers. */
  highestBlock?: number | undefined;
};
type FoundLeaves = Awaited<ReturnType<typeof findLeaves>>;

/**
 * Proves leaves in the order asked, all against one anchored checkpoint: the latest that a quorum of witnesses cosigned
 * if it covers them, else the latest. A few statements for any number of them.
 */
export async function proofsFor(
  db: Queryable,
  leafIds: readonly bigint[],
  deps: ProofDeps,
): Promise<LeafEvidence[]> {
  if (leafIds.length === 0) return [];
  const [leaves, cosigned] = await Promise.all([
    findLeaves(db, leafIds),
    latestCosignedAnchor(db, deps.tenant, deps.highestBlock),
  ]);
  const anchor =
    cosigned !== undefined && covers(cosigned.treeSize, leaves)
      ? cosigned
      : await latestAnchor(db, deps.tenant, deps.highestBlock);
  return proveUnder(db, leafIds, { ...deps, leaves, anchor });
}

/** As {@link proofsFor}, against an anchor that a later transaction read, and naming that transaction. */
export async function confirmedProofsFor(
  db: Queryable,
  leafIds: readonly bigint[],
  deps: ProofDeps,
): Promise<LeafEvidence[]> {
  if (leafIds.length === 0) return [];
  const bound = deps.highestBlock === undefined ? {} : { highestBlock: deps.highestBlock };
  const [leaves, cosigned] = await Promise.all([
    findLeaves(db, leafIds),
    latestReadAnchor(db, deps.tenant, { among: 'cosigned', ...bound }),
  ]);
  const anchor =
    cosigned !== undefined && covers(cosigned.treeSize, leaves)
      ? { ...cosigned, note: (await cosignedNoteAt(db, cosigned.treeSize)) ?? cosigned.note }
      : await latestReadAnchor(db, deps.tenant, { among: 'any', ...bound });
  return proveUnder(db, leafIds, { ...deps, leaves, anchor });
}

function covers(treeSize: number, leaves: FoundLeaves): boolean {
  return [...leaves.values()].every(({ leafIndex }) => leafIndex !== undefined && leafIndex < treeSize);
}

type Proving = ProofDeps & {
  leaves: FoundLeaves;
  anchor: (AnchoredCheckpoint & { confirmation?: LedgerPlace }) | undefined;
};

async function proveUnder(
  db: Queryable,
  leafIds: readonly bigint[],
  { tiles, tenant, leaves, anchor }: Proving,
): Promise<LeafEvidence[]> {
  const treeSize = anchor?.treeSize ?? 0;
  const proved = [...leaves.values()].flatMap(({ leafIndex }) =>
    leafIndex !== undefined && leafIndex < treeSize ? [leafIndex] : [],
  );
  const read = await tiles.loadHashes(db, tilesForInclusions(proved, treeSize));
  const paths = inclusionProofs(read, proved, treeSize);
  const proofs = new Map(proved.map((leafIndex, at) => [leafIndex, paths[at]?.map(hex) ?? []]));
  return leafIds.map((leafId) => {
    const row = leaves.get(leafId);
    if (row === undefined) throw new EvidenceLogError('EVIDENCE_LEAF_UNKNOWN');
    const leaf = leafOfRow(row, tenant);
    const { leafIndex } = row;
    const proof = leafIndex === undefined ? undefined : proofs.get(leafIndex);
    if (anchor === undefined || leafIndex === undefined || proof === undefined)
      return { state: 'pending', leaf };
    return {
      state: 'anchored',
      leaf,
      leafIndex,
      inclusionProof: proof,
      checkpoint: anchor.note,
      anchor: { txId: anchor.txId, blockNumber: anchor.blockNumber },
      ...(anchor.confirmation === undefined ? {} : { confirmation: anchor.confirmation }),
    };
  });
}
