import { base64, base64url, fromBase64, fromBase64url, fromHex, hex, sha256, utf8 } from './bytes.ts';
import { canonicalJson } from './canonical.ts';
import { verifyEd25519 } from './checkpoint.ts';
import { EvidenceError, type EvidenceErrorCode, refusal } from './errors.ts';
import { isInstant, type Leaf } from './leaf.ts';
import { hasExactly, isJsonObject, type JsonObject } from './strict-shape.ts';

/** Why a record was given to somebody: the source's receipt, and the decision that it rests on. */
export type Release = { receipt: JsonObject; decision: JsonObject };

const receiptMembers = [
  ...['v', 'exchangeId', 'requestDigest', 'source', 'requester', 'purpose', 'permit', 'decisionId'],
  ...['decisionDigest', 'records', 'rules', 'at', 'signature'],
];
const decisionMembers = [
  ...[
    'v',
    'decisionId',
    'organizationId',
    'at',
    'permit',
    'ruleIds',
    'consents',
    'policyDigest',
    'inputDigest',
  ],
  ...['key', 'signature'],
];

/** Milliseconds between a decision and the receipt of what was released on it. */
const maxDecisionAge = 60_000;

/**
 * Checks that the source gave this very record away on a decision of its own that permits it: both are signed, and
 * everything leads to its message key, which stands on the ledger.
 */
export function openRelease(release: unknown, leaf: Leaf, messageKey: Uint8Array): Release {
  if (!hasExactly(release, ['receipt', 'decision'])) throw refusal('RELEASE_MALFORMED', 'members');
  const { receipt, decision } = release;
  if (!hasExactly(receipt, receiptMembers) || !hasExactly(decision, decisionMembers))
    throw refusal('RELEASE_MALFORMED', 'receipt or decision');
  requireSigned(receipt, {
    domain: 'medseal/exchange-receipt/v1\n',
    key: messageKey,
    signature: bytesOf(receipt['signature'], fromBase64, base64),
    code: 'RELEASE_SIGNATURE',
  });
  const { source, permit, records, decisionDigest } = receipt;
  const named = Array.isArray(records) && records.includes(leaf.digest);
  if (source !== leaf.tenant || permit !== true || !named)
    throw refusal('RELEASE_RECORD', 'the receipt is not about this record');
  const digest = sha256(utf8(`medseal/decision-receipt/v1\n${canonicalJson(decision)}`));
  const same = decision['organizationId'] === source && decision['decisionId'] === receipt['decisionId'];
  if (decisionDigest !== hex(digest) || !same || decision['permit'] !== true)
    throw refusal('RELEASE_DECISION', 'another decision, or none that permits');
  if (!isMadeFor(decision['at'], receipt['at']))
    throw refusal('RELEASE_DECISION', 'a decision of another time');
  requireDecisionSigned(decision, messageKey);
  return { receipt, decision };
}

/** A permit of another day would stand for what no consent permits any more. */
function isMadeFor(decided: unknown, released: unknown): boolean {
  if (!isInstant(decided) || !isInstant(released)) return false;
  return Math.abs(Date.parse(decided) - Date.parse(released)) <= maxDecisionAge;
}

/** The decision's own key signs it; the message key says whose that key is. */
function requireDecisionSigned(decision: JsonObject, messageKey: Uint8Array): void {
  const { key, organizationId, signature } = decision;
  const publicKey = isJsonObject(key) ? key['publicKey'] : undefined;
  if (
    !hasExactly(key, ['publicKey', 'endorsement']) ||
    typeof publicKey !== 'string' ||
    !/^[0-9a-f]{64}$/.test(publicKey)
  )
    throw refusal('RELEASE_MALFORMED', 'key');
  const endorsed = utf8(`medseal/receipt-key/v1\n${String(organizationId)}\n${publicKey}\n`);
  if (!verifyEd25519(bytesOf(key['endorsement'], fromBase64url, base64url), endorsed, messageKey))
    throw refusal('RELEASE_DECISION_SIGNATURE', 'the key is not endorsed');
  requireSigned(decision, {
    domain: 'medseal/decision-receipt-signature/v1\n',
    key: fromHex(publicKey),
    signature: bytesOf(signature, fromBase64url, base64url),
    code: 'RELEASE_DECISION_SIGNATURE',
  });
}

type Claim = { domain: string; key: Uint8Array; signature: Uint8Array; code: EvidenceErrorCode };

function requireSigned(document: JsonObject, { domain, key, signature, code }: Claim): void {
  const { signature: _signature, ...content } = document;
  if (!verifyEd25519(signature, utf8(domain + canonicalJson(content)), key))
    throw refusal(code, 'does not verify');
}

/** Bytes of a text in its one spelling. */
export function bytesOf(
  text: unknown,
  decode: (text: string) => Uint8Array,
  encode: (bytes: Uint8Array) => string,
): Uint8Array {
  try {
    const bytes = typeof text === 'string' ? decode(text) : undefined;
    if (bytes !== undefined && encode(bytes) === text) return bytes;
  } catch (cause) {
    throw new EvidenceError('RELEASE_MALFORMED', { message: 'encoding', cause });
  }
  throw refusal('RELEASE_MALFORMED', 'encoding');
}
