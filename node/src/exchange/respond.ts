import { setTimeout as wait } from 'node:timers/promises';
import { fromHex, hex } from '@medseal/evidence';
import type { Decision, Permit } from '../consent/index.ts';
import { messageKeyId, signResponse } from '../crypto/http-signature.ts';
import type { KeyStore } from '../crypto/index.ts';
import { sealFor } from '../crypto/recipient.ts';
import type { PeerMessage } from '../identity/index.ts';
import type { Pseudonym } from '../lib/brand.ts';
import { newId } from '../lib/ids.ts';
import { type AcceptDeps, type Accepted, acceptRequest, recordRefusal } from './accept-request.ts';
import { type Answer, type Concern, commitAnswer } from './commit-answer.ts';
import { ExchangeError } from './errors.ts';
import { sealedType } from './messages.ts';
import { padText } from './padding.ts';
import type { ConsentPort } from './ports.ts';
import { decisionDigest, signReceipt } from './receipt.ts';
import { type Release, type ReleaseDeps, release } from './release.ts';
import { isNonceUsed, purgeNonces } from './store.ts';
import { createTurns } from './turns.ts';
import type { ExchangeReceipt, ReplyPayload } from './types.ts';

export type ResponderDeps = AcceptDeps & ReleaseDeps & { keyStore: KeyStore; consent: ConsentPort };
export type OutgoingReply = { status: 200; fields: Readonly<Record<string, string>>; body: Uint8Array };
export type Responder = (incoming: PeerMessage) => Promise<OutgoingReply>;

const purgeEveryMs = 60_000;
const maxDecisions = 3;
/** Denials leave at the end of such a step after their turn came, so that their time says nothing about a patient. */
const denialStepMs = 40;

/**
 * Answers partners at the source: verified request, decision, opened records with proofs, sealed and signed reply.
 * Every answer and every refusal is in the audit record before it is sent.
 */
export function createResponder(deps: ResponderDeps): Responder {
  let purgedAt = 0;
  const inTurn = createTurns();
  return async (incoming) => {
    const arrivedAt = deps.clock.now().getTime();
    if (arrivedAt - purgedAt > purgeEveryMs) {
      await purgeNonces(deps.db, deps.clock.now());
      purgedAt = arrivedAt;
    }
    const accepted = await acceptRequest(incoming, deps);
    // Asked many times at once about a patient who is here, the answers would wait for each other in the patient's
    // access history, and about one who is not they would not: the time of a burst would tell which it is.
    const person = `${accepted.member.organizationId}/${accepted.request.pseudonym}`;
    const body = await inTurn(person, () => answerInSteps(accepted, deps));
    return signedReply({ ...incoming, body }, deps);
  };
}

async function answerInSteps(accepted: Accepted, deps: ResponderDeps): Promise<Uint8Array> {
  const begunAt = performance.now();
  const { permit, body } = await answerWhileConsentHolds(accepted, deps);
  if (!permit) await wait(untilNextStep(performance.now() - begunAt));
  return body;
}

/**
 * Prepares an answer and commits it only if the consents it rests on are still the ones that were decided upon; the
 * commit is the moment of release. A consent that changed meanwhile is decided anew.
 */
async function answerWhileConsentHolds(
  accepted: Accepted,
  deps: ResponderDeps,
): Promise<{ permit: boolean; body: Uint8Array }> {
  const { member, request, verified } = accepted;
  // The transaction asks again; here a replay is turned away before it costs a decision and opened records.
  const [patient, isReplay] = await Promise.all([
    deps.records.findPatient(request.pseudonym as Pseudonym),
    isNonceUsed(deps.db, { organizationId: member.organizationId, nonce: verified.nonce }),
  ]);
  if (isReplay) {
    const replayed = new ExchangeError('EXCHANGE_REPLAYED');
    await recordRefusal(member, replayed, deps);
    throw replayed;
  }
  for (let attempt = 1; attempt <= maxDecisions; attempt += 1) {
    const concern = { ...accepted, patient };
    const answer = await prepareAnswer(concern, deps);
    const seal = (): Uint8Array => sealAnswer(accepted, answer, deps);
    const body = await commitAnswer(concern, { ...answer, seal }, deps);
    if (body !== undefined) return { permit: answer.payload.permit, body };
  }
  throw new ExchangeError('EXCHANGE_UNAVAILABLE');
}

async function prepareAnswer(concern: Concern, deps: ResponderDeps): Promise<Answer> {
  const { actor, request, patient } = concern;
  const { purpose, types } = request;
  const requestedAt = deps.clock.now().toISOString();
  // A person who is not known here is decided about like one who has consented to nothing.
  const asked = {
    actor,
    patient: patient?.patientId,
    purpose,
    action: 'search' as const,
    types,
    requestedAt,
  };
  const prepared = await deps.consent.prepare(asked, patient?.key);
  const { decision } = prepared;
  if (!decision.permit || patient === undefined)
    return { ...denial(concern, decision, deps), prepared, instances: [] };
  const { instances, ...sent } = await release({ request, patient, decision }, deps).catch(async (cause) => {
    await prepared.keep();
    throw cause;
  });
  return { ...permission(concern, { decision, sent }, deps), prepared, instances };
}

function denial(accepted: Accepted, decision: Decision, deps: ResponderDeps): Pick<Answer, 'payload'> {
  if (decision.permit) throw new ExchangeError('EXCHANGE_UNAVAILABLE', { message: 'permit without patient' });
  const { reasons } = decision;
  const receipt = signReceipt(
    {
      ...receiptFrame(accepted, decision, deps),
      permit: false,
      records: [],
      rules: reasons.map(({ rule }) => rule),
    },
    deps.keyStore,
  );
  return { payload: { v: 1, permit: false, receipt, reasons } };
}

function permission(
  accepted: Accepted,
  { decision, sent }: { decision: Permit; sent: Omit<Release, 'instances'> },
  deps: ResponderDeps,
): Pick<Answer, 'payload'> {
  const { obligations, redactions } = decision;
  const receipt = signReceipt(
    {
      ...receiptFrame(accepted, decision, deps),
      permit: true,
      decisionDigest: decisionDigest(decision.receipt),
      records: sent.records.map(({ leaf }) => leaf.digest),
      rules: [],
    },
    deps.keyStore,
  );
  const payload: ReplyPayload = {
    v: 1,
    permit: true,
    receipt,
    decision: { ...decision.receipt },
    obligations,
    redactions,
    ...sent,
  };
  return { payload };
}

type ReceiptFrame = Omit<ExchangeReceipt, 'permit' | 'records' | 'rules' | 'decisionDigest' | 'signature'>;

function receiptFrame(
  { member, request, verified }: Accepted,
  { receipt }: Decision,
  deps: ResponderDeps,
): ReceiptFrame {
  return {
    v: 1,
    exchangeId: newId(),
    requestDigest: hex(verified.digest),
    source: deps.organizationId,
    requester: member.organizationId,
    purpose: request.purpose,
    decisionId: receipt.decisionId,
    at: deps.clock.now().toISOString(),
  };
}

function sealAnswer(
  { member, request, verified }: Accepted,
  { payload }: Answer,
  deps: ResponderDeps,
): Uint8Array {
  return sealFor(fromHex(member.sealingKey), padText(JSON.stringify(payload)), {
    requestDigest: verified.digest,
    sourceOrganizationId: deps.organizationId,
    requesterOrganizationId: member.organizationId,
    purpose: request.purpose,
  });
}

function signedReply(
  { member, request, body }: PeerMessage & { body: Uint8Array },
  { organizationId, keyStore, clock }: ResponderDeps,
): OutgoingReply {
  const signer = {
    keyId: messageKeyId(organizationId, keyStore.publicKey('message')),
    sign: (bytes: Uint8Array) => keyStore.sign('message', bytes),
  };
  const fields = {
    'content-type': sealedType,
    'medseal-organization': organizationId,
    'medseal-recipient': member.organizationId,
  };
  const response = { status: 200 as const, fields, body };
  return { status: 200, fields: signResponse(response, { request, signer, createdAt: clock.now() }), body };
}

function untilNextStep(elapsedMs: number): number {
  return denialStepMs - (elapsedMs % denialStepMs);
}
