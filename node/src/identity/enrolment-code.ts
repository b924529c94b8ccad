import type { KeyStore } from '../crypto/index.ts';
import type { PatientId } from '../lib/brand.ts';
import { newSecret } from '../lib/ids.ts';
import { IdentityError } from './errors.ts';
import { type PatientDeps, sealPatient } from './patient-identity.ts';
import type { Staff } from './types.ts';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const codeLength = 12;
const lifetimeMilliseconds = 15 * 60_000;

/**
 * Issues the one-time code with which a patient, at the desk, binds a passkey: 60 random bits, 15 minutes, only its
 * keyed hash is kept. A new code replaces the patient's earlier one.
 */
export async function issueEnrolmentCode(
  { patientId, staff }: { patientId: PatientId; staff: Staff },
  deps: PatientDeps,
): Promise<{ code: string; expiresAt: string }> {
  const code = newCode();
  const at = deps.clock.now();
  const expiresAt = new Date(at.getTime() + lifetimeMilliseconds).toISOString();
  const patient = sealPatient(deps.keys, patientId);
  await deps.db.transaction(async (tx) => {
    if (!(await deps.patients.exists(tx, patientId))) throw new IdentityError('IDENTITY_PATIENT_UNKNOWN');
    await tx.query('delete from enrolment_code where expires_at <= $1', [at]);
    await tx.query(
      `insert into enrolment_code (code_token, patient_token, patient_sealed, issued_by, expires_at)
       values ($1, $2, $3, $4, $5)
       on conflict (patient_token) do update set code_token = excluded.code_token, challenge = null,
         patient_sealed = excluded.patient_sealed, issued_by = excluded.issued_by, expires_at = excluded.expires_at`,
      [codeToken(deps.keys, code), patient.patient_token, patient.patient_sealed, staff.staffId, expiresAt],
    );
    const entry = { interaction: 'enrol', outcome: 'success', actor: staff, patientId } as const;
    await deps.access.record(tx, [{ ...entry, at: at.toISOString() }]);
  });
  return { code, expiresAt };
}

/** The keyed hash under which a code is kept; forgiving about case, dashes and the letters people misread. */
export function codeToken(keys: KeyStore, code: string): Uint8Array {
  const normalised = code
    .toUpperCase()
    .replaceAll(/[\s-]/g, '')
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1');
  return keys.token('enrolment-code', normalised);
}

/** Crockford base 32 in groups of four, as it is read out and typed. */
function newCode(): string {
  const symbols = Array.from(newSecret(codeLength), (byte) => alphabet[byte % 32]).join('');
  return symbols.replaceAll(/(.{4})(?=.)/g, '$1-');
}
