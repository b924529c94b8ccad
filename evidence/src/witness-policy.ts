import { equalBytes } from './bytes.ts';
import type { NoteVerifier } from './checkpoint.ts';
import { type Cosignature, openCosignatures, parseCosignerKey } from './cosignature.ts';
import { refusal } from './errors.ts';
import { hasExactly } from './strict-shape.ts';

/** How many of which witnesses must have cosigned a checkpoint (in the spirit of C2SP tlog-policy). */
export type WitnessPolicy = {
  readonly quorum: number;
  /** Several keys of one name are one witness. */
  readonly witnesses: readonly NoteVerifier[];
};

/** What the witnesses of a policy said about one checkpoint. */
export type WitnessVerdict = {
  quorumMet: boolean;
  quorum: number;
  /** One a witness: the earliest. */
  cosignatures: Cosignature[];
};

const maxWitnesses = 256;

/** Reads `{"quorum": n, "verifierKeys": [...]}`; a quorum that the named witnesses cannot give is refused. */
export function parseWitnessPolicy(value: unknown): WitnessPolicy {
  if (!hasExactly(value, ['quorum', 'verifierKeys'])) throw refusal('POLICY_INVALID', 'witnesses');
  const { quorum, verifierKeys } = value;
  if (!Array.isArray(verifierKeys) || verifierKeys.length > maxWitnesses)
    throw refusal('POLICY_INVALID', 'witness keys');
  const witnesses = verifierKeys.map(witnessKey);
  const names = new Set(witnesses.map(({ name }) => name));
  if (!Number.isSafeInteger(quorum) || Number(quorum) < 1 || Number(quorum) > names.size)
    throw refusal('POLICY_INVALID', 'witness quorum');
  return { quorum: Number(quorum), witnesses };
}

/**
 * Counts the witnesses that cosigned `note`. Nobody witnesses their own log: keys of the log itself do not count,
 * whatever name they sign under. Throws where a line under a named key does not verify.
 */
export function judgeWitnesses(
  note: string,
  policy: WitnessPolicy,
  logKeys: readonly Pick<NoteVerifier, 'publicKey'>[],
): WitnessVerdict {
  const others = policy.witnesses.filter(
    ({ publicKey }) => !logKeys.some((key) => equalBytes(key.publicKey, publicKey)),
  );
  const byName = new Map<string, Cosignature>();
  for (const cosignature of openCosignatures(note, others).cosignatures) {
    const known = byName.get(cosignature.name);
    if (known === undefined || cosignature.time < known.time) byName.set(cosignature.name, cosignature);
  }
  const cosignatures = [...byName.values()];
  return { quorumMet: cosignatures.length >= policy.quorum, quorum: policy.quorum, cosignatures };
}

function witnessKey(key: unknown): NoteVerifier {
  if (typeof key !== 'string') throw refusal('POLICY_INVALID', 'witness keys');
  return parseCosignerKey(key);
}
