import { type Checkpoint, EvidenceError, fromBase64, parseCheckpoint, splitNote } from '@medseal/evidence';
import { EvidenceLogError } from './errors.ts';

/** What a log asks of a witness (C2SP tlog-witness, add-checkpoint). Nothing of it is checked but its form. */
export type WitnessRequest = { oldSize: number; proof: Uint8Array[]; note: string; checkpoint: Checkpoint };

const oldLine = /^old (0|[1-9]\d{0,15})$/;
const maxProofLines = 63;

/** Parses the body of an add-checkpoint request; refused with WITNESS_REQUEST_INVALID. */
export function parseWitnessRequest(body: unknown): WitnessRequest {
  if (typeof body !== 'string') throw invalid('text');
  const end = body.indexOf('\n\n');
  const [old = '', ...lines] = end < 0 ? [] : body.slice(0, end).split('\n');
  const oldSize = Number(oldLine.exec(old)?.[1] ?? Number.NaN);
  if (!Number.isSafeInteger(oldSize)) throw invalid('old size');
  if (lines.length > maxProofLines) throw invalid('too many proof lines');
  const note = body.slice(end + 2);
  try {
    // The whole of what was signed: its start alone could name a checkpoint that no signature covers.
    const checkpoint = parseCheckpoint(splitNote(note).text);
    const proof = lines.map(hashOf);
    if (checkpoint.treeSize === 0) throw invalid('an empty log is not witnessed');
    if (oldSize > checkpoint.treeSize) throw invalid('the old size is larger than the checkpoint');
    return { oldSize, proof, note, checkpoint };
  } catch (cause) {
    if (cause instanceof EvidenceError) throw invalid('checkpoint or proof', cause);
    throw cause;
  }
}

/** The body of an add-checkpoint request. */
export function formatWitnessRequest(oldSize: number, proof: readonly string[], note: string): string {
  return `old ${oldSize}\n${proof.map((hash) => `${hash}\n`).join('')}\n${note}`;
}

function hashOf(line: string): Uint8Array {
  const hash = fromBase64(line);
  if (hash.length !== 32) throw invalid('proof line');
  return hash;
}

function invalid(message: string, cause?: unknown): EvidenceLogError {
  return new EvidenceLogError('WITNESS_REQUEST_INVALID', { message, cause });
}
