import { canonicalJson, fromHex, utf8, verifyEd25519 } from '@medseal/evidence';
import { z } from 'zod';
import type { KeyStore } from '../crypto/index.ts';
import { JsonError, parseJson } from '../lib/strict-json.ts';
import type { DocumentName } from './types.ts';

const domain = 'medseal/case-delivery/v1\n';
const receipt = z.strictObject({
  v: z.literal(1),
  caseId: z.string(),
  kind: z.enum(['opening', 'filing', 'finding', 'decision']),
  author: z.string(),
  commitment: z.string(),
  recipient: z.string(),
  at: z.iso.datetime({ precision: 3 }),
  signature: z.string().regex(/^[A-Za-z0-9+/]{86}==$/),
});

/** What a recipient signs when it has taken a document in: which one, and when it first did. */
export type DeliveryReceipt = z.infer<typeof receipt>;
type Delivered = DocumentName & { commitment: string; recipient: string };

/** Signed with the recipient's message key, whose public part stands on the ledger (docs/formats/case.md, "On the way"). */
export function signDeliveryReceipt(delivered: Delivered & { at: Date }, keys: KeyStore): DeliveryReceipt {
  const { caseId, kind, author, commitment, recipient, at } = delivered;
  const content = { v: 1 as const, caseId, kind, author, commitment, recipient, at: at.toISOString() };
  const signature = keys.sign('message', signedBytes(content));
  return { ...content, signature: Buffer.from(signature).toString('base64') };
}

/** Clocks of two nodes differ by that much, as for messages (docs/formats/http-signature.md). */
const skewMs = 60_000;

/**
 * The receipt in an answer that came at `now`, where it is the recipient's for exactly this document; else undefined. One that
 * says the document came later than it did would show a delivery in time to be late.
 */
export function readDeliveryReceipt(
  body: Uint8Array,
  delivered: Delivered,
  { messageKey, now }: { messageKey: string; now: Date },
): DeliveryReceipt | undefined {
  const found = parsed(body);
  if (found === undefined || Date.parse(found.at) > now.getTime() + skewMs) return undefined;
  const { signature, ...content } = found;
  const { v: _, at: __, ...named } = content;
  if (canonicalJson(named) !== canonicalJson(delivered)) return undefined;
  const bytes = Buffer.from(signature, 'base64');
  return verifyEd25519(bytes, signedBytes(content), fromHex(messageKey)) ? found : undefined;
}

function parsed(body: Uint8Array): DeliveryReceipt | undefined {
  try {
    return receipt.safeParse(parseJson(body)).data;
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

function signedBytes(content: Omit<DeliveryReceipt, 'signature'>): Uint8Array {
  return utf8(domain + canonicalJson(content));
}
