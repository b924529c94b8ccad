import { base64url, concat, equalBytes, fromBase64url, fromHex, fromUtf8, sha256, utf8 } from './bytes.ts';
import { canonicalJson } from './canonical.ts';
import { bytesOf, type Release } from './check-release.ts';
import type { Checkpoint } from './checkpoint.ts';
import { commit } from './commitment.ts';
import { EvidenceError, refusal } from './errors.ts';
import { leafBytes, leafHash, leafOf } from './leaf.ts';
import { verifyInclusion } from './merkle.ts';
import { passkeyVerifier } from './passkey.ts';
import { parseStrictJson } from './strict-json.ts';
import { hasExactly, isJsonObject, type JsonObject } from './strict-shape.ts';

/** The patient's signed consent with its own place in the source's log. */
export type ConsentPart = {
  content: unknown;
  salt: Uint8Array;
  leaf: unknown;
  leafIndex: number;
  inclusionProof: readonly Uint8Array[];
};

/** What the consent is checked against; `release` was checked before. */
export type ConsentFrame = { release: Release; checkpoint: Checkpoint; tenant: string };

const userPresentAndVerified = 0x05;

/**
 * Checks that the patient's passkey signed a consent for this requester and purpose, that the decision rests on it, and
 * that it stands in the source's log. 'unjudged': the passkey is of a kind that this verifier does not know.
 */
export function openConsent(
  part: ConsentPart,
  { release, checkpoint, tenant }: ConsentFrame,
): 'held' | 'unjudged' {
  const leaf = leafOf(part.leaf);
  const committed = commit('consent', part.content, part.salt);
  if (leaf.kind !== 'consent' || leaf.tenant !== tenant || !equalBytes(committed, fromHex(leaf.digest)))
    throw refusal('CONSENT_COMMITMENT', 'not what the leaf commits to');
  const { leafIndex, inclusionProof: proof } = part;
  const { treeSize, rootHash } = checkpoint;
  const claim = { leafHash: leafHash(leafBytes(leaf)), leafIndex, treeSize, proof: [...proof], rootHash };
  if (leafIndex >= treeSize || !verifyInclusion(claim)) throw refusal('CONSENT_INCLUSION', 'not in the log');
  const { content } = part;
  if (!hasExactly(content, ['v', 'version', 'consent', 'revocation', 'assertion']))
    throw refusal('CONSENT_MALFORMED', 'members');
  const { consent, version, revocation, assertion } = content;
  if (!isJsonObject(consent) || revocation !== null) throw refusal('CONSENT_MALFORMED', 'not a grant');
  requireRestsOn(release.decision, { id: consent['id'], version });
  requireScope(consent, release.receipt);
  return requireAssertion(assertion, consent);
}

function requireRestsOn({ consents }: JsonObject, { id, version }: { id: unknown; version: unknown }): void {
  const named =
    typeof id === 'string' &&
    Array.isArray(consents) &&
    consents.some(
      (entry: unknown) => isJsonObject(entry) && entry['id'] === id && entry['version'] === version,
    );
  if (!named) throw refusal('CONSENT_DECISION', 'the decision rests on another');
}

function requireScope(consent: JsonObject, { requester, purpose, source }: JsonObject): void {
  const provision = memberOf(consent, 'provision');
  const actors = listOf(provision, 'actor').map((actor) =>
    memberOf(memberOf(memberOf(actor, 'reference'), 'identifier'), 'value'),
  );
  const purposes = listOf(provision, 'purpose').map((entry) => memberOf(entry, 'code'));
  const custodians = listOf(consent, 'organization').map((entry) =>
    memberOf(memberOf(entry, 'identifier'), 'value'),
  );
  const known = typeof requester === 'string' && typeof purpose === 'string';
  const fits =
    known && actors.includes(requester) && purposes.includes(purpose) && custodians.includes(source);
  if (!fits || memberOf(provision, 'type') !== 'permit')
    throw refusal('CONSENT_SCOPE', 'not for this requester and purpose');
}

/** WebAuthn Level 3 §7.2 without what the relying party alone can know: the patient was there and verified. */
function requireAssertion(assertion: unknown, consent: JsonObject): 'held' | 'unjudged' {
  if (
    !hasExactly(assertion, ['credentialId', 'publicKey', 'authenticatorData', 'clientDataJSON', 'signature'])
  )
    throw refusal('CONSENT_MALFORMED', 'assertion');
  const read = (name: string): Uint8Array => bytesOf(assertion[name], fromBase64url, base64url);
  const [authenticator, client] = [read('authenticatorData'), read('clientDataJSON')];
  const challenge = sha256(utf8(`medseal/consent-grant/v1\n${canonicalJson(consent)}`));
  const flags = authenticator[32] ?? 0;
  const present = authenticator.length >= 37 && (flags & userPresentAndVerified) === userPresentAndVerified;
  const { type, challenge: answered } = clientOf(client);
  if (!present || type !== 'webauthn.get' || answered !== base64url(challenge))
    throw refusal('CONSENT_SIGNATURE', 'over something else');
  const verifies = passkeyVerifier(read('publicKey'));
  if (verifies === undefined) return 'unjudged';
  if (!verifies(concat(authenticator, sha256(client)), read('signature')))
    throw refusal('CONSENT_SIGNATURE', 'does not verify');
  return 'held';
}

function clientOf(bytes: Uint8Array): JsonObject {
  try {
    const value = parseStrictJson(fromUtf8(bytes));
    if (isJsonObject(value)) return value;
  } catch (cause) {
    throw new EvidenceError('CONSENT_MALFORMED', { message: 'client data', cause });
  }
  throw refusal('CONSENT_MALFORMED', 'client data');
}

function memberOf(value: unknown, name: string): unknown {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function listOf(value: unknown, name: string): unknown[] {
  const list = memberOf(value, name);
  return Array.isArray(list) ? list : [];
}
