import { fromHex } from '@medseal/evidence';
import { createAuditSeal } from '../../audit/index.ts';
import {
  messageKeyId,
  messageVerifier,
  type RequestParts,
  signRequest,
  signResponse,
  verifyRequest,
} from '../../crypto/http-signature.ts';
import type { KeyStore } from '../../crypto/index.ts';
import { openFrom, type SealBinding, sealFor } from '../../crypto/recipient.ts';
import type { PeerPort, PeerRequest } from '../../identity/index.ts';
import { newId, newSecret } from '../../lib/ids.ts';
import { exchangePath, requestBytes } from '../messages.ts';
import { pad, unpad } from '../padding.ts';
import { signReceipt } from '../receipt.ts';
import type { ExchangeRequest, ReplyPayload } from '../types.ts';
import type { TestNode } from './alliance.ts';

export type PeerReply = Awaited<ReturnType<PeerPort['send']>>;

export function signerOf({ organizationId, keyStore }: { organizationId: string; keyStore: KeyStore }) {
  return {
    keyId: messageKeyId(organizationId, keyStore.publicKey('message')),
    sign: (bytes: Uint8Array) => keyStore.sign('message', bytes),
  };
}

export type AskChange = {
  content?: Record<string, unknown>;
  fields?: Record<string, string>;
  createdAt?: Date;
  signer?: TestNode;
  method?: string;
  nonce?: Uint8Array;
};

/** A signed request from one node to another, as askSource makes it, with whatever is to be wrong about it. */
export function signedAsk(
  { from, to }: { from: TestNode; to: TestNode },
  change: AskChange = {},
): PeerRequest {
  const request = {
    v: 1,
    requestId: newId(),
    pseudonym: 'ab'.repeat(32),
    purpose: 'TREAT',
    types: ['Observation'],
    count: 5,
    staff: { staffId: 'dr', displayName: '李医生', roles: ['clinician'] },
    ...change.content,
  } as ExchangeRequest;
  const body = requestBytes(request);
  const parts: RequestParts = {
    method: change.method ?? 'POST',
    targetUri: to.member.nodeUrl + exchangePath,
    fields: {
      'content-type': 'application/json',
      'medseal-organization': from.organizationId,
      'medseal-recipient': to.organizationId,
      ...change.fields,
    },
  };
  const { fields } = signRequest(
    { ...parts, body },
    {
      signer: { ...signerOf(change.signer ?? from), keyId: signerOf(from).keyId },
      createdAt: change.createdAt ?? from.clock.now(),
      nonce: change.nonce ?? newSecret(16),
    },
  );
  return { member: to.member, method: 'POST', path: exchangePath, fields, body };
}

/** Everything a source that cheats can change about its reply; it holds all its own keys. */
export type Cheat = {
  payload?(payload: ReplyPayload, requestDigest: Uint8Array): unknown;
  /** Signs the receipt again after the change. */
  receipt?: 'signed-again' | 'left';
  padded?(padded: Uint8Array): Uint8Array;
  binding?: Partial<SealBinding>;
  sealTo?: TestNode;
  signer?: TestNode;
  fields?: Record<string, string>;
  createdAt?: Date;
};

/** The peer port of `b` behind which `a` cheats. */
export function cheatingSource({ a, b }: { a: TestNode; b: TestNode }, cheat: Cheat): PeerPort {
  return {
    send: async (request) => {
      const reply = await b.peers.send(request);
      const parts = partsOf(request);
      const verifier = messageVerifier(b.organizationId, fromHex(b.member.messageKey));
      const { digest } = verifyRequest({ ...parts, body: request.body }, { verifier, now: b.clock.now() });
      const { purpose } = JSON.parse(Buffer.from(request.body).toString()) as ExchangeRequest;
      const binding = {
        requestDigest: digest,
        sourceOrganizationId: a.organizationId,
        requesterOrganizationId: b.organizationId,
        purpose,
      };
      const opened = openFrom(b.keyStore.agreementKey(), reply.body, binding);
      const payload = JSON.parse(Buffer.from(unpad(opened) ?? []).toString()) as ReplyPayload;
      const bytes = Buffer.from(textOf(payload, { a, cheat, digest }));
      const padded = cheat.padded?.(pad(bytes)) ?? pad(bytes);
      const sealingKey = fromHex((cheat.sealTo ?? b).member.sealingKey);
      const body = sealFor(sealingKey, padded, { ...binding, ...cheat.binding });
      const signer = { ...signerOf(cheat.signer ?? a), keyId: signerOf(a).keyId };
      const createdAt = cheat.createdAt ?? a.clock.now();
      const named = {
        'content-type': String(reply.fields['content-type']),
        'medseal-organization': a.organizationId,
        'medseal-recipient': b.organizationId,
        ...cheat.fields,
      };
      const response = { status: 200, fields: named, body };
      return { ...response, fields: signResponse(response, { request: parts, signer, createdAt }) };
    },
  };
}

function textOf(
  payload: ReplyPayload,
  { a, cheat, digest }: { a: TestNode; cheat: Cheat; digest: Uint8Array },
): string {
  const changed = cheat.payload?.(payload, digest) ?? payload;
  if (typeof changed === 'string') return changed;
  const altered = changed as ReplyPayload;
  if (cheat.receipt !== 'signed-again') return JSON.stringify(altered);
  const { signature: _, ...content } = altered.receipt;
  const records = altered.permit ? altered.records.map(({ leaf }) => leaf.digest) : [];
  return JSON.stringify({ ...altered, receipt: signReceipt({ ...content, records }, a.keyStore) });
}

export function partsOf({ member, method, path, fields }: PeerRequest): RequestParts {
  return { method, targetUri: member.nodeUrl + path, fields };
}

/** Reasons of the latest audit event of a node, as its privacy officer would read them. */
export async function latestReasons({ database, keyStore, organizationId }: TestNode): Promise<string> {
  const { rows } = await database.db.query<{ event_id: string; sealed: Uint8Array }>(
    'select event_id, sealed from audit_event order by leaf_id desc limit 1',
  );
  const seal = createAuditSeal(keyStore, organizationId);
  const [row] = rows;
  if (row === undefined) return '';
  return String(seal.open(row.sealed, row.event_id).auditEvent['outcomeDesc'] ?? '');
}
