import type { CaseDocument } from '@medseal/evidence';
import type { DeliveryReceipt } from './delivery-receipt.ts';
import { deliveryReceipts, requeueDeliveries } from './delivery-store.ts';
import type { DisputeDeps } from './dispute-deps.ts';
import { DisputeError } from './errors.ts';
import { findCase } from './find-case.ts';
import { auditOf } from './take-step.ts';
import type { CaseActor, KeptDocument } from './types.ts';

type CaseRequest = { actor: CaseActor; caseId: string };

/** What this organisation filed, and who has signed for it. */
export type OwnFiling = { document: CaseDocument; receipts: DeliveryReceipt[] };

/**
 * The document of this organisation's own filing with its salt, so that it can be shown to anybody: it fits the commitment on
 * the ledger, also where a finding calls it withheld.
 */
export async function ownFiling({ actor, caseId }: CaseRequest, deps: DisputeDeps): Promise<OwnFiling> {
  const kept = await requireFiled({ actor, caseId }, deps);
  const receipts = await deliveryReceipts(deps.db, caseId);
  const own = receipts.filter(({ kind, author }) => kind === 'filing' && author === deps.tenant);
  return { document: kept.document, receipts: own };
}

/**
 * Hands the own filing over once more, at once: the recipient may have lost what it signed for. It takes in again what it
 * has without a change.
 */
export async function deliverAgain({ actor, caseId }: CaseRequest, deps: DisputeDeps): Promise<void> {
  await requireFiled({ actor, caseId }, deps);
  const name = { caseId, kind: 'filing', author: deps.tenant } as const;
  await deps.db.transaction(async (tx) => {
    await requeueDeliveries(tx, name, deps.clock.now());
    await deps.access.record(tx, [auditOf({ caseId, act: 'deliver', actor }, deps)]);
  });
  deps.onQueued?.();
}

async function requireFiled({ actor, caseId }: CaseRequest, deps: DisputeDeps): Promise<KeptDocument> {
  const { documents } = await findCase(caseId, actor, deps);
  const kept = documents.get(`filing/${deps.tenant}`);
  if (kept === undefined) throw new DisputeError('DISPUTE_NOT_FILED');
  return kept;
}
