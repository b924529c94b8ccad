import {
  type Checkpoint,
  fromHex,
  hex,
  openNote,
  parseCheckpoint,
  parseVerifierKey,
  verifyConsistency,
} from '@medseal/evidence';
import { ContractError } from '../errors.ts';
import { logOrigin } from './keys.ts';

/** A member's checkpoint as the ledger holds it. `rootHash` is lower-case hex, `note` the signed note as it came. */
export type LedgerAnchor = {
  organizationId: string;
  origin: string;
  treeSize: number;
  rootHash: string;
  note: string;
};

/** Parses a signed checkpoint and checks that `organizationId` wrote it about its own log. */
export function openAnchor(note: string, organizationId: string, logKey: string): LedgerAnchor {
  const text = note.slice(0, note.lastIndexOf('\n\n') + 1);
  const checkpoint = parseText(text);
  const origin = logOrigin(organizationId);
  if (checkpoint.origin !== origin)
    throw new ContractError('ANCHOR_ORIGIN', `the log of the caller is ${origin}`);
  if (signedText(note, logKey) !== text)
    throw new ContractError('ANCHOR_SIGNER', 'the note carries no valid signature of the registered log key');
  if (checkpoint.treeSize < 1) throw new ContractError('ANCHOR_INVALID', 'an empty log is not anchored');
  return { organizationId, origin, treeSize: checkpoint.treeSize, rootHash: hex(checkpoint.rootHash), note };
}

function parseText(text: string): Checkpoint {
  try {
    return parseCheckpoint(text);
  } catch {
    throw new ContractError('ANCHOR_INVALID', 'the note is not a signed C2SP checkpoint');
  }
}

function signedText(note: string, logKey: string): string | undefined {
  try {
    return openNote(note, [parseVerifierKey(logKey)]).text;
  } catch {
    return undefined;
  }
}

/** What the ledger holds on the log already. */
export type AnchorRequest = {
  next: LedgerAnchor;
  latest: LedgerAnchor | undefined;
  /** The checkpoint already anchored at the size of `next`. */
  atSize: LedgerAnchor | undefined;
  oldSize: number;
  /** Hex hashes, RFC 9162 §2.1.4.1. */
  proof: readonly string[];
};

/**
 * The anchor after `anchor:append`: the stored one if it is there already, else `next`, which must contain the log
 * of the latest anchor unchanged (RFC 9162 §2.1.4.2).
 */
export function appendAnchor({ next, latest, atSize, oldSize, proof }: AnchorRequest): LedgerAnchor {
  if (atSize !== undefined) return sameRoot(next, atSize);
  const latestSize = latest?.treeSize ?? 0;
  if (next.treeSize < latestSize)
    throw new ContractError('ANCHOR_REGRESS', `the log already reached size ${latestSize}`);
  if (oldSize !== latestSize)
    throw new ContractError('ANCHOR_STALE', `the latest anchored size is ${latestSize}`);
  if (latest === undefined) {
    if (proof.length > 0)
      throw new ContractError('ANCHOR_INVALID', 'the first checkpoint takes an empty proof');
    return next;
  }
  const consistent = verifyConsistency({
    oldSize,
    oldRoot: fromHex(latest.rootHash),
    newSize: next.treeSize,
    newRoot: fromHex(next.rootHash),
    proof: proof.map(fromHex),
  });
  if (!consistent)
    throw new ContractError(
      'ANCHOR_FORK',
      `the proof does not lead from size ${oldSize} to ${next.treeSize}`,
    );
  return next;
}

function sameRoot(next: LedgerAnchor, stored: LedgerAnchor): LedgerAnchor {
  if (next.rootHash !== stored.rootHash)
    throw new ContractError('ANCHOR_FORK', `another root is anchored at size ${stored.treeSize}`);
  return stored;
}
