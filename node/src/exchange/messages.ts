import { canonicalJson, type Leaf, type RecordDisclosure, utf8 } from '@medseal/evidence';
import { z } from 'zod';
import { roles } from '../identity/index.ts';
import { parseJson } from '../lib/strict-json.ts';
import { ExchangeError, ReplyRejected } from './errors.ts';
import {
  type ExchangeReceipt,
  type ExchangeRequest,
  exchangePurposes,
  type RecordProof,
  type ReplyPayload,
} from './types.ts';

/** Path of the exchange on a node's peer port. */
export const exchangePath = '/peer/exchange';
/** Media type of a sealed reply. */
export const sealedType = 'application/vnd.medseal.exchange';
export const maxRequestBytes = 64 * 1024;
/** So many digests in a receipt leave room for the rest of a bundle in 64 KiB (docs/formats/bundle.md). */
export const maxRecords = 256;

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const uuid = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
const organizationId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);
const resourceType = z.string().regex(/^[A-Z][A-Za-z]{1,63}$/);
const day = z.iso.date();
const instant = z.iso.datetime({ precision: 3 });
// No control characters: these texts reach logs' neighbours and screens.
const text = (max: number): z.ZodString =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^\P{C}+$/u);

export const typesSchema = z
  .array(resourceType)
  .min(1)
  .max(64)
  .refine((types) => new Set(types).size === types.length);
export const countSchema = z.number().int().min(1).max(maxRecords);
export const purposeSchema = z.enum(exchangePurposes);
export const organizationIdSchema = organizationId;
export const dataPeriodSchema = z
  .strictObject({ start: day.optional(), end: day.optional() })
  .refine(({ start, end }) => start !== undefined || end !== undefined)
  .refine(({ start, end }) => start === undefined || end === undefined || start <= end);

const requestSchema: z.ZodType<ExchangeRequest> = z.strictObject({
  v: z.literal(1),
  requestId: uuid,
  pseudonym: digest,
  purpose: purposeSchema,
  types: typesSchema,
  dataPeriod: dataPeriodSchema.optional(),
  count: countSchema,
  staff: z.strictObject({
    staffId: text(128),
    displayName: text(200),
    roles: z.array(z.enum(roles)).min(1).max(roles.length),
  }),
});

const receiptSchema: z.ZodType<ExchangeReceipt> = z.strictObject({
  v: z.literal(1),
  exchangeId: uuid,
  requestDigest: digest,
  source: organizationId,
  requester: organizationId,
  purpose: z.string().max(16),
  permit: z.boolean(),
  decisionId: z.string().min(1).max(128),
  decisionDigest: digest.optional(),
  records: z.array(digest).max(maxRecords),
  rules: z.array(z.string().max(128)).max(32),
  at: instant,
  signature: z.string().regex(/^[A-Za-z0-9+/]{86}==$/),
});

const localized = { zh: text(500), en: text(500) };
// As in an audit event's code: no spaces.
const rule = z.string().regex(/^[\x21-\x7e]{1,128}$/);
const reason = z.strictObject({ rule, ...localized, next: z.strictObject(localized) });
// Leaf and disclosure are checked member by member where they are opened, by evidence/.
const provedRecord = {
  leaf: z.custom<Leaf>(isObject),
  leafIndex: z.number().int().min(0),
  inclusionProof: z.array(digest).max(64),
  disclosure: z.custom<RecordDisclosure>(isObject),
};
const record = z.strictObject({ version: z.string().regex(/^[A-Za-z0-9.-]{1,64}$/), ...provedRecord });
const noteText = z.string().max(16_384);
const ledgerPlace = { txId: text(128), blockNumber: z.number().int().min(0) };

/** A received record as staff bring it back. */
export const recordProofSchema: z.ZodType<RecordProof> = z.strictObject({
  ...provedRecord,
  checkpoint: noteText,
  anchor: z.strictObject(ledgerPlace),
});

const replySchema: z.ZodType<ReplyPayload> = z.discriminatedUnion('permit', [
  z.strictObject({
    v: z.literal(1),
    permit: z.literal(false),
    receipt: receiptSchema,
    reasons: z.array(reason).min(1).max(16),
  }),
  z.strictObject({
    v: z.literal(1),
    permit: z.literal(true),
    receipt: receiptSchema,
    decision: z.custom<Record<string, unknown>>(isObject),
    obligations: z.array(text(64)).max(32),
    redactions: z.array(text(128)).max(256),
    records: z.array(record).max(maxRecords),
    checkpoint: z.strictObject({ note: noteText, ...ledgerPlace }).nullable(),
    pending: z.number().int().min(0),
    omitted: z.number().int().min(0),
  }),
]);

/** The bytes of a request: canonical JSON. */
export function requestBytes(request: ExchangeRequest): Uint8Array {
  return utf8(canonicalJson(withoutAbsent(request)));
}

/** The request that a partner sent. EXCHANGE_REQUEST_INVALID for anything else. */
export function parseRequest(bytes: Uint8Array): ExchangeRequest {
  try {
    return requestSchema.parse(parseJson(bytes));
  } catch (cause) {
    throw new ExchangeError('EXCHANGE_REQUEST_INVALID', { cause });
  }
}

/** The reply that a source sealed. REPLY_CONTENT for anything else. */
export function parseReply(bytes: Uint8Array): ReplyPayload {
  try {
    return replySchema.parse(parseJson(bytes, { maxDepth: 96, numbers: 'written' }));
  } catch (cause) {
    throw new ReplyRejected('REPLY_CONTENT', { cause });
  }
}

/** What was asked, as the audit record shows it. */
export function queryOf({
  types,
  count,
  dataPeriod,
}: Pick<ExchangeRequest, 'types' | 'count' | 'dataPeriod'>): string {
  const { start, end } = dataPeriod ?? {};
  const from = start === undefined ? '' : `&date=ge${start}`;
  const to = end === undefined ? '' : `&date=le${end}`;
  return `types=${types.join(',')}&count=${count}${from}${to}`;
}

/** Canonical JSON knows no `undefined`: members that are absent are left out. */
export function withoutAbsent<Value extends object>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
