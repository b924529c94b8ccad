import type { KeyStore } from '../crypto/index.ts';
import type { Queryable } from '../lib/sql.ts';
import { holdActive } from './consent-store.ts';
import { consentToken } from './tokens.ts';
import type { DecisionReceipt } from './types.ts';

/**
 * Whether every consent that a permit rests on is still there, active, in the version decided upon. They are held until
 * the transaction ends: a revocation is acknowledged either before (then this is false) or after what is released here.
 */
export async function stillHolds(
  tx: Queryable,
  { permit, receipt }: { permit: boolean; receipt: Pick<DecisionReceipt, 'consents'> },
  keyStore: KeyStore,
): Promise<boolean> {
  if (!permit || receipt.consents.length === 0) return true;
  const asked = receipt.consents.map(({ id, version }) => ({ idToken: consentToken(keyStore, id), version }));
  return (await holdActive(tx, asked)) === asked.length;
}
