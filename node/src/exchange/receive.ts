import { EvidenceError, fromHex, hex } from '@medseal/evidence';
import { verifyReceipt as verifyDecision } from '../consent/index.ts';
import {
  type MessageVerifier,
  messageVerifier,
  type RequestParts,
  verifyResponse,
} from '../crypto/http-signature.ts';
import type { KeyStore } from '../crypto/index.ts';
import { openFrom } from '../crypto/recipient.ts';
import type { Member } from '../identity/index.ts';
import type { OrganizationId } from '../lib/brand.ts';
import type { Clock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { type ReplyCode, ReplyRejected } from './errors.ts';
import { parseReply, sealedType } from './messages.ts';
import { unpad } from './padding.ts';
import type { LogPort } from './ports.ts';
import { decisionDigest, verifyReceipt } from './receipt.ts';
import type { ExchangeReceipt, ExchangeRequest, ReplyPayload, VerifiedReply } from './types.ts';
import { verifyRecords } from './verify-records.ts';

/** A request as it was sent, to which the reply must belong. */
export type SentRequest = { request: ExchangeRequest; signed: RequestParts; digest: Uint8Array };
export type RawReply = { status: number; fields: Readonly<Record<string, string>>; body: Uint8Array };
export type ReceiveDeps = {
  organizationId: OrganizationId;
  keyStore: KeyStore;
  clock: Clock;
  log: Pick<LogPort, 'findAnchor'>;
};

const maxReceiptAgeMs = 120_000;
/** Between a decision and the receipt of what was released on it. */
const maxDecisionAgeMs = 60_000;

/**
 * Verifies a source's reply before anything of it is looked at: its signature over our request's, its seal, its
 * receipts, every record's digest and place in the source's log, and that the log's head is the one the ledger gave
 * this node. Throws ReplyRejected with the check that failed; nothing is delivered then.
 */
export async function receive(
  { source, sent, reply }: { source: Member; sent: SentRequest; reply: RawReply },
  deps: ReceiveDeps,
): Promise<VerifiedReply> {
  const { organizationId: sourceId } = source;
  requireForm(reply, { sourceId, organizationId: deps.organizationId });
  const verifier = rejectAs('REPLY_SIGNATURE', () => {
    const key = messageVerifier(sourceId, fromHex(source.messageKey));
    verifyResponse(reply, { request: sent.signed, verifier: key, now: deps.clock.now() });
    return key;
  });
  const payload = parseReply(openReply(reply.body, { sourceId, sent }, deps));
  requireReceipt(payload, { sent, sourceId, verifier }, deps);
  if (!payload.permit) {
    const { receipt, reasons } = payload;
    return { permit: false, receipt, reasons, checks: passed('signature', 'seal', 'receipt') };
  }
  requireDecision(payload, source);
  const records = await verifyRecords(payload, { request: sent.request, source }, deps);
  const { receipt, decision, obligations, pending, omitted } = payload;
  const proofs =
    records.records.length === 0 ? [] : ['scope', 'digests', 'inclusion', 'checkpoint', 'anchor'];
  const checks = passed('signature', 'seal', 'receipt', 'decision', ...proofs);
  return { permit: true, receipt, decision, obligations, pending, omitted, ...records, checks };
}

function requireForm(
  { status, fields }: RawReply,
  { sourceId, organizationId }: { sourceId: string; organizationId: string },
): void {
  const asExpected =
    status === 200 &&
    fields['content-type'] === sealedType &&
    fields['content-encoding'] === undefined &&
    fields['medseal-organization'] === sourceId &&
    fields['medseal-recipient'] === organizationId;
  if (!asExpected) throw new ReplyRejected('REPLY_FORM');
}

function openReply(
  body: Uint8Array,
  { sourceId, sent }: { sourceId: string; sent: SentRequest },
  { organizationId, keyStore }: ReceiveDeps,
): Uint8Array {
  const binding = {
    requestDigest: sent.digest,
    sourceOrganizationId: sourceId,
    requesterOrganizationId: organizationId,
    purpose: sent.request.purpose,
  };
  const message = unpad(rejectAs('REPLY_SEAL', () => openFrom(keyStore.agreementKey(), body, binding)));
  if (message === undefined) throw new ReplyRejected('REPLY_PADDING');
  return message;
}

/** The receipt is the source's and says the same as the reply, about this request and no other. */
function requireReceipt(
  { receipt, permit, ...rest }: ReplyPayload,
  { sent, sourceId, verifier }: { sent: SentRequest; sourceId: string; verifier: MessageVerifier },
  { organizationId, clock }: ReceiveDeps,
): void {
  const sameRequest =
    receipt.requestDigest === hex(sent.digest) &&
    receipt.source === sourceId &&
    receipt.requester === organizationId &&
    receipt.purpose === sent.request.purpose;
  if (!sameRequest) throw new ReplyRejected('REPLY_OTHER_REQUEST');
  const age = Math.abs(clock.now().getTime() - Date.parse(receipt.at));
  const said =
    'reasons' in rest ? rest.reasons.map(({ rule }) => rule) : rest.records.map(({ leaf }) => leaf.digest);
  const sound =
    receipt.permit === permit &&
    age <= maxReceiptAgeMs &&
    saysExactly(receipt, said) &&
    verifyReceipt(receipt, verifier);
  if (!sound) throw new ReplyRejected('REPLY_RECEIPT');
}

function saysExactly({ permit, records, rules }: ExchangeReceipt, said: readonly unknown[]): boolean {
  const [listed, empty] = permit ? [records, rules] : [rules, records];
  return empty.length === 0 && listed.length === said.length && listed.every((item, at) => item === said[at]);
}

/**
 * The decision that the receipt names came along, permits, was signed by the source, and was made now: an old one would
 * show a permit for what no consent permits any more.
 */
function requireDecision(
  { receipt, decision }: ReplyPayload & { permit: true },
  { organizationId, messageKey }: Member,
): void {
  const { at } = decision;
  const age = typeof at === 'string' ? Math.abs(Date.parse(receipt.at) - Date.parse(at)) : Number.NaN;
  const sound =
    decision['permit'] === true &&
    age <= maxDecisionAgeMs &&
    decision['organizationId'] === organizationId &&
    decision['decisionId'] === receipt.decisionId &&
    receipt.decisionDigest === decisionDigest(decision) &&
    verifyDecision(decision, messageKey);
  if (!sound) throw new ReplyRejected('REPLY_DECISION');
}

function rejectAs<Result>(code: ReplyCode, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof AppError || cause instanceof EvidenceError) throw new ReplyRejected(code, { cause });
    throw cause;
  }
}

function passed(...names: string[]): { name: string; status: 'passed' }[] {
  return names.map((name) => ({ name, status: 'passed' }));
}
