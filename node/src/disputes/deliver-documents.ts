import { caseCommitment, fromHex, utf8 } from '@medseal/evidence';
import { sealFor } from '../crypto/recipient.ts';
import { type Member, type PeerRequest, signPeerMessage } from '../identity/index.ts';
import { AppError } from '../lib/errors.ts';
import { type DeliveryReceipt, readDeliveryReceipt } from './delivery-receipt.ts';
import { type Delivery, settleDelivery, takeDeliveries } from './delivery-store.ts';
import type { DisputeDeps } from './dispute-deps.ts';
import { openDocuments } from './document-store.ts';
import { bindingOf, disputePath, messageBytes } from './messages.ts';

const leaseMs = 60_000;
const maxBackoffMs = 300_000;
const batchSize = 20;

/** Hands over every document that is due, and returns how many were taken up. One that cannot be handed over stays. */
export async function deliverDocuments(deps: DisputeDeps): Promise<number> {
  const now = deps.clock.now();
  const until = new Date(now.getTime() + leaseMs);
  const due = await takeDeliveries(deps.db, { now, until, limit: batchSize });
  await Promise.all(due.map((delivery) => deliver(delivery, deps)));
  return due.length;
}

async function deliver(delivery: Delivery, deps: DisputeDeps): Promise<void> {
  const { caseId, kind, recipient } = delivery;
  const answer = await attempt(delivery, deps);
  if (typeof answer !== 'string') {
    await settleDelivery(deps.db, delivery, { state: 'delivered', receipt: answer });
    deps.logger.info('dispute.delivered', { caseId, kind, recipient });
    return;
  }
  const wait = Math.min(maxBackoffMs, 500 * 2 ** Math.min(delivery.attempts, 12));
  const nextAttemptAt = new Date(deps.clock.now().getTime() + wait);
  await settleDelivery(deps.db, delivery, { state: 'queued', code: answer, nextAttemptAt });
  deps.logger.warn('dispute.not-delivered', { caseId, kind, recipient, code: answer });
}

/** The recipient's receipt once it has the document; else the code of what kept it from it. */
async function attempt(delivery: Delivery, deps: DisputeDeps): Promise<DeliveryReceipt | string> {
  const member = await deps.members.get(delivery.recipient);
  if (member?.state !== 'registered') return 'DISPUTE_RECIPIENT_DISABLED';
  try {
    const { message, commitment } = await signed(delivery, member, deps);
    const { status, body } = await deps.peers.send(message);
    if (status !== 200) return `HTTP_${status}`;
    const { caseId, kind, author, recipient } = delivery;
    const named = { caseId, kind, author, commitment, recipient };
    // Without a receipt its recipient could deny that it was handed over.
    const { messageKey } = member;
    const receipt = readDeliveryReceipt(body, named, { messageKey, now: deps.clock.now() });
    return receipt ?? 'DISPUTE_RECEIPT_INVALID';
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

async function signed(
  { caseId, kind, author }: Delivery,
  member: Member,
  { db, keyStore, tenant, clock }: DisputeDeps,
): Promise<{ message: PeerRequest; commitment: string }> {
  const documents = await openDocuments(db, caseId, { keyStore, tenant });
  const kept = documents.get(`${kind}/${author}`);
  if (kept === undefined) throw new AppError('DISPUTE_UNREADABLE');
  const named = { caseId, kind, author, commitment: caseCommitment(kept.document) };
  const binding = bindingOf(named, { sender: tenant, recipient: member.organizationId });
  const text = utf8(JSON.stringify(kept.document));
  const body = messageBytes({ ...named, sealed: sealFor(fromHex(member.sealingKey), text, binding) });
  const signing = { organizationId: tenant, keyStore, clock };
  const { message } = signPeerMessage({ member, path: disputePath, body }, signing);
  return { message, commitment: named.commitment };
}
