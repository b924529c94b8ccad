import { fromHex } from '@medseal/evidence';
import { type LedgerPort, ledgerFailure } from './ports.ts';
import type { TreeHead } from './types.ts';

/** The latest anchored checkpoint by the ledger itself (our projection may be behind); undefined when there is none. */
export async function latestOnLedger(
  ledger: LedgerPort,
  organizationId: string,
): Promise<TreeHead | undefined> {
  try {
    const { treeSize, rootHash } = JSON.parse(await ledger.evaluate('anchor', 'latest', [organizationId]));
    return { treeSize: Number(treeSize), rootHash: fromHex(String(rootHash)) };
  } catch (error) {
    const failure = ledgerFailure(error);
    if (failure.kind === 'refused' && failure.code === 'ANCHOR_ABSENT') return undefined;
    throw error;
  }
}
