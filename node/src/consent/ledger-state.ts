import { equalBytes } from '@medseal/evidence';
import type { ConsentRow } from './consent-store.ts';
import type { LedgerState } from './types.ts';

/**
 * What the ledger says of a stored version. `pending`: nothing of it yet, the outbox is on it. Whatever contradicts what
 * is stored here (another commitment, another custodian, a newer version, a refusal) is a mismatch: somebody put back an
 * old database, or wrote to one of the two.
 */
export function ledgerState(row: ConsentRow, { tenant }: { tenant: string }): LedgerState {
  const { ledger_version: seen, ledger_status: status, ledger_commitment: commitment } = row;
  if (status === 'inactive') return 'inactive';
  if (row.outbox_state === 'refused') return 'mismatch';
  if (seen === null || commitment === null) return 'pending';
  if (row.ledger_organization_id !== tenant || seen > row.version) return 'mismatch';
  if (seen < row.version) return 'pending';
  return equalBytes(commitment, row.commitment) ? 'active' : 'mismatch';
}
