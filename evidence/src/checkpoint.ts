import { base64, concat, equalBytes, fromBase64, fromHex, hex, sha256, utf8 } from './bytes.ts';
import { ed25519Verifier } from './ed25519.ts';
import { EvidenceError, type EvidenceErrorCode } from './errors.ts';

/** The head of a log: its name, its size and its root. */
export type Checkpoint = { origin: string; treeSize: number; rootHash: Uint8Array };
/** Signs notes under a name; `keyId` ties the signature line to one key. */
export type NoteSigner = { name: string; keyId: Uint8Array; sign: (text: Uint8Array) => Uint8Array };
/** Checks notes signed by one Ed25519 key; `verify` is a faster implementation of `verifyEd25519`, where there is one. */
export type NoteVerifier = {
  name: string;
  keyId: Uint8Array;
  publicKey: Uint8Array;
  verify?: typeof verifyEd25519;
};
/** A note of which at least one signature was checked. */
export type OpenedNote = { text: string; verifiedBy: string[] };

const ed25519Type = 0x01;
const maxNoteLength = 16_384;
const maxSignatures = 16;
// Printable, no white space, no plus sign (C2SP signed-note: key name).
const nameText = /^[^\s+\p{Cc}\p{Cs}]{1,256}$/u;
const sizeText = /^(?:0|[1-9]\d{0,15})$/;
const keyText = /^([^\s+\p{Cc}\p{Cs}]{1,256})\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/u;
const signatureLine = /^— ([^\s+\p{Cc}\p{Cs}]{1,256}) ([A-Za-z0-9+/]+={0,2})$/u;

/** The body of a checkpoint (C2SP tlog-checkpoint): origin, size, root, one line each. */
export function formatCheckpoint({ origin, treeSize, rootHash }: Checkpoint): string {
  if (!nameText.test(origin)) throw refuse('CHECKPOINT_INVALID', 'origin');
  if (!Number.isSafeInteger(treeSize) || treeSize < 0) throw refuse('CHECKPOINT_INVALID', 'size');
  if (rootHash.length !== 32) throw refuse('CHECKPOINT_INVALID', 'root');
  return `${origin}\n${treeSize}\n${base64(rootHash)}\n`;
}

/** The checkpoint that `text` is. Extension lines are refused: nothing of ours writes any. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, root, end, ...extra] = text.length > maxNoteLength ? [] : text.split('\n');
  if (origin === undefined || size === undefined || root === undefined || end !== '' || extra.length > 0) {
    throw refuse('CHECKPOINT_INVALID', 'lines');
  }
  const treeSize = Number(size);
  if (!nameText.test(origin)) throw refuse('CHECKPOINT_INVALID', 'origin');
  if (!sizeText.test(size) || !Number.isSafeInteger(treeSize)) throw refuse('CHECKPOINT_INVALID', 'size');
  const rootHash = bytesOf(root, 'CHECKPOINT_INVALID');
  if (rootHash.length !== 32) throw refuse('CHECKPOINT_INVALID', 'root');
  return { origin, treeSize, rootHash };
}

/** A signer for `publicKey`; `sign` makes the Ed25519 signature and keeps the private key to itself. */
export function noteSigner(
  name: string,
  publicKey: Uint8Array,
  sign: (text: Uint8Array) => Uint8Array,
): NoteSigner {
  return { name, keyId: keyIdOf(name, publicKey, ed25519Type), sign };
}

/** `text` with a signature line (C2SP signed-note). `text` ends in a line feed. */
export function signNote(text: string, signer: NoteSigner): string {
  requireText(text);
  const signature = signer.sign(utf8(text));
  if (signature.length !== 64) throw refuse('NOTE_INVALID', 'signature length');
  return `${text}\n— ${signer.name} ${base64(concat(signer.keyId, signature))}\n`;
}

/**
 * Opens a note: every signature by one of `verifiers` must verify (a wrong one is refused, not skipped) and at least
 * one must be there; lines of unknown keys are ignored, as C2SP signed-note wants it.
 */
export function openNote(note: string, verifiers: readonly NoteVerifier[]): OpenedNote {
  const { text, signatures } = splitNote(note);
  const used = new Set<NoteVerifier>();
  for (const { name, keyId, signature } of signatures) {
    const verifier = verifiers.find((known) => known.name === name && equalBytes(known.keyId, keyId));
    if (verifier === undefined) continue;
    if (used.has(verifier)) throw refuse('NOTE_INVALID', 'signed twice by one key');
    const verify = verifier.verify ?? verifyEd25519;
    if (!verify(signature, utf8(text), verifier.publicKey)) throw refuse('NOTE_SIGNATURE_INVALID');
    used.add(verifier);
  }
  if (used.size === 0) throw refuse('NOTE_NOT_SIGNED', 'no signature by a known key');
  return { text, verifiedBy: [...new Set([...used].map(({ name }) => name))] };
}

/**
 * Ed25519 after RFC 8032 §5.1.7, strict: small-order keys and non-canonical encodings are refused. The equation is the
 * one without the cofactor, [S]B = R + [k]A, as OpenSSL, Node and Go have it: else the owner of a key could make
 * signatures that some verifiers accept and others do not. Never throws.
 */
export function verifyEd25519(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  return ed25519Verifier(publicKey)(message, signature);
}

/** The text form of a log's public key (C2SP signed-note vkey): name+keyId+base64(0x01 ‖ key). */
export function verifierKey(name: string, publicKey: Uint8Array): string {
  return typedVerifierKey(name, publicKey, ed25519Type);
}

/** The text form of a public key of one signature type. */
export function typedVerifierKey(name: string, publicKey: Uint8Array, type: number): string {
  return `${name}+${hex(keyIdOf(name, publicKey, type))}+${base64(concat(Uint8Array.of(type), publicKey))}`;
}

/** The key that `vkey` names; its id must be the one that name and key give. */
export function parseVerifierKey(vkey: string): NoteVerifier {
  return parseTypedKey(vkey, ed25519Type);
}

/** The key of one signature type that `vkey` names. */
export function parseTypedKey(vkey: string, type: number): NoteVerifier {
  const [, name, id, encoded] = keyText.exec(vkey) ?? [];
  if (name === undefined || id === undefined || encoded === undefined)
    throw refuse('VERIFIER_KEY_INVALID', 'form');
  const bytes = bytesOf(encoded, 'VERIFIER_KEY_INVALID');
  const keyId = fromHex(id);
  if (bytes[0] !== type || bytes.length !== 33) throw refuse('VERIFIER_KEY_INVALID', 'type');
  const publicKey = bytes.subarray(1);
  if (!equalBytes(keyId, keyIdOf(name, publicKey, type))) throw refuse('VERIFIER_KEY_INVALID', 'key id');
  return { name, keyId, publicKey };
}

/** The first four bytes of SHA-256(name ‖ "\n" ‖ type ‖ key), C2SP signed-note. */
export function keyIdOf(name: string, publicKey: Uint8Array, type: number): Uint8Array {
  if (!nameText.test(name) || publicKey.length !== 32) throw refuse('VERIFIER_KEY_INVALID', 'name or key');
  return sha256(concat(utf8(`${name}\n`), Uint8Array.of(type), publicKey)).subarray(0, 4);
}

/** One signature line of a note, still unchecked. */
export type SignatureLine = { name: string; keyId: Uint8Array; signature: Uint8Array };

/** The text of a note and its signature lines, still unchecked. */
export function splitNote(note: string): { text: string; signatures: SignatureLine[] } {
  if (note.length > maxNoteLength) throw refuse('NOTE_INVALID', 'too long');
  const at = note.lastIndexOf('\n\n');
  if (at < 0 || !note.endsWith('\n')) throw refuse('NOTE_INVALID', 'no signatures');
  const text = note.slice(0, at + 1);
  requireText(text);
  const lines = note.slice(at + 2, -1).split('\n');
  if (lines.length > maxSignatures) throw refuse('NOTE_INVALID', 'too many signatures');
  return { text, signatures: lines.map(signatureOf) };
}

function signatureOf(line: string): SignatureLine {
  const [, name, encoded] = signatureLine.exec(line) ?? [];
  if (name === undefined || encoded === undefined) throw refuse('NOTE_INVALID', 'signature line');
  const bytes = bytesOf(encoded, 'NOTE_INVALID');
  if (bytes.length < 5) throw refuse('NOTE_INVALID', 'signature line');
  return { name, keyId: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}

function requireText(text: string): void {
  // Control characters other than the line feed, and lone surrogates, are not note text.
  if (!text.endsWith('\n') || /(?!\n)\p{Cc}|\p{Cs}/u.test(text)) throw refuse('NOTE_INVALID', 'text');
}

function bytesOf(encoded: string, code: EvidenceErrorCode): Uint8Array {
  try {
    return fromBase64(encoded);
  } catch (cause) {
    throw new EvidenceError(code, { message: 'base64', cause });
  }
}

function refuse(code: EvidenceErrorCode, message?: string): EvidenceError {
  return new EvidenceError(code, message === undefined ? {} : { message });
}
