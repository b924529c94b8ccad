import { destroyKey } from '../crypto/index.ts';
import type { PatientId } from '../lib/brand.ts';
import { auditEntry } from './audit-entry.ts';
import { RecordsError } from './errors.ts';
import { deleteOwner } from './store.ts';
import { ownerToken } from './tokens.ts';
import type { Caller, RecordsDeps } from './types.ts';

/**
 * Erases a patient: the key is destroyed, and with it everything that was ever sealed under it, in this database, its
 * replicas and whatever is backed up from now on. Copies from before hold the wrapped key (docs/security-model.md).
 * Rows and look-up tokens are removed. The leaves in the log stay: they prove that something was there and say nothing
 * of what it was, because their salts died with the key.
 */
export async function destroyPatient(
  patientId: PatientId,
  { caller, deps }: { caller: Caller; deps: RecordsDeps },
): Promise<void> {
  const at = deps.clock.now();
  const decision = await deps.consent.decide({
    actor: caller.actor,
    patient: patientId,
    purpose: caller.purpose,
    action: 'erase',
    types: 'all',
    requestedAt: at.toISOString(),
  });
  const act = { interaction: 'erase' as const, at: at.toISOString(), patientId, decision };
  const isErased =
    decision.permit &&
    (await deps.db.transaction(async (tx) => {
      const token = ownerToken(deps.keyStore, patientId);
      if (!(await destroyKey(tx, token, at))) return false;
      await deleteOwner(tx, token);
      for (const forget of deps.forget) await forget(tx, patientId);
      await deps.access.record(tx, [auditEntry(caller, { ...act, outcome: 'success' })]);
      return true;
    }));
  if (isErased) {
    deps.opened.forget(patientId);
    return;
  }
  await deps.access.write(auditEntry(caller, { ...act, outcome: 'denied' }));
  throw new RecordsError('RECORDS_NOT_FOUND');
}
