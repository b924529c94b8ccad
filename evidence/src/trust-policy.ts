import { fromBase64, fromHex } from './bytes.ts';
import { type NoteVerifier, parseVerifierKey } from './checkpoint.ts';
import { EvidenceError, refusal } from './errors.ts';
import { type NotaryTrust, parseNotaryTrust } from './evm-notary-proof.ts';
import type { EndorsementPolicy } from './fabric-endorsement.ts';
import { hasExactly, isJsonObject, type JsonObject } from './strict-shape.ts';
import { parseWitnessPolicy, type WitnessPolicy } from './witness-policy.ts';

/** A log that the verifier knows: whose it is, and the keys it signs its checkpoints with. */
export type TrustedLog = {
  readonly organizationId: string;
  readonly mspId: string;
  readonly verifiers: readonly NoteVerifier[];
  /** The registered key of the organisation's messages and receipts (Ed25519). */
  readonly messageKey?: Uint8Array;
};

/** What a verifier takes for granted. It comes from the verifier's side, never from the proof. */
export type TrustPolicy = {
  readonly ledger: 'fabric' | 'solo';
  readonly channel: string;
  readonly chaincode: { readonly name: string; readonly versions: readonly string[] };
  readonly genesisHash: string;
  readonly genesisBlock: Uint8Array | undefined;
  readonly endorsement: EndorsementPolicy;
  /**
   * Whether a proof must show, by a later endorsed transaction, that the anchor took effect. The validity marks in
   * blocks are signed by nobody, so without it one peer's word would do. Required unless the policy says otherwise;
   * on a solo ledger, whose evidence binds nobody anyway, it is not.
   */
  readonly confirmation: 'required' | 'optional';
  readonly logs: ReadonlyMap<string, TrustedLog>;
  /** Who must have cosigned a log's checkpoint; without it no cosignature is asked for. */
  readonly witnesses: WitnessPolicy | undefined;
  /** Who must have recorded a history with the anchor's block in it; without it none is asked for. */
  readonly notary: NotaryTrust | undefined;
};

/** The format line of a trust policy file. */
export const trustPolicyFormat = 'medseal/trust-policy/v1';

const required = ['format', 'ledger', 'channel', 'chaincode', 'genesisHash', 'logs'];
const optional = ['genesisBlock', 'endorsement', 'confirmation', 'witnesses', 'notary'];
const nameText = /^[A-Za-z0-9][A-Za-z0-9.-]{0,127}$/;

/** Reads a trust policy (docs/formats/bundle.md); anything unknown in it is refused rather than ignored. */
export function parseTrustPolicy(value: unknown): TrustPolicy {
  if (!isJsonObject(value)) throw invalid('not an object');
  const { format, ledger, channel, genesisHash } = value;
  if (format !== trustPolicyFormat) throw invalid(`its format is not ${trustPolicyFormat}`);
  const extra = Object.keys(value).find((name) => !required.includes(name) && !optional.includes(name));
  if (extra !== undefined) throw invalid(`unknown member ${JSON.stringify(extra.slice(0, 40))}`);
  const missing = required.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) throw invalid(`${missing} is missing`);
  if (ledger !== 'fabric' && ledger !== 'solo') throw invalid('ledger');
  if (typeof genesisHash !== 'string' || !/^[0-9a-f]{64}$/.test(genesisHash)) throw invalid('genesisHash');
  return {
    ledger,
    channel: name(channel, 'channel'),
    chaincode: chaincodeOf(value['chaincode']),
    genesisHash,
    genesisBlock: blockOf(value['genesisBlock']),
    endorsement: endorsementOf(value['endorsement']),
    confirmation: confirmationOf(value['confirmation'], ledger),
    logs: logsOf(value['logs']),
    witnesses: value['witnesses'] === undefined ? undefined : parseWitnessPolicy(value['witnesses']),
    notary: value['notary'] === undefined ? undefined : parseNotaryTrust(value['notary']),
  };
}

function chaincodeOf(value: unknown): TrustPolicy['chaincode'] {
  if (!hasExactly(value, ['name', 'versions'])) throw invalid('chaincode');
  const versions = list(value, 'versions').map((version) => name(version, 'chaincode version'));
  if (versions.length === 0) throw invalid('chaincode versions');
  return { name: name(value['name'], 'chaincode name'), versions };
}

function endorsementOf(value: unknown): EndorsementPolicy {
  if (value === undefined) return {};
  if (!isJsonObject(value)) throw invalid('endorsement');
  const { minimum, organizations, ...rest } = value;
  if (Object.keys(rest).length > 0) throw invalid('endorsement');
  if (minimum !== undefined && !(Number.isSafeInteger(minimum) && Number(minimum) >= 1))
    throw invalid('minimum');
  return {
    ...(minimum === undefined ? {} : { minimum: Number(minimum) }),
    ...(organizations === undefined ? {} : { organizations: organizationsOf(list(value, 'organizations')) }),
  };
}

/** None, or one named twice, could never make up the majority that is then asked for. */
function organizationsOf(entries: unknown[]): string[] {
  const names = entries.map((entry) => name(entry, 'organizations'));
  if (names.length === 0 || new Set(names).size !== names.length) throw invalid('organizations');
  return names;
}

function confirmationOf(value: unknown, ledger: TrustPolicy['ledger']): TrustPolicy['confirmation'] {
  if (value === undefined) return ledger === 'solo' ? 'optional' : 'required';
  if (value !== 'required' && value !== 'optional') throw invalid('confirmation');
  return value;
}

function logsOf(value: unknown): ReadonlyMap<string, TrustedLog> {
  if (!Array.isArray(value) || value.length === 0) throw invalid('logs');
  const logs = new Map<string, TrustedLog>();
  for (const entry of value) {
    const log = logOf(entry);
    if (logs.has(log.organizationId)) throw invalid('a log twice');
    logs.set(log.organizationId, log);
  }
  return logs;
}

function logOf(entry: unknown): TrustedLog {
  if (!isJsonObject(entry)) throw invalid('log');
  const { messageKey, ...log } = entry;
  if (!hasExactly(log, ['organizationId', 'mspId', 'verifierKeys'])) throw invalid('log');
  const verifiers = list(log, 'verifierKeys').map((key) => verifierOf(key));
  if (verifiers.length === 0) throw invalid('a log without keys');
  return {
    organizationId: name(log['organizationId'], 'organizationId'),
    mspId: name(log['mspId'], 'mspId'),
    verifiers,
    ...(Object.hasOwn(entry, 'messageKey') ? { messageKey: keyOf(messageKey) } : {}),
  };
}

function keyOf(value: unknown): Uint8Array {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw invalid('messageKey');
  return fromHex(value);
}

function verifierOf(key: unknown): NoteVerifier {
  if (typeof key !== 'string') throw invalid('verifierKeys');
  return parseVerifierKey(key);
}

function blockOf(value: unknown): Uint8Array | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw invalid('genesisBlock');
  try {
    return fromBase64(value);
  } catch (cause) {
    throw new EvidenceError('POLICY_INVALID', { message: 'genesisBlock', cause });
  }
}

function list(value: JsonObject, member: string): unknown[] {
  const items = value[member];
  if (!Array.isArray(items)) throw invalid(member);
  return items;
}

function name(value: unknown, member: string): string {
  if (typeof value !== 'string' || !nameText.test(value)) throw invalid(member);
  return value;
}

function invalid(member: string): EvidenceError {
  return refusal('POLICY_INVALID', member);
}
