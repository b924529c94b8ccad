import { base64, concat, equalBytes, utf8 } from './bytes.ts';
import {
  keyIdOf,
  type NoteSigner,
  type NoteVerifier,
  parseTypedKey,
  parseVerifierKey,
  splitNote,
  typedVerifierKey,
  verifyEd25519,
} from './checkpoint.ts';
import { refusal } from './errors.ts';

/** A witness's statement about a checkpoint: the largest one of this log it knew at `time`, all of them consistent. */
export type Cosignature = {
  name: string;
  /** POSIX seconds, the witness's own clock. */
  time: number;
  /** The signature line as it stands in the note, with its line feed. */
  line: string;
};

const cosignatureType = 0x04;
const timeLength = 8;
const signatureLength = 64;

/** The key name of a member as a witness. */
export function witnessName(organizationId: string): string {
  return `medseal.org/witness/${organizationId}`;
}

/** A signer of Ed25519 cosignatures (C2SP tlog-cosignature, type 0x04). */
export function cosigner(
  name: string,
  publicKey: Uint8Array,
  sign: (text: Uint8Array) => Uint8Array,
): NoteSigner {
  return { name, keyId: keyIdOf(name, publicKey, cosignatureType), sign };
}

/** The text form of a witness's public key: name+keyId+base64(0x04 ‖ key). */
export function cosignerKey(name: string, publicKey: Uint8Array): string {
  return typedVerifierKey(name, publicKey, cosignatureType);
}

/** The witness key that `vkey` names; a log's key (type 0x01) is none. */
export function parseCosignerKey(vkey: string): NoteVerifier {
  return parseTypedKey(vkey, cosignatureType);
}

/** The key of a member as a witness: it cosigns with the key of its log, under the witness's name and key id. */
export function witnessOf(organizationId: string, { publicKey }: { publicKey: Uint8Array }): NoteVerifier {
  const name = witnessName(organizationId);
  return { name, publicKey, keyId: keyIdOf(name, publicKey, cosignatureType) };
}

/** The text form of that key, from the log key that the member registered. */
export function witnessKey(organizationId: string, logKey: string): string {
  return cosignerKey(witnessName(organizationId), parseVerifierKey(logKey).publicKey);
}

/** The signature line of a cosignature over the text of a checkpoint, made at `time` (POSIX seconds). */
export function cosign(text: string, time: number, signer: NoteSigner): string {
  requireTime(time);
  const signature = signer.sign(cosignedBytes(text, time));
  if (signature.length !== signatureLength) throw refusal('COSIGNATURE_INVALID', 'signature length');
  return `— ${signer.name} ${base64(concat(signer.keyId, timeBytes(time), signature))}\n`;
}

/**
 * The cosignatures of `note` by these witnesses, in the order of its lines. Lines by unknown keys are ignored; one under
 * a known key that does not verify is refused, and so is a second one by the same key.
 */
export function openCosignatures(
  note: string,
  witnesses: readonly NoteVerifier[],
): { text: string; cosignatures: Cosignature[] } {
  const { text, signatures } = splitNote(note);
  const used = new Set<NoteVerifier>();
  const cosignatures: Cosignature[] = [];
  for (const { name, keyId, signature } of signatures) {
    const witness = witnesses.find((known) => known.name === name && equalBytes(known.keyId, keyId));
    if (witness === undefined) continue;
    if (used.has(witness)) throw refusal('COSIGNATURE_INVALID', 'cosigned twice by one key');
    used.add(witness);
    const time = verifiedTime(text, signature, witness);
    cosignatures.push({ name, time, line: `— ${name} ${base64(concat(keyId, signature))}\n` });
  }
  return { text, cosignatures };
}

/** Refuses cosignatures made after `notAfter` or before `notBefore` (POSIX seconds): a clock is wrong, or a replay. */
export function requireTimely(
  cosignatures: readonly Cosignature[],
  { notBefore, notAfter }: { notBefore: number; notAfter: number },
): void {
  for (const { time } of cosignatures) {
    if (time < notBefore || time > notAfter) throw refusal('COSIGNATURE_TIME', 'outside the time allowed');
  }
}

function verifiedTime(text: string, timestamped: Uint8Array, witness: NoteVerifier): number {
  if (timestamped.length !== timeLength + signatureLength) throw refusal('COSIGNATURE_INVALID', 'length');
  const time = timeOf(timestamped.subarray(0, timeLength));
  const verify = witness.verify ?? verifyEd25519;
  if (!verify(timestamped.subarray(timeLength), cosignedBytes(text, time), witness.publicKey))
    throw refusal('COSIGNATURE_INVALID', 'signature');
  return time;
}

function cosignedBytes(text: string, time: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${time}\n${text}`);
}

function timeBytes(time: number): Uint8Array {
  const bytes = new Uint8Array(timeLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(time));
  return bytes;
}

function timeOf(bytes: Uint8Array): number {
  const time = Number(new DataView(bytes.buffer, bytes.byteOffset, timeLength).getBigUint64(0));
  requireTime(time);
  return time;
}

// Zero would say that nothing is said about the time (C2SP, ML-DSA only); beyond 2^53 a number is not exact.
function requireTime(time: number): void {
  if (!Number.isSafeInteger(time) || time < 1) throw refusal('COSIGNATURE_TIME', 'not a time');
}
