import type { CaseDocument } from '@medseal/evidence';
import type { DeliveryReceipt } from './delivery-receipt.ts';
import { deliveryReceipts } from './delivery-store.ts';
import type { DisputeDeps } from './dispute-deps.ts';
import { DisputeError } from './errors.ts';
import { findCase } from './find-case.ts';
import type { CaseActor } from './types.ts';

/** What this organisation filed, and who has signed for it. */
export type OwnFiling = { document: CaseDocument; receipts: DeliveryReceipt[] };

/**
 * The document of this organisation's own filing with its salt, so that it can be shown to anybody: it fits the commitment on
 * the ledger, also where a finding calls it withheld.
 */
export async function ownFiling(
  { actor, caseId }: { actor: CaseActor; caseId: string },
  deps: DisputeDeps,
): Promise<OwnFiling> {
  const { documents } = await findCase(caseId, actor, deps);
  const kept = documents.get(`filing/${deps.tenant}`);
  if (kept === undefined) throw new DisputeError('DISPUTE_NOT_FILED');
  const receipts = await deliveryReceipts(deps.db, caseId);
  const own = receipts.filter(({ kind, author }) => kind === 'filing' && author === deps.tenant);
  return { document: kept.document, receipts: own };
}
