import type { PatientId } from '../lib/brand.ts';
import { IdentityError } from './errors.ts';
import { forgetPatient, type PatientDeps } from './patient-identity.ts';
import type { Staff } from './types.ts';

/**
 * Shuts a patient's devices out, e.g. after one was lost: passkeys, sessions and open enrolment codes end with the
 * commit. The patient enrols anew at the desk (ASVS 5.0 §6.4.4).
 */
export async function removePasskeys(
  { patientId, staff }: { patientId: PatientId; staff: Staff },
  { db, keys, clock, access, patients }: PatientDeps,
): Promise<{ removed: number }> {
  return db.transaction(async (tx) => {
    if (!(await patients.exists(tx, patientId))) throw new IdentityError('IDENTITY_PATIENT_UNKNOWN');
    const removed = await forgetPatient(tx, patientId, keys);
    const entry = { interaction: 'unenrol', outcome: 'success', actor: staff, patientId } as const;
    await access.record(tx, [{ ...entry, at: clock.now().toISOString() }]);
    return { removed };
  });
}
