import { canonicalJson, hex, sha256, utf8 } from '@medseal/evidence';
import { verifyEd25519 } from '../crypto/ed25519.ts';
import type { MessageVerifier } from '../crypto/http-signature.ts';
import type { KeyStore } from '../crypto/index.ts';
import { withoutAbsent } from './messages.ts';
import type { ExchangeReceipt } from './types.ts';

const domain = 'medseal/exchange-receipt/v1\n';

/** Signs a receipt with the organisation's message key, whose public part stands on the ledger. */
export function signReceipt(content: Omit<ExchangeReceipt, 'signature'>, keys: KeyStore): ExchangeReceipt {
  const present = withoutAbsent(content);
  const signature = keys.sign('message', signedBytes(present));
  return { ...present, signature: Buffer.from(signature).toString('base64') };
}

/** Whether the receipt was signed by the source's registered message key. */
export function verifyReceipt(
  { signature, ...content }: ExchangeReceipt,
  verifier: MessageVerifier,
): boolean {
  return verifyEd25519(Buffer.from(signature, 'base64'), signedBytes(content), verifier.key);
}

/** Names a decision receipt in an exchange receipt. */
export function decisionDigest(decisionReceipt: object): string {
  return hex(sha256(utf8(`medseal/decision-receipt/v1\n${canonicalJson(withoutAbsent(decisionReceipt))}`)));
}

function signedBytes(content: Omit<ExchangeReceipt, 'signature'>): Uint8Array {
  return utf8(domain + canonicalJson(content));
}
