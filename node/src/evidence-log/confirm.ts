import { splitCompositeKey } from '@medseal/chaincode/rules';
import { fromHex } from '@medseal/evidence';
import type { Queryable } from '../lib/sql.ts';
import { saveAnchor, saveConfirmation } from './checkpoint-store.ts';
import { EvidenceLogError } from './errors.ts';
import type { LedgerTransaction } from './ports.ts';
import type { AnchoredCheckpoint } from './types.ts';
import { holdAnchor } from './witness-anchor.ts';

const chaincode = 'medseal';
const valid = 0;

/**
 * Projects the checkpoints that one transaction of a verified block anchored: every member's, so that a partner's
 * proof, and what a partner showed us as its witness, can be held against our own view. Runs in the block listener's SQL transaction; repeating it changes nothing.
 */
export async function projectAnchors(
  tx: Queryable,
  transaction: LedgerTransaction,
  { organizationId, confirmedAt }: { organizationId: string; confirmedAt: string },
): Promise<void> {
  if (transaction.validationCode !== valid) return;
  for (const { namespace, key, value, isDelete } of transaction.writes) {
    if (namespace !== chaincode || isDelete || splitCompositeKey(key)?.type !== 'checkpoint') continue;
    const anchor = parseAnchor(value, transaction);
    await saveAnchor(tx, anchor);
    if (anchor.organizationId === organizationId) await saveConfirmation(tx, anchor.treeSize, confirmedAt);
    else await holdAnchor(tx, anchor, confirmedAt);
  }
}

// The chaincode wrote it and the organisations endorsed it; anything else is a version this node does not know.
function parseAnchor(value: Uint8Array, { txId, blockNumber }: LedgerTransaction): AnchoredCheckpoint {
  try {
    const { organizationId, treeSize, rootHash, note } = JSON.parse(new TextDecoder().decode(value));
    if (typeof organizationId !== 'string' || typeof note !== 'string' || !Number.isSafeInteger(treeSize))
      throw new TypeError('fields');
    return {
      organizationId,
      treeSize,
      rootHash: fromHex(rootHash),
      note,
      txId,
      blockNumber: Number(blockNumber),
    };
  } catch (cause) {
    throw new EvidenceLogError('EVIDENCE_ANCHOR_INVALID', { cause });
  }
}
