import {
  base64url,
  canonicalJson,
  commit,
  concat,
  fromBase64url,
  fromHex,
  hex,
  utf8,
} from '@medseal/evidence';
import { z } from 'zod';
import { ed25519Key, verifyEd25519 } from '../crypto/ed25519.ts';
import type { KeyStore } from '../crypto/index.ts';
import type { DecisionReceipt } from './types.ts';

type Signer = Pick<KeyStore, 'sign' | 'publicKey'>;
export type ReceiptContent = Omit<DecisionReceipt, 'v' | 'key' | 'signature'>;

export type ReceiptSigner = (content: ReceiptContent) => DecisionReceipt;

/**
 * Signs the statements of an organisation's decisions with its receipt key, which carries the endorsement of the message
 * key. The message key is registered on the ledger, so anybody can check a receipt (docs/formats/decision-receipt.md).
 */
export function receiptSigner(organizationId: string, keyStore: Signer): ReceiptSigner {
  const publicKey = hex(keyStore.publicKey('receipt'));
  const endorsement = base64url(keyStore.sign('message', endorsedBytes(organizationId, publicKey)));
  return (content) => {
    const unsigned = { v: 1 as const, ...content, key: { publicKey, endorsement } };
    return { ...unsigned, signature: base64url(keyStore.sign('receipt', signedBytes(unsigned))) };
  };
}

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const bytes = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_-]+$/);
const receipt = z.strictObject({
  v: z.literal(1),
  decisionId: z.uuid(),
  organizationId: z.string().regex(/^[a-z][a-z0-9-]{1,62}$/),
  at: z.iso.datetime({ precision: 3 }),
  permit: z.boolean(),
  ruleIds: z.array(z.string().max(100)).max(50),
  consents: z.array(z.strictObject({ id: z.string().max(64), version: z.int().min(1) })).max(100),
  policyDigest: digest,
  inputDigest: digest,
  key: z.strictObject({ publicKey: digest, endorsement: bytes }),
  signature: bytes,
});

/**
 * Whether `value` is a receipt whose signatures lead to this registered message key (hex). The organisation it names is
 * covered by both signatures; that it is the expected one is for the caller to check.
 */
export function verifyReceipt(value: unknown, messageKey: string): boolean {
  const parsed = receipt.safeParse(value);
  if (!parsed.success) return false;
  const { signature, ...unsigned } = parsed.data;
  const { publicKey, endorsement } = unsigned.key;
  return (
    isEndorsed(messageKey, { organizationId: unsigned.organizationId, publicKey, endorsement }) &&
    isSignedBy(publicKey, { message: signedBytes(unsigned), signature })
  );
}

// Each organisation endorses one key for years: what was once found true of the very same bytes stays true.
const endorsed = new Set<string>();
const mostEndorsed = 256;

function isEndorsed(
  messageKey: string,
  { organizationId, publicKey, endorsement }: Record<'organizationId' | 'publicKey' | 'endorsement', string>,
): boolean {
  const name = [messageKey, organizationId, publicKey, endorsement].join(' ');
  if (endorsed.has(name)) return true;
  const message = endorsedBytes(organizationId, publicKey);
  if (!isSignedBy(messageKey, { message, signature: endorsement })) return false;
  const [oldest] = endorsed;
  if (endorsed.size >= mostEndorsed && oldest !== undefined) endorsed.delete(oldest);
  endorsed.add(name);
  return true;
}

/** Salted commitment to the input of a decision: a receipt's reader cannot guess the input from it. */
export function inputDigest(input: unknown, salt: Uint8Array): string {
  return hex(commit('decision', input, salt));
}

function signedBytes(unsigned: object): Uint8Array {
  return concat(utf8('medseal/decision-receipt-signature/v1\n'), utf8(canonicalJson(unsigned)));
}

function endorsedBytes(organizationId: string, publicKey: string): Uint8Array {
  return utf8(`medseal/receipt-key/v1\n${organizationId}\n${publicKey}\n`);
}

function isSignedBy(
  publicKey: string,
  { message, signature }: { message: Uint8Array; signature: string },
): boolean {
  try {
    return verifyEd25519(fromBase64url(signature), message, ed25519Key(fromHex(publicKey)));
  } catch {
    // Not bytes at all: the same answer as a wrong signature.
    return false;
  }
}
