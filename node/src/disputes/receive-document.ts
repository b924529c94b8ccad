import type { LedgerDispute } from '@medseal/chaincode/rules';
import { type CaseDocument, caseCommitment, EvidenceError, parseCaseDocument } from '@medseal/evidence';
import { CryptoError } from '../crypto/index.ts';
import { openFrom } from '../crypto/recipient.ts';
import { type Member, type PeerMessage, verifyPeerMessage } from '../identity/index.ts';
import { JsonError, parseJson } from '../lib/strict-json.ts';
import { type DeliveryReceipt, signDeliveryReceipt } from './delivery-receipt.ts';
import type { DisputeDeps } from './dispute-deps.ts';
import { keepDocument, keptSince } from './document-store.ts';
import { DisputeError } from './errors.ts';
import { isParty, isRegulator, partiesIn } from './find-case.ts';
import { currentOf } from './ledger-store.ts';
import { bindingOf, type DisputeMessage, parseMessage } from './messages.ts';
import { requireOpening } from './readable.ts';
import { auditOf } from './take-step.ts';
import type { DocumentKind } from './types.ts';

const formats = {
  opening: 'medseal/case-opening/v1',
  filing: 'medseal/case-filing/v1',
  finding: 'medseal/case-finding/v1',
  decision: 'medseal/case-decision/v1',
} as const;

/**
 * Takes in a document of a case: signed by a party or the regulator, about a case in which this organisation has a part,
 * and exactly what the ledger committed to. The same one again changes nothing, so a replay has no effect. Resolves to this
 * organisation's signed receipt, always the same one: whoever handed it over can show that it was here, and since when.
 */
export async function receiveDocument(incoming: PeerMessage, deps: DisputeDeps): Promise<DeliveryReceipt> {
  verifyPeerMessage(incoming, { organizationId: deps.tenant, clock: deps.clock });
  const message = parseMessage(incoming.request.body);
  const { caseId, kind, author } = message;
  const dispute = await currentOf(deps.db, caseId);
  // The block that brings the step may still be on its way here: the sender tries again.
  if (dispute === undefined) throw new DisputeError('DISPUTE_NOT_ON_LEDGER');
  await requirePart(incoming.member, dispute, deps);
  await requireAuthor(message, deps);
  const expected = commitmentOf(dispute, kind, author);
  if (expected === undefined) throw new DisputeError('DISPUTE_NOT_ON_LEDGER');
  if (expected !== message.commitment) throw new DisputeError('DISPUTE_COMMITMENT');
  const document = await openMessage(message, incoming.member, deps);
  if (kind === 'opening') requireOpening(document.content, partiesIn(dispute));
  const name = { caseId, kind, author };
  const at = await deps.db.transaction(async (tx) => {
    const now = deps.clock.now();
    const isNew = await keepDocument(tx, { name, kept: { document }, at: now }, deps);
    if (!isNew) return keptSince(tx, name, now);
    const actor = { kind: 'system', name: 'disputes' } as const;
    const { organizationId: counterpart } = incoming.member;
    await deps.access.record(tx, [auditOf({ caseId, act: `receive-${kind}`, actor, counterpart }, deps)]);
    return now;
  });
  const { commitment } = message;
  return signDeliveryReceipt({ ...name, commitment, recipient: deps.tenant, at }, deps.keyStore);
}

async function requirePart(sender: Member, dispute: LedgerDispute, deps: DisputeDeps): Promise<void> {
  const mayHave = isParty(dispute, deps.tenant) || (await isRegulator(deps));
  const maySend = isParty(dispute, sender.organizationId) || sender.kind === 'regulator';
  if (!mayHave || !maySend) throw new DisputeError('DISPUTE_NOT_PARTY');
}

/** Finding and decision are the regulator's; under another's name they would be kept a second time. */
async function requireAuthor({ kind, author }: DisputeMessage, { members }: DisputeDeps): Promise<void> {
  const judges = kind === 'finding' || kind === 'decision';
  if (judges && (await members.get(author))?.kind !== 'regulator')
    throw new DisputeError('DISPUTE_NOT_PARTY');
}

/** The commitment that the ledger holds of one document. */
function commitmentOf(dispute: LedgerDispute, kind: DocumentKind, author: string): string | undefined {
  if (kind === 'opening') return author === dispute.opener ? dispute.commitment : undefined;
  if (kind === 'filing')
    return dispute.filings.find(({ organizationId }) => organizationId === author)?.commitment;
  return dispute[kind]?.commitment;
}

async function openMessage(
  message: DisputeMessage,
  sender: Member,
  { keyStore, tenant }: DisputeDeps,
): Promise<CaseDocument> {
  const binding = bindingOf(message, { sender: sender.organizationId, recipient: tenant });
  try {
    const text = openFrom(keyStore.agreementKey(), message.sealed, binding);
    const document = parseCaseDocument(parseJson(text, { maxDepth: 96 }), formats[message.kind]);
    if (caseCommitment(document) !== message.commitment || document.content.caseId !== message.caseId)
      throw new DisputeError('DISPUTE_COMMITMENT');
    return document;
  } catch (cause) {
    if (cause instanceof CryptoError) throw new DisputeError('DISPUTE_REQUEST_REFUSED', { cause });
    if (cause instanceof EvidenceError || cause instanceof JsonError)
      throw new DisputeError('DISPUTE_REQUEST_INVALID', { cause });
    throw cause;
  }
}
