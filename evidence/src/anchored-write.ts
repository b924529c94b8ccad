import { fromUtf8, hex } from './bytes.ts';
import type { Checkpoint } from './checkpoint.ts';
import { refusal } from './errors.ts';
import type { Transaction } from './fabric-transaction.ts';
import { parseStrictJson } from './strict-json.ts';
import { hasExactly } from './strict-shape.ts';

/** Where a member's checkpoint of one size lies on the ledger (docs/formats/chaincode.md, "Ledger keys"). */
export function checkpointKey(organizationId: string, treeSize: number): string {
  return `\u0000checkpoint\u0000${organizationId}\u0000${String(treeSize).padStart(16, '0')}\u0000`;
}

/** Where a member's latest checkpoint lies on the ledger. */
export function anchorKey(organizationId: string): string {
  return `\u0000anchor\u0000${organizationId}\u0000`;
}

/**
 * Checks that the transaction wrote `checkpoint` under its organisation and size. Only the write set counts: events
 * and responses are not what ends up in the ledger's state.
 */
export function requireAnchoredCheckpoint(
  transaction: Transaction,
  { organizationId, checkpoint }: { organizationId: string; checkpoint: Checkpoint },
): void {
  const key = checkpointKey(organizationId, checkpoint.treeSize);
  const [write, ...others] = transaction.writes.filter(
    (entry) => entry.namespace === transaction.chaincode.name && entry.key === key,
  );
  // Of two writes under one key the last would take effect; no peer's simulation gives two.
  if (write === undefined || write.isDelete || others.length > 0)
    throw refusal('ANCHOR_WRITE_ABSENT', 'no checkpoint of this size was written');
  const state = parseStrictJson(fromUtf8(write.value));
  const same =
    hasExactly(state, ['organizationId', 'origin', 'treeSize', 'rootHash', 'note']) &&
    state['organizationId'] === organizationId &&
    state['origin'] === checkpoint.origin &&
    state['treeSize'] === checkpoint.treeSize &&
    state['rootHash'] === hex(checkpoint.rootHash);
  if (!same) throw refusal('ANCHOR_MISMATCH', 'another checkpoint was written');
}
